import { Buffer } from 'node:buffer';
import { GatewayError } from '../errors/gateway-error.ts';
import { uploadTooLarge } from '../errors/too-large.ts';
import { isUploadId } from '../uploads/upload-id.ts';
import type { PlannedUpload, UploadedBody, UploadStore, UploadTicket } from '../uploads/upload-store.ts';
import { type S3Bucket, S3Objects } from './s3-objects.ts';

/** Where uploads lie and who reads them. */
export interface UploadBucket extends S3Bucket {
  /** S3 has so long for one attempt at the whole body, in milliseconds. */
  readonly timeoutMs?: number;
}

/** S3 reads 25 MB to a function of its region in half a second. */
const defaultTimeoutMs = 10_000;
const attempts = 2;

/** What S3 says of an object that does not exist; without the right to list, it does not admit more than `AccessDenied`. */
const missingCodes = /<Code>(NoSuchKey|AccessDenied)<\/Code>/;

/** What went wrong at S3, for the log. */
class S3Failure extends Error {
  override readonly name = 'S3Failure';
}

/**
 * Uploads in S3, one object each under the id of its key, so that no key reaches the uploads of another; encryption and
 * expiry are the bucket's.
 */
export class S3Uploads implements UploadStore {
  readonly #objects: S3Objects;
  readonly #timeoutMs: number;

  constructor({ timeoutMs = defaultTimeoutMs, ...bucket }: UploadBucket) {
    this.#objects = new S3Objects(bucket);
    this.#timeoutMs = timeoutMs;
  }

  prepare(upload: PlannedUpload): UploadTicket {
    const headers = {
      'content-type': upload.contentType,
      ...(upload.bytes !== undefined && { 'content-length': String(upload.bytes) }),
    };
    return { url: this.#objects.presignedPut(keyOf(upload), headers, upload), headers };
  }

  async read(
    upload: Pick<PlannedUpload, 'id' | 'keyId'>,
    limits: { readonly maxBytes: number; readonly signal: AbortSignal },
  ): Promise<UploadedBody | undefined> {
    const key = keyOf(upload);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#get(key, limits);
      } catch (cause) {
        if (cause instanceof GatewayError) throw cause;
        if (attempt < attempts && !limits.signal.aborted) continue;
        throw new GatewayError('store_unavailable', 'The uploaded body cannot be read at this moment. Try again shortly.', {
          retryAfterMs: 1_000,
          cause,
        });
      }
    }
  }

  async #get(
    key: string,
    { maxBytes, signal }: { readonly maxBytes: number; readonly signal: AbortSignal },
  ): Promise<UploadedBody | undefined> {
    const response = await this.#objects.open(key, AbortSignal.any([signal, AbortSignal.timeout(this.#timeoutMs)]));
    if (!response.ok) {
      const told = await response.text();
      if ((response.status === 404 || response.status === 403) && missingCodes.test(told)) return undefined;
      throw new S3Failure(`S3 answered ${response.status} when asked for an upload`);
    }
    const tooLarge = Number(response.headers.get('content-length') ?? 0) > maxBytes;
    const body = tooLarge ? undefined : await readUpTo(response, maxBytes);
    if (body !== undefined) return { body, contentType: response.headers.get('content-type') ?? '' };
    await response.body?.cancel();
    throw uploadTooLarge(maxBytes, 'x-sluice-body');
  }
}

/** Under the id of its key: no other reads it. */
function keyOf({ id, keyId }: Pick<PlannedUpload, 'id' | 'keyId'>): string {
  if (!isUploadId(id)) throw new RangeError('an upload whose id is none of ours');
  return `uploads/${keyId}/${id}`;
}

/** The whole body, or undefined once it turns out to be larger. */
async function readUpTo(response: Response, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
