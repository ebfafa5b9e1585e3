import type { AwsCredentials } from '../aws/credentials.ts';
import { s3Signature } from '../aws/signature.ts';

/** S3 has so long to answer. */
const timeoutMs = 10_000;

/** A bucket and who asks for it. */
export interface S3Bucket {
  readonly bucket: string;
  readonly region: string;
  readonly credentials: AwsCredentials;
  /** Another place than S3 of the region; the bucket is the first part of its path then. */
  readonly endpoint?: string | undefined;
}

/**
 * Objects of a bucket: two requests of S3's API, signed here, because the SDK's client is larger than the whole gateway.
 * Keys have letters, digits, `-`, `.`, `=`, `_` and `/` only.
 */
export class S3Objects {
  readonly #bucket: S3Bucket;

  constructor(bucket: S3Bucket) {
    this.#bucket = bucket;
  }

  /** Puts an object, over the one of the same key if there is one. @throws Error when S3 does not take it. */
  async put(key: string, body: string | Uint8Array<ArrayBuffer>, contentType: string): Promise<void> {
    const response = await this.#send('PUT', key, body, { 'content-type': contentType });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`S3 answered ${response.status} to an object put`);
  }

  /** An object's text; undefined where there is none. @throws Error when S3 fails. */
  async get(key: string): Promise<string | undefined> {
    const response = await this.#send('GET', key, '', {});
    if (response.ok) return await response.text();
    await response.body?.cancel();
    // Without the right to list, S3 says 403 of what does not exist.
    if (response.status === 404 || response.status === 403) return undefined;
    throw new Error(`S3 answered ${response.status} when asked for an object`);
  }

  async #send(
    method: 'GET' | 'PUT',
    key: string,
    body: string | Uint8Array<ArrayBuffer>,
    headers: Readonly<Record<string, string>>,
  ): Promise<Response> {
    if (!/^[\w./=-]+$/.test(key)) throw new RangeError(`${JSON.stringify(key)} is no key of an object`);
    const { bucket, region, credentials, endpoint } = this.#bucket;
    const url = new URL(endpoint === undefined ? `https://${bucket}.s3.${region}.amazonaws.com/${key}` : `${endpoint}/${bucket}/${key}`);
    const { host: _host, ...signed } = s3Signature({ method, url, headers, body, region, atMs: Date.now() }, credentials);
    return await fetch(url, { method, headers: signed, ...(method === 'PUT' && { body }), signal: AbortSignal.timeout(timeoutMs) });
  }
}
