import { randomBytes } from 'node:crypto';
import type { IndexedVector, VectorStore } from '../cache/vector-index.ts';
import { type CacheTable, expiresAtOf } from './cache-items.ts';
import type { DynamoItem } from './dynamo-client.ts';

/** Writers' clocks differ by less than this; what is this young is read again, so that none is passed over. */
const overlapMs = 5_000;

/** The vectors of partitions in DynamoDB, an item each, sorted by the time they were added. */
export class DynamoVectors implements VectorStore {
  readonly #place: CacheTable;
  readonly #clock: () => number;

  constructor(place: CacheTable, clock: () => number) {
    this.#place = place;
    this.#clock = clock;
  }

  async readSince(partition: string, cursor: string | undefined, most: number): ReturnType<VectorStore['readSince']> {
    const { db, table } = this.#place;
    const entries: IndexedVector[] = [];
    const next = timeKey(this.#clock() - overlapMs);
    const from = cursor ?? '0';
    let startKey: DynamoItem | undefined;
    do {
      const page = await db.query({
        table,
        keyCondition: 'pk = :pk AND sk > :from',
        values: { ':pk': pkOf(partition), ':from': from },
        // The latest first, for whoever takes only so many.
        forward: false,
        startKey,
      });
      entries.push(...page.items.map(entryOf).filter((entry) => entry !== undefined));
      startKey = page.nextKey;
    } while (startKey !== undefined && entries.length < most);
    return { entries: entries.reverse(), cursor: next > from ? next : from };
  }

  async write(partition: string, { key, vector, expiresAtMs }: IndexedVector): Promise<void> {
    await this.#place.db.put({
      table: this.#place.table,
      item: {
        pk: pkOf(partition),
        sk: `${timeKey(this.#clock())}#${randomBytes(6).toString('base64url')}`,
        answerKey: key,
        vector: new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength),
        expiresAtMs,
        expiresAt: expiresAtOf(expiresAtMs),
      },
    });
  }
}

function pkOf(partition: string): string {
  return `VECTORS#${partition}`;
}

/** Sorts as text by time until the year 5188. */
function timeKey(timeMs: number): string {
  return Math.max(0, Math.floor(timeMs)).toString(36).padStart(9, '0');
}

function entryOf({ answerKey, vector, expiresAtMs }: DynamoItem): IndexedVector | undefined {
  if (typeof answerKey !== 'string' || typeof expiresAtMs !== 'number' || !(vector instanceof Uint8Array)) return undefined;
  // A copy, because the bytes of an item need not begin where a number may.
  return { key: answerKey, vector: new Float32Array(Uint8Array.from(vector).buffer), expiresAtMs };
}
