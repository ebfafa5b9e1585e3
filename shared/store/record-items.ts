import { type CallRecord, callRecordSchema, chargesOf } from '../telemetry/call-record.ts';
import type { DynamoDb, DynamoItem } from './dynamo-client.ts';
import { callIdOf, callRange } from './record-keys.ts';

/**
 * How calls lie in the records table, one partition per day and shard, sorted by id, which is by start:
 *
 * | sort key | item |
 * |---|---|
 * | `<id>` | the record: `body` as JSON |
 * | `<id>#<scope id>` | a hold of the call that was settled in full because its owner died: `amount` |
 *
 * `fold` is there when the item is too late for the sums of its minute and is added to them on its own: `open` until
 * that is done, then `done`. `listKey` and `listSort` put the calls of a session into an index.
 */
export interface StoredCall {
  readonly id: string;
  /** As it was written; undefined where only holds are known. */
  readonly record: CallRecord | undefined;
  readonly fold: 'open' | 'done' | undefined;
  /** What dead holds charged, by scope id. */
  readonly dead: ReadonlyMap<string, number>;
}

/** The record with what is known of dead holds in it: the ledger was charged for those in full, whatever the record says. */
export function mergedRecord({ record, dead }: StoredCall): CallRecord | undefined {
  if (record === undefined || dead.size === 0) return record;
  const charges = new Map([...chargesOf(record), ...dead]);
  return {
    ...record,
    scopes: [...charges.keys()],
    charges: Object.fromEntries([...charges].filter(([, amount]) => amount !== record.costNanoUsd)),
  };
}

/** Reads a record out of its item. @throws ZodError for an item that is none. */
export function recordOf(item: DynamoItem): CallRecord {
  return callRecordSchema.parse(JSON.parse(typeof item.body === 'string' ? item.body : 'null'));
}

/** Calls of one partition that began in a range, in order of their ids. */
export async function* callsIn(
  db: DynamoDb,
  range: { readonly table: string; readonly pk: string; readonly fromMs: number; readonly toMs: number; readonly newestFirst: boolean },
): AsyncGenerator<StoredCall> {
  // DynamoDB refuses a range whose end lies before its beginning; there is nothing in one.
  if (range.toMs < range.fromMs) return;
  const { from, to } = callRange(range.fromMs, range.toMs);
  let group: DynamoItem[] = [];
  let startKey: DynamoItem | undefined;
  do {
    const page = await db.query({
      table: range.table,
      keyCondition: 'pk = :pk AND sk BETWEEN :from AND :to',
      values: { ':pk': range.pk, ':from': from, ':to': to },
      forward: !range.newestFirst,
      consistent: true,
      startKey,
    });
    for (const item of page.items) {
      if (group[0] !== undefined && idOf(group[0]) !== idOf(item)) {
        yield storedCall(group);
        group = [];
      }
      group.push(item);
    }
    startKey = page.nextKey;
  } while (startKey !== undefined);
  if (group.length > 0) yield storedCall(group);
}

/** One call out of all its items. */
export function storedCall(items: readonly DynamoItem[]): StoredCall {
  const dead = new Map<string, number>();
  let record: CallRecord | undefined;
  let fold: StoredCall['fold'];
  let id = '';
  for (const item of items) {
    id = idOf(item);
    const scope = scopeOf(item);
    if (scope === undefined) {
      record = recordOf(item);
      fold = foldOf(item);
    } else if (typeof item.amount === 'number') dead.set(scope, item.amount);
  }
  return { id, record, fold, dead };
}

/** Whether the item waits to be added to the sums, was added, or is added with its minute. */
export function foldOf(item: DynamoItem): StoredCall['fold'] {
  return item.fold === 'open' || item.fold === 'done' ? item.fold : undefined;
}

/** The scope of a dead hold; undefined for a record. */
export function scopeOf(item: DynamoItem): string | undefined {
  const sk = String(item.sk);
  const mark = sk.indexOf('#');
  return mark === -1 ? undefined : sk.slice(mark + 1);
}

function idOf(item: DynamoItem): string {
  return callIdOf(String(item.sk));
}
