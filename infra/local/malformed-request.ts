import { Buffer } from 'node:buffer';
import { maxHeaderSize, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { errorHeaders, openAiErrorBody } from '../../shared/errors/error-response.ts';
import { GatewayError } from '../../shared/errors/gateway-error.ts';

/** Answers what never became a request, in the shape of every other error, and closes the connection. */
export function answerMalformed(cause: Error & { readonly code?: string }, socket: Duplex): void {
  if (cause.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const error = errorFor(cause.code);
  const body = JSON.stringify(openAiErrorBody(error));
  const headers = {
    ...errorHeaders(error),
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.end([`HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}`, ...lines, '', body].join('\r\n'));
}

function errorFor(code: string | undefined): GatewayError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return malformed(
        431,
        `The headers are larger than ${maxHeaderSize / 1024} KB. API Gateway takes 10 KB; what is longer belongs into the body.`,
      );
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return malformed(408, 'The request did not arrive in time. Send it again.');
    default:
      return malformed(400, 'This is not a whole HTTP/1.1 request. Is the client speaking TLS (https) to this address? It takes http.');
  }
}

function malformed(status: number, message: string): GatewayError {
  return new GatewayError('invalid_request', message, { status });
}
