import { Buffer } from 'node:buffer';
import { abortFailure, networkFailure, type UpstreamResponse } from './http-client.ts';
import { UpstreamFailure } from './upstream-failure.ts';

interface ReadLimits {
  readonly idleMs: number;
  readonly host: string;
  readonly signal: AbortSignal;
}

/**
 * Reads a whole answer into memory, up to a bound.
 * @throws UpstreamFailure `cut` when it breaks off or is shorter than it said, `idle_timeout`, `malformed` when it is too large.
 */
export async function readBody(response: UpstreamResponse, limits: ReadLimits & { readonly maxBytes: number }): Promise<Buffer> {
  const { bytes, isWhole } = await readBeginning(response, limits);
  if (isWhole) return bytes;
  response.abort();
  throw new UpstreamFailure('malformed', `the answer of ${limits.host} is larger than ${limits.maxBytes} bytes`);
}

/**
 * Reads an answer until it is whole or larger than a bound; the rest then waits in the response's body, which is paused.
 * @throws UpstreamFailure `cut` when it breaks off or is shorter than it said, `idle_timeout`.
 */
export function readBeginning(
  response: UpstreamResponse,
  limits: ReadLimits & { readonly maxBytes: number },
): Promise<{ readonly bytes: Buffer; readonly isWhole: boolean }> {
  const { body } = response;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const idle = setTimeout(
      () => fail(new UpstreamFailure('idle_timeout', `${limits.host} sent nothing for ${limits.idleMs} ms`)),
      limits.idleMs,
    );
    const stop = (): void => {
      clearTimeout(idle);
      // What goes wrong from here on is for whoever reads on, and must not end the process before they listen.
      body.on('error', () => {});
      body.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose);
    };
    const fail = (failure: UpstreamFailure): void => {
      stop();
      response.abort();
      reject(limits.signal.aborted ? abortFailure(limits.signal) : failure);
    };
    const finish = (isWhole: boolean): void => {
      stop();
      resolve({ bytes: chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks), isWhole });
    };
    const onData = (chunk: Buffer): void => {
      idle.refresh();
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes <= limits.maxBytes) return;
      body.pause();
      finish(false);
    };
    const onEnd = (): void => finish(true);
    const onError = (error: Error): void => fail(networkFailure(error, limits.host));
    // Every answer closes; making an error with its stack for each would cost more than reading it.
    const onClose = (): void => fail(new UpstreamFailure('cut', `the answer of ${limits.host} broke off`));
    body.on('data', onData).on('end', onEnd).on('error', onError).on('close', onClose);
  });
}
