import { GatewayError } from '../errors/gateway-error.ts';
import { requestTooLarge } from '../errors/too-large.ts';
import { type Exchange, type GatewayMiddleware, known } from './exchange.ts';
import { inlineUploads } from './inline-uploads.ts';
import { readUpload, type UploadParts } from './read-upload.ts';

/** Names the upload that takes the place of a request's body. */
const bodyHeader = 'x-sluice-body';

/** Bodies larger than this do not fit a Lambda invocation (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html). */
const maxBodyBytes = 6 * 1024 * 1024;

/**
 * Puts uploads in the place of what names them: the one in `x-sluice-body` becomes the request's body, content type
 * included, those in the body become images, files and sound. Whatever comes after sees one request like any other.
 */
export function uploadedBody(options: { readonly parts: () => Promise<UploadParts>; readonly nowMs: () => number }): GatewayMiddleware {
  return {
    before: async function uploadedBodyBefore(request): Promise<undefined> {
      const { exchange } = request.context;
      const { kind, dialect } = known(exchange.endpoint, 'endpoint');
      if (kind !== 'call' && kind !== 'count-tokens' && kind !== 'pass-through') return;
      const id = exchange.http.headers[bodyHeader]?.trim();
      const parts = await options.parts();
      const begunAtMs = options.nowMs();
      const { http } = exchange;
      if (id !== undefined && id !== '') await takeBody(exchange, id, parts, options.nowMs);
      else if (http.body.length > maxBodyBytes) throw requestTooLarge(parts.uploads !== undefined);
      if (kind !== 'pass-through' && dialect.takesForm === undefined) await inlineUploads(exchange, parts, options.nowMs);
      if (exchange.http !== http) exchange.timings.body = options.nowMs() - begunAtMs;
    },
  };
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
