import { GatewayError } from '../errors/gateway-error.ts';
import { describeError, type Log } from '../telemetry/log.ts';
import { checkUploadId } from '../uploads/upload-id.ts';
import type { UploadedBody, UploadStore } from '../uploads/upload-store.ts';
import { type Exchange, known } from './exchange.ts';

/** Uploads, as far as the data plane takes them. */
export interface UploadParts {
  /** Undefined where no place for them is deployed. */
  readonly uploads: { readonly maxBytes: number; store(): Promise<UploadStore> } | undefined;
  readonly log: Log;
}

/**
 * What the key of a request has uploaded.
 * @param param what the request names the upload by.
 * @throws GatewayError `invalid_request`, `not_found`, `request_too_large`, `store_unavailable`.
 */
export async function readUpload(
  exchange: Exchange,
  { id, param }: { readonly id: string; readonly param: string },
  { uploads, log }: UploadParts,
  nowMs: () => number,
): Promise<UploadedBody> {
  if (uploads === undefined) {
    throw new GatewayError('invalid_request', `${param} is not taken: this gateway is deployed without uploads.`, { param });
  }
  const begunAtMs = nowMs();
  checkUploadId(id, param, begunAtMs);
  const deadline = AbortSignal.timeout(Math.max(1, Math.ceil(exchange.deadlineAtMs - begunAtMs)));
  const limits = { maxBytes: uploads.maxBytes, signal: AbortSignal.any([exchange.clientGone, deadline]) };
  const store = await uploads.store();
  const uploaded = await store.read({ id, keyId: known(exchange.principal, 'principal').key.id }, limits).catch((error: unknown) => {
    if (error instanceof GatewayError && error.cause !== undefined) {
      log.write('error', 'upload not read', { request_id: exchange.requestId, cause: describeError(error.cause) });
    }
    throw error;
  });
  if (uploaded !== undefined) return uploaded;
  throw new GatewayError(
    'not_found',
    `Nothing was uploaded under ${id} with this key, or it has expired. PUT the content to the url that POST /v1/uploads answered, then name its id.`,
    { param },
  );
}
