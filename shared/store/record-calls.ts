import type { CrashRecorder, DeadHold } from '../admission/ledger.ts';
import type { CallRecord } from '../telemetry/call-record.ts';
import type { DynamoDb, DynamoItem } from './dynamo-client.ts';
import type { KeyOwner } from './key-owner.ts';
import { callsIn, mergedRecord, recordOf, type StoredCall, storedCall } from './record-items.ts';
import { callKey, callPartition, callShards, daysBetween, deadHoldKey, startOfCall } from './record-keys.ts';
import { lateAfterMs, latePointer } from './usage-late.ts';

/** Where records lie and how long. */
export interface CallRecordsOptions {
  readonly db: DynamoDb;
  readonly table: string;
  /** How long a record is kept, from the start of its call. */
  readonly retentionMs: number;
  /** Whose a key is, to say so in the record of a call whose process died. */
  readonly ownerOf?: ((keyId: string) => Promise<KeyOwner>) | undefined;
}

/** Which calls to list, newest first. */
export interface CallRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The records of calls: written once each, whatever is repeated. */
export class CallRecords implements CrashRecorder {
  readonly #options: CallRecordsOptions;

  constructor(options: CallRecordsOptions) {
    this.#options = options;
  }

  /**
   * Writes a record, unless there is one for its id: then it says false. One write of one item: the sums of usage are made
   * from it later.
   * @throws StoreError
   */
  async write(record: CallRecord, nowMs: number): Promise<boolean> {
    const key = callKey(record.id);
    if (key === undefined) throw new RangeError('a record whose id is none of ours');
    const late = nowMs - record.startedAtMs > lateAfterMs;
    if (late) await this.#put(latePointer(key.sk, nowMs));
    const listKey = record.session !== undefined ? sessionList(record.session) : record.traceId && traceList(record.traceId);
    return await this.#putOnce({
      ...key,
      body: JSON.stringify(record),
      ...this.#expiry(record.startedAtMs),
      ...(listKey !== undefined && { listKey, listSort: record.id }),
      ...(late && { fold: 'open' }),
    });
  }

  /**
   * Writes down the holds of dead invocations, and a record for each call that has none. Repeating it changes nothing.
   * @throws StoreError
   */
  async record(holds: readonly DeadHold[]): Promise<void> {
    for (const hold of holds) await this.#recordDead(hold);
  }

  async #recordDead(hold: DeadHold): Promise<void> {
    const { requestId, scopeId, amountNanoUsd, expiredAtMs } = hold;
    const startedAtMs = startOfCall(requestId);
    const key = callKey(requestId);
    const holdKey = deadHoldKey(requestId, scopeId);
    if (startedAtMs === undefined || key === undefined || holdKey === undefined) return;
    // The pointer first: one that leads nowhere is harmless, an item without one would never be counted.
    await this.#put(latePointer(holdKey.sk, expiredAtMs));
    await this.#putOnce({ ...holdKey, amount: amountNanoUsd, fold: 'open', ...this.#expiry(startedAtMs) });
    await this.#put(latePointer(key.sk, expiredAtMs));
    const record = await this.#withOwner(crashRecord(hold, startedAtMs));
    await this.#putOnce({ ...key, body: JSON.stringify(record), fold: 'open', ...this.#expiry(startedAtMs) });
  }

  async #withOwner(record: CallRecord): Promise<CallRecord> {
    const { ownerOf } = this.#options;
    return record.keyId === undefined || ownerOf === undefined ? record : { ...record, ...(await ownerOf(record.keyId)) };
  }

  /** The record of a call; undefined where there is none (any more). @throws StoreError */
  async find(id: string): Promise<CallRecord | undefined> {
    const key = callKey(id);
    if (key === undefined) return undefined;
    const { db, table } = this.#options;
    const { items } = await db.query({
      table,
      keyCondition: 'pk = :pk AND sk BETWEEN :id AND :end',
      values: { ':pk': key.pk, ':id': id, ':end': `${id}~` },
      consistent: true,
    });
    return items.length === 0 ? undefined : mergedRecord(storedCall(items));
  }

  /** Records of calls that began in a range, newest first. */
  async *newestFirst({ fromMs, toMs }: CallRange): AsyncGenerator<CallRecord> {
    for (const day of daysBetween(fromMs, toMs).reverse()) {
      for await (const call of this.#day(day, { fromMs, toMs }, true)) {
        const record = mergedRecord(call);
        if (record !== undefined) yield record;
      }
    }
  }

  /** Calls of a range as they are stored, oldest day first. */
  async *stored({ fromMs, toMs }: CallRange): AsyncGenerator<StoredCall> {
    for (const day of daysBetween(fromMs, toMs)) yield* this.#day(day, { fromMs, toMs }, false);
  }

  /** When the first call at or after a moment began; undefined where there is none before `toMs`. @throws StoreError */
  async firstStart({ fromMs, toMs }: CallRange): Promise<number | undefined> {
    for (const day of daysBetween(fromMs, toMs)) {
      for await (const { id } of this.#day(day, { fromMs, toMs }, false)) return startOfCall(id);
    }
    return undefined;
  }

  /** The calls of a session or a trace, oldest first. Eventually consistent, some milliseconds behind. @throws StoreError */
  async listed(list: { readonly session: string } | { readonly traceId: string }, limit: number): Promise<CallRecord[]> {
    const { db, table } = this.#options;
    const listKey = 'session' in list ? sessionList(list.session) : traceList(list.traceId);
    const records: CallRecord[] = [];
    let startKey: DynamoItem | undefined;
    do {
      const page = await db.query({
        table,
        index: 'byList',
        keyCondition: 'listKey = :list',
        values: { ':list': listKey },
        limit: limit - records.length,
        startKey,
      });
      records.push(...page.items.map(recordOf));
      startKey = page.nextKey;
    } while (startKey !== undefined && records.length < limit);
    return records;
  }

  async *#day(day: number, { fromMs, toMs }: CallRange, newestFirst: boolean): AsyncGenerator<StoredCall> {
    const { db, table } = this.#options;
    const shards = Array.from({ length: callShards }, (_, shard) =>
      callsIn(db, {
        table,
        pk: callPartition(day, shard),
        fromMs: Math.max(fromMs, day),
        toMs: Math.min(toMs, day + 86_400_000),
        newestFirst,
      }),
    );
    yield* merged(shards, (one, other) => one.id < other.id !== newestFirst);
  }

  async #put(item: DynamoItem): Promise<void> {
    await this.#options.db.put({ table: this.#options.table, item });
  }

  async #putOnce(item: DynamoItem): Promise<boolean> {
    const { written } = await this.#options.db.put({ table: this.#options.table, item, condition: 'attribute_not_exists(pk)' });
    return written;
  }

  #expiry(startedAtMs: number): { readonly expiresAt: number } {
    return { expiresAt: Math.ceil((startedAtMs + this.#options.retentionMs) / 1000) };
  }
}

/** Several ordered sources as one; all are asked for their next at once. */
async function* merged<Item>(
  sources: readonly AsyncGenerator<Item>[],
  precedes: (one: Item, other: Item) => boolean,
): AsyncGenerator<Item> {
  const heads = await Promise.all(sources.map((source) => source.next()));
  for (;;) {
    let best = -1;
    let bestItem: Item | undefined;
    for (const [index, head] of heads.entries()) {
      if (head.done === true) continue;
      if (bestItem === undefined || precedes(head.value, bestItem)) {
        best = index;
        bestItem = head.value;
      }
    }
    const source = sources[best];
    if (bestItem === undefined || source === undefined) return;
    yield bestItem;
    heads[best] = await source.next();
  }
}

/**
 * What is known of a call whose invocation died: when it began, and what it held. Who made it is known as far as the
 * scope says so that was found first, which for a sweep is the key.
 */
function crashRecord({ requestId, scopeId, amountNanoUsd, expiredAtMs, unpriced }: DeadHold, startedAtMs: number): CallRecord {
  const [kind, name] = (scopeId.split('|', 1)[0] ?? '').split('#');
  return {
    id: requestId,
    startedAtMs,
    endedAtMs: Math.max(startedAtMs, expiredAtMs),
    ending: 'crashed',
    ...(kind === 'key' && name !== undefined && { keyId: name }),
    ...(kind === 'team' && name !== undefined && { team: name }),
    ...(kind === 'user' && name !== undefined && { user: name }),
    ...(kind === 'organization' && name !== undefined && { organization: name }),
    attempts: [],
    usage: {},
    estimated: true,
    costNanoUsd: amountNanoUsd,
    ...(unpriced === true && { unpriced }),
    heldNanoUsd: amountNanoUsd,
  };
}

function sessionList(session: string): string {
  return `session#${session}`;
}

function traceList(traceId: string): string {
  return `trace#${traceId}`;
}
