import { GatewayError } from '../errors/gateway-error.ts';
import { requestTooLarge } from '../errors/too-large.ts';
import { describeError, type Log } from '../telemetry/log.ts';
import { checkUploadId } from '../uploads/upload-id.ts';
import type { UploadStore } from '../uploads/upload-store.ts';
import { type Exchange, type GatewayMiddleware, known } from './exchange.ts';

/** Names the upload that takes the place of a request's body. */
export const bodyHeader = 'x-sluice-body';

/** Bodies larger than this do not fit a Lambda invocation (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html). */
const maxBodyBytes = 6 * 1024 * 1024;

/** Uploads, as far as the data plane takes them. */
export interface UploadParts {
  /** Undefined where no place for them is deployed. */
  readonly uploads: { readonly maxBytes: number; store(): Promise<UploadStore> } | undefined;
  readonly log: Log;
}

/**
 * Puts the upload that `x-sluice-body` names in the place of the request's body, content type included, so that whatever
 * comes after sees one request like any other.
 */
export function uploadedBody(options: { readonly parts: () => Promise<UploadParts>; readonly nowMs: () => number }): GatewayMiddleware {
  return {
    before: async function uploadedBodyBefore(request): Promise<undefined> {
      const { exchange } = request.context;
      const { kind } = known(exchange.endpoint, 'endpoint');
      if (kind !== 'call' && kind !== 'count-tokens' && kind !== 'pass-through') return;
      const id = exchange.http.headers[bodyHeader]?.trim();
      if (id !== undefined && id !== '') await takeUpload(exchange, id, await options.parts(), options.nowMs);
      else if (exchange.http.body.length > maxBodyBytes) throw requestTooLarge((await options.parts()).uploads !== undefined);
    },
  };
}

async function takeUpload(exchange: Exchange, id: string, { uploads, log }: UploadParts, nowMs: () => number): Promise<void> {
  const { http, clientGone, deadlineAtMs, requestId } = exchange;
  if (uploads === undefined) {
    throw new GatewayError('invalid_request', `${bodyHeader} is not taken: this gateway is deployed without uploads.`, {
      param: bodyHeader,
    });
  }
  const begunAtMs = nowMs();
  checkUploadId(id, bodyHeader, begunAtMs);
  if (!isEmpty(http.body)) {
    throw new GatewayError(
      'invalid_request',
      `The request has both a body and ${bodyHeader}. Send {} or nothing for its body, or leave the header out.`,
      {
        param: bodyHeader,
      },
    );
  }
  const deadline = AbortSignal.timeout(Math.max(1, Math.ceil(deadlineAtMs - begunAtMs)));
  const limits = { maxBytes: uploads.maxBytes, signal: AbortSignal.any([clientGone, deadline]) };
  const store = await uploads.store();
  const uploaded = await store.read({ id, keyId: known(exchange.principal, 'principal').key.id }, limits).catch((error: unknown) => {
    if (error instanceof GatewayError && error.cause !== undefined) {
      log.write('error', 'upload not read', { request_id: requestId, cause: describeError(error.cause) });
    }
    throw error;
  });
  exchange.timings.body = nowMs() - begunAtMs;
  if (uploaded === undefined) {
    throw new GatewayError(
      'not_found',
      'Nothing was uploaded under this id with this key, or it has expired. PUT the body to the url that POST /v1/uploads answered, then name its id.',
      { param: bodyHeader },
    );
  }
  exchange.http = { ...http, body: uploaded.body, headers: { ...http.headers, 'content-type': uploaded.contentType } };
}

/** Clients cannot help sending a body with a POST; an empty object says as little as none. */
function isEmpty(body: Exchange['http']['body']): boolean {
  return body.length <= 64 && /^\s*(\{\s*\}\s*)?$/.test(body.toString());
}
