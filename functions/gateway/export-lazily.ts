import type { CallExporter, ExportPorts } from './export-call.ts';

/** Sends calls by OTLP, for which nothing is loaded before the configuration asks for it. */
export function exportLazily(ports: ExportPorts): Pick<CallExporter, 'export'> {
  let loaded: Promise<CallExporter> | undefined;
  return {
    export: async (exchange, record, config) => {
      // Where nothing is configured, or nobody knows, nothing is sent.
      const live = exchange.config ?? (await config().catch(() => undefined));
      if (live?.settings.otlp === undefined) return;
      loaded ??= import('./export-call.ts').then((module) => new module.CallExporter(ports));
      await (await loaded).export(exchange, record, config);
    },
  };
}
