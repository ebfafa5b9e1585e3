import { createHmac, timingSafeEqual } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { uploadTooLarge } from '../errors/too-large.ts';
import { isUploadId, uploadLifeMs } from '../uploads/upload-id.ts';
import type { PlannedUpload, UploadedBody, UploadStore, UploadTicket } from '../uploads/upload-store.ts';

/** Where uploads are taken: the beginning of every path of theirs. */
export const uploadPath = '/uploads/';

/** A `PUT` under a signed path, as the host received it. */
export interface ReceivedUpload {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly contentType: string;
  /** As its header says; undefined where it says nothing. */
  readonly contentLength: number | undefined;
  readonly body: Readable;
}

/**
 * Uploads as files that only their owner reads, for a laptop: `<folder>/<key>/<upload>` and its content type beside it. The
 * signature covers what S3's covers: path, end, content type, and length where the caller said it.
 */
export class FolderUploads implements UploadStore {
  readonly #folder: string;
  readonly #signingKey: string;

  constructor(folder: string, signingKey: string) {
    this.#folder = folder;
    this.#signingKey = signingKey;
  }

  prepare({ id, keyId, contentType, bytes, atMs, validSeconds, origin }: PlannedUpload): UploadTicket {
    const url = new URL(`${uploadPath}${keyId}/${id}`, origin);
    const endsAtMs = String(Math.floor(atMs) + validSeconds * 1_000);
    const length = bytes === undefined ? '' : String(bytes);
    url.searchParams.set('expires', endsAtMs);
    if (bytes !== undefined) url.searchParams.set('bytes', length);
    url.searchParams.set('signature', this.#signature([url.pathname, endsAtMs, contentType, length]).toString('hex'));
    return { url: url.href, headers: { 'content-type': contentType, ...(bytes !== undefined && { 'content-length': length }) } };
  }

  /** Takes an upload, and forgets those whose day is over. What it answers is why the upload is refused; undefined when it is kept. */
  async receive(upload: ReceivedUpload, nowMs: number): Promise<'signature' | 'expired' | 'length' | undefined> {
    const endsAtMs = upload.query.get('expires') ?? '';
    const length = upload.query.get('bytes') ?? '';
    const given = Buffer.from(upload.query.get('signature') ?? '', 'hex');
    const signature = this.#signature([upload.path, endsAtMs, upload.contentType, length]);
    if (given.length !== signature.length || !timingSafeEqual(given, signature)) return 'signature';
    if (Number(endsAtMs) <= nowMs) return 'expired';
    if (length !== '' && upload.contentLength !== Number(length)) return 'length';
    const [keyId = '', id = ''] = upload.path.slice(uploadPath.length).split('/');
    await this.#keep(this.#path({ keyId, id }), upload);
    await this.#forget(nowMs);
    return undefined;
  }

  async read(upload: Pick<PlannedUpload, 'id' | 'keyId'>, { maxBytes }: { readonly maxBytes: number }): Promise<UploadedBody | undefined> {
    const path = this.#path(upload);
    const found = await stat(path).catch(absent);
    if (found === undefined) return undefined;
    if (found.size > maxBytes) throw uploadTooLarge(maxBytes, 'x-sluice-body');
    const [body, contentType] = await Promise.all([readFile(path), readFile(`${path}.type`, 'utf8')]);
    return { body, contentType };
  }

  /** A crash in between leaves no half a body under the name. */
  async #keep(path: string, upload: ReceivedUpload): Promise<void> {
    await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
    const partial = `${path}.${process.hrtime.bigint()}.part`;
    try {
      await pipeline(upload.body, createWriteStream(partial, { mode: 0o600 }));
      await writeFile(`${path}.type`, upload.contentType, { mode: 0o600 });
      await rename(partial, path);
    } catch (error) {
      await rm(partial, { force: true });
      throw error;
    }
  }

  async #forget(nowMs: number): Promise<void> {
    for (const entry of await readdir(this.#folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const file = await stat(path).catch(absent);
      if (file !== undefined && file.mtimeMs + uploadLifeMs <= nowMs) await rm(path, { force: true });
    }
  }

  #signature(parts: readonly string[]): Buffer {
    return createHmac('sha256', this.#signingKey).update(JSON.stringify(parts)).digest();
  }

  #path({ id, keyId }: Pick<PlannedUpload, 'id' | 'keyId'>): string {
    if (!isUploadId(id) || !/^[\w-]+$/.test(keyId)) throw new RangeError('an upload whose id is none of ours');
    return join(this.#folder, keyId, id);
  }
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}
