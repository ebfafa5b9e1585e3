import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Payload, type PayloadStore, payloadSchema } from '../telemetry/payload.ts';
import { isPayloadId, payloadId } from './payload-id.ts';
import { type S3Bucket, S3Objects } from './s3-objects.ts';

/** Payloads in S3, one object each under `payloads/`; encryption and expiry are the bucket's. */
export class S3Payloads implements PayloadStore {
  readonly #objects: S3Objects;

  constructor(bucket: S3Bucket) {
    this.#objects = new S3Objects(bucket);
  }

  async put(payload: Payload): Promise<void> {
    await this.#objects.put(`payloads/${payloadId(payload.id)}.json`, JSON.stringify(payload), 'application/json');
  }

  async get(id: string): Promise<Payload | undefined> {
    const text = isPayloadId(id) ? await this.#objects.get(`payloads/${id}.json`) : undefined;
    return text === undefined ? undefined : payloadSchema.parse(JSON.parse(text));
  }
}

/** Payloads as files that only their owner reads, for a laptop. */
export class FolderPayloads implements PayloadStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async put(payload: Payload): Promise<void> {
    const path = join(this.#folder, `${payloadId(payload.id)}.json`);
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await writeFile(path, JSON.stringify(payload), { mode: 0o600 });
  }

  async get(id: string): Promise<Payload | undefined> {
    if (!isPayloadId(id)) return undefined;
    const text = await readFile(join(this.#folder, `${id}.json`), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    return text === undefined ? undefined : payloadSchema.parse(JSON.parse(text));
  }
}
