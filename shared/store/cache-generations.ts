import type { GenerationSource } from '../cache/answer-store.ts';
import { purgeLagMs } from '../cache/cache-administration.ts';
import { everything, type Generations } from '../cache/cached-answer.ts';
import type { CacheTable } from './cache-items.ts';
import type { DynamoKey } from './dynamo-client.ts';

/** More names than this in the item that everybody reads are folded into one purge of everything. */
const mostNames = 1_000;

const key: DynamoKey = { pk: 'GENERATIONS', sk: 'ALL' };

/** The generations in DynamoDB: one small item, because every instance reads it every few seconds. */
export class DynamoGenerations implements GenerationSource {
  readonly #place: CacheTable;
  readonly #clock: () => number;
  #read: { readonly generations: Promise<Generations>; readonly atMs: number } | undefined;

  constructor(place: CacheTable, clock: () => number) {
    this.#place = place;
    this.#clock = clock;
  }

  async current(): Promise<Generations> {
    const nowMs = this.#clock();
    const ageMs = this.#read === undefined ? Number.POSITIVE_INFINITY : nowMs - this.#read.atMs;
    if (this.#read === undefined || ageMs >= purgeLagMs || ageMs < 0) {
      const read = { generations: this.#load(), atMs: nowMs };
      this.#read = read;
      read.generations.catch(() => {
        if (this.#read === read) this.#read = undefined;
      });
    }
    return this.#read.generations;
  }

  /** Begins a new generation of a dimension: every answer of an older one is as good as gone. */
  async advance(dimension: string): Promise<void> {
    const known = await this.#load();
    // One count for all dimensions, so that forgetting a name can never make its number small again.
    const next = Math.max(0, ...Object.values(known)) + 1;
    const isNew = !(dimension in known);
    if (dimension === everything || (isNew && Object.keys(known).length >= mostNames))
      await this.#write({ [everything]: next }, everything, next);
    // A path into a map that is not there is refused, so the first dimension brings the map.
    else if (Object.keys(known).length > 0 || !(await this.#write({ [dimension]: next }, dimension, next)))
      await this.#set(dimension, next);
    this.#read = undefined;
  }

  /** Replaces the whole map; false where another dimension came first. */
  async #write(names: Generations, dimension: string, next: number): Promise<boolean> {
    const { db, table } = this.#place;
    const { written } = await db.put({
      table,
      item: { ...key, names },
      condition:
        dimension === everything ? 'attribute_not_exists(#names.#dimension) OR #names.#dimension < :next' : 'attribute_not_exists(pk)',
      ...(dimension === everything && { names: { '#names': 'names', '#dimension': dimension }, values: { ':next': next } }),
    });
    return written;
  }

  /** Counting up from what was read, not adding, makes the write harmless when it is repeated. */
  async #set(dimension: string, next: number): Promise<void> {
    const { db, table } = this.#place;
    await db.update({
      table,
      key,
      update: 'SET #names.#dimension = :next',
      condition: 'attribute_not_exists(#names.#dimension) OR #names.#dimension < :next',
      names: { '#names': 'names', '#dimension': dimension },
      values: { ':next': next },
    });
  }

  async #load(): Promise<Generations> {
    const item = await this.#place.db.get({ table: this.#place.table, key, consistent: true });
    const names = item?.names;
    if (typeof names !== 'object' || names === null || Array.isArray(names) || names instanceof Uint8Array) return {};
    const generations: Record<string, number> = {};
    for (const [name, value] of Object.entries(names)) if (typeof value === 'number') generations[name] = value;
    return generations;
  }
}
