import { request } from 'node:http';

/**
 * Stands for the native client of aws-lambda-ric, which posts the results of buffered handlers. Asking
 * for the next invocation and streaming go through the client's own HTTP code.
 */
export function done(requestId: string, body: string): void {
  post(`${requestId}/response`, body);
}

/** Posts a failure. */
export function error(requestId: string, body: string, _xRayBody: string): void {
  post(`${requestId}/error`, body);
}

function post(path: string, body: string): void {
  const url = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation/${path}`;
  request(url, { method: 'POST', agent: false }, (response) => response.resume()).end(body);
}
