import { Buffer } from 'node:buffer';
import type { AwsCredentials } from '../aws/credentials.ts';
import { presignedS3Url, s3Signature } from '../aws/signature.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { uploadTooLarge } from '../errors/too-large.ts';
import { isUploadId } from '../uploads/upload-id.ts';
import type { PlannedUpload, UploadedBody, UploadStore, UploadTicket } from '../uploads/upload-store.ts';

/** Where uploads lie and who reads them. */
export interface UploadBucket {
  readonly bucket: string;
  readonly region: string;
  readonly credentials: AwsCredentials;
  /** Another S3 than the region's, by its base URL; the bucket is then the first part of the path. */
  readonly endpoint?: string | undefined;
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
 * expiry are the bucket's. Signed here, because the SDK's client is larger than the whole gateway.
 */
export class S3Uploads implements UploadStore {
  readonly #place: UploadBucket;

  constructor(place: UploadBucket) {
    this.#place = place;
  }

  prepare(upload: PlannedUpload): UploadTicket {
    const { region, credentials } = this.#place;
    const headers = {
      'content-type': upload.contentType,
      ...(upload.bytes !== undefined && { 'content-length': String(upload.bytes) }),
    };
    const request = {
      url: this.#url(upload),
      method: 'PUT',
      headers,
      region,
      atMs: upload.atMs,
      validSeconds: upload.validSeconds,
    } as const;
    return { url: presignedS3Url(request, credentials).href, headers };
  }

  async read(
    upload: Pick<PlannedUpload, 'id' | 'keyId'>,
    limits: { readonly maxBytes: number; readonly signal: AbortSignal },
  ): Promise<UploadedBody | undefined> {
    const url = this.#url(upload);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#get(url, limits);
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
    url: URL,
    { maxBytes, signal }: { readonly maxBytes: number; readonly signal: AbortSignal },
  ): Promise<UploadedBody | undefined> {
    const { region, credentials, timeoutMs = defaultTimeoutMs } = this.#place;
    const { host: _host, ...headers } = s3Signature({ method: 'GET', url, body: '', region, atMs: Date.now() }, credentials);
    const response = await fetch(url, { headers, signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) });
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

  #url({ id, keyId }: Pick<PlannedUpload, 'id' | 'keyId'>): URL {
    if (!isUploadId(id)) throw new RangeError('an upload whose id is none of ours');
    const { bucket, region, endpoint } = this.#place;
    const base = endpoint === undefined ? `https://${bucket}.s3.${region}.amazonaws.com` : `${endpoint.replace(/\/+$/, '')}/${bucket}`;
    return new URL(`${base}/uploads/${keyId}/${id}`);
  }
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
