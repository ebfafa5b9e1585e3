import type { AwsCredentials } from '../aws/credentials.ts';
import { presignedS3Url, s3Signature } from '../aws/signature.ts';

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
 * Objects of a bucket: requests of S3's API, signed here, because the SDK's client is larger than the whole gateway.
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

  /** S3's answer when asked for an object, whatever it is, for who reads it in a way of its own. @throws what `fetch` throws. */
  async open(key: string, signal: AbortSignal): Promise<Response> {
    return await this.#send('GET', key, '', {}, signal);
  }

  /** A URL under which anybody may put an object within `validSeconds`, with exactly these headers (lower-case names). */
  presignedPut(
    key: string,
    headers: Readonly<Record<string, string>>,
    when: { readonly atMs: number; readonly validSeconds: number },
  ): string {
    const { region, credentials } = this.#bucket;
    return presignedS3Url({ url: this.#urlOf(key), method: 'PUT', headers, region, ...when }, credentials).href;
  }

  #urlOf(key: string): URL {
    if (!/^[\w./=-]+$/.test(key)) throw new RangeError(`${JSON.stringify(key)} is no key of an object`);
    const { bucket, region, endpoint } = this.#bucket;
    return new URL(
      endpoint === undefined ? `https://${bucket}.s3.${region}.amazonaws.com/${key}` : `${endpoint.replace(/\/+$/, '')}/${bucket}/${key}`,
    );
  }

  async #send(
    method: 'GET' | 'PUT',
    key: string,
    body: string | Uint8Array<ArrayBuffer>,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal = AbortSignal.timeout(timeoutMs),
  ): Promise<Response> {
    const { region, credentials } = this.#bucket;
    const url = this.#urlOf(key);
    const { host: _host, ...signed } = s3Signature({ method, url, headers, body, region, atMs: Date.now() }, credentials);
    return await fetch(url, { method, headers: signed, ...(method === 'PUT' && { body }), signal });
  }
}
