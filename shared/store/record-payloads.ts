import { createHash, createHmac } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Payload, type PayloadStore, payloadSchema } from '../telemetry/payload.ts';
import type { AwsCredentials } from './dynamo-signature.ts';

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
    const headers = s3Signature({ method, url, body, region, atMs: Date.now() }, credentials);
    return await fetch(url, { method, headers, ...(method === 'PUT' && { body }), signal: AbortSignal.timeout(timeoutMs) });
  }
}

interface S3Request {
  readonly method: string;
  readonly url: URL;
  readonly body: string;
  readonly region: string;
  readonly atMs: number;
}

/** AWS Signature Version 4 as S3 wants it, the hash of the body among the signed headers: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
export function s3Signature({ method, url, body, region, atMs }: S3Request, credentials: AwsCredentials): Record<string, string> {
  const amzDate = new Date(atMs).toISOString().replace(/[:-]|\.\d{3}/g, '');
  const scope = `${amzDate.slice(0, 8)}/${region}/s3/aws4_request`;
  const bodyHash = sha256(body);
  const signed: Record<string, string> = {
    host: url.host,
    'x-amz-content-sha256': bodyHash,
    'x-amz-date': amzDate,
    ...(credentials.sessionToken && { 'x-amz-security-token': credentials.sessionToken }),
  };
  const names = Object.keys(signed).join(';');
  const lines = Object.entries(signed).map(([name, value]) => `${name}:${value}\n`);
  const canonical = [method, url.pathname, '', lines.join(''), names, bodyHash].join('\n');
  let key: Buffer = Buffer.from(`AWS4${credentials.secretAccessKey}`);
  for (const part of [amzDate.slice(0, 8), region, 's3', 'aws4_request']) key = createHmac('sha256', key).update(part).digest();
  const signature = createHmac('sha256', key)
    .update(`AWS4-HMAC-SHA256\n${amzDate}\n${scope}\n${sha256(canonical)}`)
    .digest('hex');
  const { host: _host, ...headers } = signed;
  return {
    ...headers,
    authorization: `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
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
