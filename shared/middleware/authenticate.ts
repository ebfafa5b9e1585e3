import { checkKey, type Directory } from '../control/directory.ts';
import { hashKey } from '../control/key-secret.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { findEndpoint } from './endpoints.ts';
import type { GatewayMiddleware } from './exchange.ts';
import type { HttpRequest } from './http-request.ts';

/**
 * Finds out who calls. The path is looked at first: a path that does not exist says so to everybody, and liveness asks
 * for no key.
 */
export function authenticate(options: { readonly directory: Pick<Directory, 'find'>; readonly nowMs: () => number }): GatewayMiddleware {
  return {
    before: async function authenticateBefore(request): Promise<undefined> {
      const { exchange } = request.context;
      exchange.endpoint = await findEndpoint(exchange.http.method, exchange.http.path);
      if (exchange.endpoint.kind === 'health') return;
      const begunAtMs = options.nowMs();
      const principal = await options.directory.find(hashKey(readKey(exchange.http)));
      exchange.timings.auth = options.nowMs() - begunAtMs;
      if (principal === undefined) {
        throw new GatewayError('invalid_api_key', 'The API key is not valid here. It may have been revoked, or belong to another gateway.');
      }
      // Known before it is checked: a call with a disabled key is recorded as that key's.
      exchange.principal = principal;
      checkKey(principal, begunAtMs);
    },
  };
}

/**
 * The key from wherever the clients of each dialect put it: `Authorization: Bearer` (OpenAI), `x-api-key` (Anthropic),
 * `api-key` (Azure), `x-goog-api-key` or `?key=` (Gemini).
 */
function readKey(http: HttpRequest): string {
  const { headers, query } = http;
  const bearer = /^Bearer\s+(.+)$/i.exec(headers.authorization?.trim() ?? '')?.[1];
  const key = [bearer, headers['x-api-key'], headers['api-key'], headers['x-goog-api-key'], query.key].find(
    (value) => value !== undefined && value.trim() !== '',
  );
  if (key !== undefined) return key.trim();
  throw new GatewayError(
    'missing_api_key',
    "No API key was sent. Send a Sluice key as 'Authorization: Bearer sk-…', or in x-api-key, api-key or x-goog-api-key.",
  );
}
