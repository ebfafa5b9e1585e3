import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AwsCredentials } from '../aws/credentials.ts';
import { s3Signature } from '../aws/signature.ts';
import { type Payload, type PayloadStore, payloadSchema } from '../telemetry/payload.ts';

/** The names that ids of calls have; nothing else becomes a part of a path. */
const idForm = /^req_[0-9a-z]{10,40}$/;

/** S3 has so long to answer. */
const timeoutMs = 5_000;

export interface PayloadBucket {
  readonly bucket: string;
  readonly region: string;
  readonly credentials: AwsCredentials;
}

/**
 * Payloads in S3, one object each under `payloads/`; encryption and expiry are the bucket's. Two requests of S3's API,
 * signed here, because the SDK's client is larger than the whole gateway.
 */
export class S3Payloads implements PayloadStore {
  readonly #bucket: PayloadBucket;

  constructor(bucket: PayloadBucket) {
    this.#bucket = bucket;
  }

  async put(payload: Payload): Promise<void> {
    const response = await this.#send('PUT', payload.id, JSON.stringify(payload));
    await response.body?.cancel();
    if (!response.ok) throw new Error(`S3 answered ${response.status} to a payload`);
  }

  async get(id: string): Promise<Payload | undefined> {
    const response = await this.#send('GET', id, '');
    if (response.ok) return payloadSchema.parse(await response.json());
    await response.body?.cancel();
    // Without the right to list, S3 says 403 of what does not exist.
    if (response.status === 404 || response.status === 403) return undefined;
    throw new Error(`S3 answered ${response.status} when asked for a payload`);
  }

  async #send(method: 'GET' | 'PUT', id: string, body: string): Promise<Response> {
    if (!idForm.test(id)) throw new RangeError('a payload whose id is none of ours');
    const { bucket, region, credentials } = this.#bucket;
    const url = new URL(`https://${bucket}.s3.${region}.amazonaws.com/payloads/${id}.json`);
    const { host: _host, ...headers } = s3Signature({ method, url, body, region, atMs: Date.now() }, credentials);
    return await fetch(url, { method, headers, ...(method === 'PUT' && { body }), signal: AbortSignal.timeout(timeoutMs) });
  }
}

/** Payloads as files that only their owner reads, for a laptop. */
export class FolderPayloads implements PayloadStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async put(payload: Payload): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await writeFile(this.#path(payload.id), JSON.stringify(payload), { mode: 0o600 });
  }

  async get(id: string): Promise<Payload | undefined> {
    if (!idForm.test(id)) return undefined;
    const text = await readFile(this.#path(id), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    return text === undefined ? undefined : payloadSchema.parse(JSON.parse(text));
  }

  #path(id: string): string {
    if (!idForm.test(id)) throw new RangeError('a payload whose id is none of ours');
    return join(this.#folder, `${id}.json`);
  }
}
