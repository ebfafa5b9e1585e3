import { once } from '../../shared/middleware/once.ts';
import type { CallExporter, ExportPorts } from './export-call.ts';

/** Sends calls by OTLP, for which nothing is loaded before the configuration asks for it. */
export function exportLazily(ports: ExportPorts): Pick<CallExporter, 'export'> {
  const exporter = once(async () => new (await import('./export-call.ts')).CallExporter(ports));
  return {
    export: async (exchange, record, config) => {
      // Where nothing is configured, or nobody knows, nothing is sent.
      const live = exchange.config ?? (await config().catch(() => undefined));
      if (live?.settings.otlp === undefined) return;
      await (await exporter()).export(exchange, record, config);
    },
  };
}
