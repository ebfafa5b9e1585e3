import { errorHeaders, openAiErrorBody } from '../errors/error-response.ts';
import { type GatewayError, toGatewayError } from '../errors/gateway-error.ts';
import { describeError, type Log } from '../telemetry/log.ts';
import type { Exchange, GatewayMiddleware, GatewayResponse } from './exchange.ts';
import { safeHeaders } from './safe-headers.ts';

/**
 * The one place where an error becomes an HTTP answer: the caller's dialect, the status of the error's code. What is
 * not a `GatewayError` is logged whole and told as `internal_error`, so that nothing internal leaks.
 */
export function errors(options: { readonly log: Log }): GatewayMiddleware {
  return {
    onError: function errorsOnError(request): GatewayResponse {
      const error = toGatewayError(request.error);
      // Before the trace began there is no exchange; the answer must still be whole.
      const exchange: Exchange | undefined = request.context.exchange;
      if (error.code === 'internal_error') {
        options.log.write('error', 'internal error', { request_id: exchange?.requestId, ...describeError(error.cause ?? error) });
      }
      if (exchange !== undefined) {
        exchange.error = error;
        exchange.status = error.status;
      }
      return errorResponse(error, exchange);
    },
  };
}

function errorResponse(error: GatewayError, exchange: Exchange | undefined): GatewayResponse {
  const idHeader = exchange?.dialect.requestIdHeader;
  const body = exchange === undefined ? openAiErrorBody(error) : exchange.dialect.errorBody(error, exchange.requestId);
  return {
    statusCode: error.status,
    headers: safeHeaders({
      'content-type': 'application/json',
      'cache-control': 'no-store',
      ...exchange?.responseHeaders,
      ...(exchange !== undefined && idHeader !== undefined && { [idHeader]: exchange.requestId }),
      ...errorHeaders(error),
    }),
    body: JSON.stringify(body),
  };
}
