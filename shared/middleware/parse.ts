import { readCallOptions } from './call-options.ts';
import { type GatewayMiddleware, known } from './exchange.ts';
import { readJsonBody, refuseCompressed } from './http-request.ts';

/** Reads a call: the body by the dialect of the path, the caller's wishes to the gateway by its headers. */
export function parse(): GatewayMiddleware {
  return {
    before: async function parseBefore(request): Promise<undefined> {
      const { exchange } = request.context;
      const endpoint = known(exchange.endpoint, 'endpoint');
      if (endpoint.kind !== 'call' && endpoint.kind !== 'count-tokens') return;
      const { http } = exchange;
      exchange.options = readCallOptions(http.headers);
      refuseCompressed(http);
      // Few starts see a form.
      const readBody = endpoint.dialect.takesForm ? (await import('./form-request.ts')).readFormBody : readJsonBody;
      const { bytes, ...content } = readBody(http);
      const call = endpoint.dialect.parse({
        ...content,
        bodyBytes: bytes,
        headers: http.headers,
        query: http.query,
        path: endpoint.path,
      });
      exchange.call = exchange.options.strict ? { ...call, strict: true } : call;
      const { timeoutMs } = exchange.options;
      if (timeoutMs !== undefined) exchange.deadlineAtMs = Math.min(exchange.deadlineAtMs, exchange.startedAtMs + timeoutMs);
    },
  };
}
