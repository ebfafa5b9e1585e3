import { Buffer } from 'node:buffer';
import { abortFailure, networkFailure, type UpstreamResponse } from './http-client.ts';
import { UpstreamFailure } from './upstream-failure.ts';

/**
 * Reads a whole answer into memory, up to a bound.
 * @throws UpstreamFailure `cut` when it breaks off or is shorter than it said, `idle_timeout`, `malformed` when it is too large.
 */
export function readBody(
  response: UpstreamResponse,
  limits: { readonly maxBytes: number; readonly idleMs: number; readonly host: string; readonly signal: AbortSignal },
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const idle = setTimeout(
      () => fail(new UpstreamFailure('idle_timeout', `${limits.host} sent nothing for ${limits.idleMs} ms`)),
      limits.idleMs,
    );
    let ended = false;
    const fail = (failure: UpstreamFailure): void => {
      clearTimeout(idle);
      response.abort();
      reject(limits.signal.aborted ? abortFailure(limits.signal) : failure);
    };
    response.body.on('data', (chunk: Buffer) => {
      idle.refresh();
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes > limits.maxBytes)
        fail(new UpstreamFailure('malformed', `the answer of ${limits.host} is larger than ${limits.maxBytes} bytes`));
    });
    response.body.on('end', () => {
      ended = true;
      clearTimeout(idle);
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
    });
    response.body.on('error', (error) => fail(networkFailure(error, limits.host)));
    response.body.on('close', () => {
      // Every answer closes; making an error with its stack for each would cost more than reading it.
      if (!ended) fail(new UpstreamFailure('cut', `the answer of ${limits.host} broke off`));
    });
  });
}
