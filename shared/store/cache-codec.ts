import { createHash, randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompressSync, brotliDecompressSync, constants, zstdCompress, zstdDecompress, zstdDecompressSync } from 'node:zlib';
import type { KeptSize } from '../cache/answer-store.ts';
import type { DynamoDb, DynamoItem, DynamoKey } from './dynamo-client.ts';

/**
 * Measured at the sizes of answers: up to 64 KB Brotli at quality 5 is the smallest by a tenth (each KB is a write unit)
 * and the quickest to read; past that Zstandard packs five times and unpacks twice as fast for a tenth more bytes.
 */
const largestBrotliBytes = 64 * 1024;
/** Work on less than this is not worth a thread. */
const smallestThreadedBytes = 64 * 1024;

/** An item holds 400 KB; what is past this is split over items of its own. */
const largestInlineBytes = 350 * 1024;

const brotliOptions = { params: { [constants.BROTLI_PARAM_QUALITY]: 5, [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT } };
const zstdOptions = { params: { [constants.ZSTD_c_compressionLevel]: 3 } };

/** What the head of a text says of it; the text itself is in `data`, or in as many parts under `version`. */
export interface PackedHead {
  readonly version: string;
  readonly encoding: 'br' | 'zstd';
  readonly parts: number;
  readonly checksum: string;
  readonly bytes: number;
  readonly data?: Uint8Array;
}

/**
 * Compresses a text and writes the parts that do not fit its head. Parts stand under a version of their own and are
 * written first, so that a reader of the head, which comes last, finds all of them or, by count and checksum, nothing.
 * @param expiresAt seconds since the epoch.
 */
export async function pack(
  text: string,
  place: { readonly db: Pick<DynamoDb, 'batchPut'>; readonly table: string; readonly expiresAt: number },
): Promise<{ readonly head: PackedHead; readonly size: KeptSize }> {
  const raw = Buffer.from(text, 'utf8');
  const encoding = raw.length <= largestBrotliBytes ? 'br' : 'zstd';
  const packed = encoding === 'br' ? brotliCompressSync(raw, brotliOptions) : await promisify(zstdCompress)(raw, zstdOptions);
  const head = {
    version: randomUUID(),
    encoding,
    checksum: checksumOf(packed),
    bytes: raw.length,
  } as const;
  const size = { bytes: raw.length, storedBytes: packed.length };
  if (packed.length <= largestInlineBytes) return { head: { ...head, parts: 0, data: packed }, size };
  const items: DynamoItem[] = [];
  for (let start = 0; start < packed.length; start += largestInlineBytes) {
    const key = partKey(head.version, items.length);
    items.push({ ...key, data: packed.subarray(start, start + largestInlineBytes), expiresAt: place.expiresAt });
  }
  await place.db.batchPut(place.table, items);
  return { head: { ...head, parts: items.length }, size };
}

/** The text behind a head; undefined where any of it is missing or not what was written. */
export async function unpack(
  head: PackedHead,
  place: { readonly db: Pick<DynamoDb, 'batchGet'>; readonly table: string },
): Promise<string | undefined> {
  const packed = head.parts === 0 ? head.data : await readParts(head, place);
  if (packed === undefined || checksumOf(packed) !== head.checksum) return undefined;
  return (await unpacked(packed, head)).toString('utf8');
}

async function unpacked(packed: Uint8Array, head: PackedHead): Promise<Buffer> {
  if (head.encoding === 'br') return brotliDecompressSync(packed);
  return head.bytes < smallestThreadedBytes ? zstdDecompressSync(packed) : await promisify(zstdDecompress)(packed);
}

async function readParts(
  head: PackedHead,
  place: { readonly db: Pick<DynamoDb, 'batchGet'>; readonly table: string },
): Promise<Uint8Array | undefined> {
  const keys = Array.from({ length: head.parts }, (_, index) => partKey(head.version, index));
  const items = await place.db.batchGet(place.table, keys, true);
  const data = new Map(items.map(({ sk, data: bytes }) => [sk, bytes]));
  const parts = keys.map(({ sk }) => data.get(sk)).filter((part) => part instanceof Uint8Array);
  return parts.length === head.parts ? Buffer.concat(parts) : undefined;
}

/** The keys of all parts of a text, for removing them. */
export function partKeys(head: Pick<PackedHead, 'version' | 'parts'>): DynamoKey[] {
  return Array.from({ length: head.parts }, (_, index) => partKey(head.version, index));
}

function partKey(version: string, index: number): DynamoKey {
  return { pk: `PART#${version}`, sk: String(index).padStart(4, '0') };
}

function checksumOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64url');
}
