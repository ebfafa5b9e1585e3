import { GatewayError } from '../errors/gateway-error.ts';
import type { Exchange } from './exchange.ts';
import { inlineUploads } from './inline-uploads.ts';
import { readUpload, type UploadParts } from './read-upload.ts';

/** Names the upload that takes the place of a request's body. */
const bodyHeader = 'x-sluice-body';

/** Which uploads a request may name. */
export interface NamedUploads {
  /** In the place of its whole body. */
  readonly body: string | undefined;
  /** Inside its body. */
  readonly inside: boolean;
}

/** Reads what a request names and puts it in its place. */
export async function takeUploads(exchange: Exchange, named: NamedUploads, parts: UploadParts, nowMs: () => number): Promise<void> {
  const begunAtMs = nowMs();
  if (named.body !== undefined) await takeBody(exchange, named.body, parts, nowMs);
  if (named.inside) await inlineUploads(exchange, parts, nowMs);
  exchange.timings.body = nowMs() - begunAtMs;
}

async function takeBody(exchange: Exchange, id: string, parts: UploadParts, nowMs: () => number): Promise<void> {
  const { http } = exchange;
  if (!isEmpty(http.body)) {
    throw new GatewayError(
      'invalid_request',
      `The request has both a body and ${bodyHeader}. Send {} or nothing for its body, or leave the header out.`,
      { param: bodyHeader },
    );
  }
  const { body, contentType } = await readUpload(exchange, { id, param: bodyHeader }, parts, nowMs);
  exchange.http = { ...http, body, headers: { ...http.headers, 'content-type': contentType } };
}

/** Clients cannot help sending a body with a POST; an empty object says as little as none. */
function isEmpty(body: Exchange['http']['body']): boolean {
  return body.length <= 64 && /^\s*(\{\s*\}\s*)?$/.test(body.toString());
}
