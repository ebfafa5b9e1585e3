import { randomBytes } from 'node:crypto';
import type { Context } from 'aws-lambda';
import { sortableId } from '../control/sortable-id.ts';
import { dialectOfPath } from './endpoints.ts';
import type { GatewayMiddleware } from './exchange.ts';
import { readHttpRequest } from './http-request.ts';

/** What is kept of a function's time for settling after the deadline of a call, in milliseconds. */
const settleReserveMs = 3_000;

const neverGone = new AbortController().signal;

/**
 * Begins an exchange: gives the request its id, its deadline and its place in a distributed trace
 * (https://www.w3.org/TR/trace-context/).
 */
export function trace(options: { readonly nowMs: () => number }): GatewayMiddleware {
  return {
    before: async function traceBefore(request): Promise<undefined> {
      const startedAtMs = options.nowMs();
      const http = readHttpRequest(request.event);
      const requestId = sortableId('req_', Math.floor(startedAtMs), randomBytes);
      const remainingMs = request.context.getRemainingTimeInMillis?.() ?? 900_000;
      request.context.exchange = {
        requestId,
        startedAtMs,
        deadlineAtMs: startedAtMs + Math.max(1_000, remainingMs - settleReserveMs),
        http,
        dialect: await dialectOfPath(http.path, http.headers),
        traceparent: continueTrace(http.headers.traceparent),
        clientGone: clientGoneSignal(request.context),
        timings: {},
        attempts: [],
        responseHeaders: { 'x-sluice-request-id': requestId },
      };
    },
  };
}

/** Where the platform tells that the caller left, it puts a signal on the context; Lambda never does. */
function clientGoneSignal(context: Context): AbortSignal {
  return 'clientGone' in context && context.clientGone instanceof AbortSignal ? context.clientGone : neverGone;
}

/** The caller's trace with a new span of ours, or undefined where the caller has none. */
function continueTrace(header: string | undefined): string | undefined {
  const parts = /^00-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})$/.exec(header?.trim() ?? '');
  if (parts === null || /^0+$/.test(parts[1] ?? '')) return undefined;
  return `00-${parts[1]}-${randomBytes(8).toString('hex')}-${parts[2]}`;
}
