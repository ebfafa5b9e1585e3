import { randomInt } from 'node:crypto';
import { type CacheCounts, type CacheStatistics, noCounts } from '../cache/answer-store.ts';
import type { DayCounts } from '../cache/cache-administration.ts';
import type { CacheTable } from './cache-items.ts';
import type { DynamoItem } from './dynamo-client.ts';

/** Writers are spread over so many items a day, because one item takes a thousand writes a second. */
const shards = 8;
const keptSeconds = 400 * 86_400;

/**
 * The cache's counts in DynamoDB, by day. Counts that come while a write is under way wait for the next one, so that a
 * busy process writes as often as the store answers and a function once per call.
 */
export class DynamoCacheCounts implements CacheStatistics {
  readonly #place: CacheTable;
  #waiting: CacheCounts | undefined;
  #writing: Promise<void> | undefined;

  constructor(place: CacheTable) {
    this.#place = place;
  }

  async add(counts: CacheCounts, nowMs: number): Promise<void> {
    this.#waiting = sum(this.#waiting ?? noCounts(), counts);
    while (this.#waiting !== undefined) {
      if (this.#writing === undefined) {
        this.#writing = this.#flush(nowMs).finally(() => {
          this.#writing = undefined;
        });
      }
      await this.#writing;
    }
  }

  /** The days from `fromDay` to `toDay`, both included, oldest first; days without a call are absent. */
  async read(fromDay: string, toDay: string): Promise<DayCounts[]> {
    const { db, table } = this.#place;
    const days = new Map<string, CacheCounts>();
    let startKey: DynamoItem | undefined;
    do {
      const page = await db.query({
        table,
        keyCondition: 'pk = :pk AND sk BETWEEN :from AND :to',
        values: { ':pk': 'COUNTS', ':from': fromDay, ':to': `${toDay}#~` },
        startKey,
      });
      for (const item of page.items) {
        const day = String(item.sk).slice(0, 10);
        days.set(day, sum(days.get(day) ?? noCounts(), countsIn(item)));
      }
      startKey = page.nextKey;
    } while (startKey !== undefined);
    return [...days].map(([day, counts]) => ({ day, ...counts }));
  }

  async #flush(nowMs: number): Promise<void> {
    const counts = this.#waiting;
    this.#waiting = undefined;
    const changed = Object.entries(counts ?? {}).filter(([, amount]) => amount !== 0);
    if (changed.length === 0) return;
    const day = new Date(nowMs).toISOString().slice(0, 10);
    await this.#place.db.update({
      table: this.#place.table,
      key: { pk: 'COUNTS', sk: `${day}#${randomInt(shards)}` },
      // A repeated write counts twice. These are statistics; money is counted elsewhere.
      update: `SET expiresAt = :expiresAt ADD ${changed.map(([name]) => `#${name} :${name}`).join(', ')}`,
      // Some of the names are words of DynamoDB's own.
      names: Object.fromEntries(changed.map(([name]) => [`#${name}`, name])),
      values: {
        ':expiresAt': Math.ceil(nowMs / 1_000) + keptSeconds,
        ...Object.fromEntries(changed.map(([name, amount]) => [`:${name}`, amount])),
      },
    });
  }
}

function sum(one: CacheCounts, other: CacheCounts): CacheCounts {
  const total = noCounts();
  for (const name of Object.keys(total)) {
    if (isCount(name, total)) total[name] = one[name] + other[name];
  }
  return total;
}

function countsIn(item: DynamoItem): CacheCounts {
  const counts = noCounts();
  for (const name of Object.keys(counts)) {
    const amount = item[name];
    if (isCount(name, counts) && typeof amount === 'number') counts[name] = amount;
  }
  return counts;
}

function isCount(name: string, counts: CacheCounts): name is keyof CacheCounts {
  return name in counts;
}
