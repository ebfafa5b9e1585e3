import { chargesOf } from '../telemetry/call-record.ts';
import { cellsOf, scopeCells, type UsageCell } from '../telemetry/usage-cells.ts';
import type { DynamoDb, DynamoItem } from './dynamo-client.ts';
import { foldOf, recordOf, scopeOf } from './record-items.ts';
import { callIdOf, callKey } from './record-keys.ts';
import { addToCell, forgetLate } from './usage-cell-items.ts';

/**
 * A record written so long after its call began may come too late for the sums of its minute: it is added to them on its
 * own. The sums of a minute are made a minute later than this at the earliest, which is what a write may take at most.
 */
export const lateAfterMs = 5 * 60_000;

const latePartition = 'usage#late';

/** A pointer whose item never came was left by a process that died in between. */
const pointerLifeMs = 60 * 60_000;

/**
 * The sums remember a late item for so long after it is in for good: longer than any run lasts, so that one that is
 * behind still finds the mark and does not add the item again.
 */
const markLifeMs = 5 * 60_000;

/** The note that a late item is to be added to the sums. It is written before the item itself. */
export function latePointer(sortKey: string, nowMs: number): DynamoItem {
  return { pk: latePartition, sk: sortKey, atMs: nowMs };
}

/** A late item, and what it adds to the sums. */
export interface LateItem {
  readonly sortKey: string;
  readonly fold: 'open' | 'done';
  readonly cells: readonly UsageCell[];
}

/** Late items that are not in all sums for good yet. Each sum says itself whether it has one. @throws StoreError */
export async function openLateItems(db: DynamoDb, table: string): Promise<LateItem[]> {
  const open: LateItem[] = [];
  for await (const pointer of pointers(db, table)) {
    const item = await followPointer(db, table, String(pointer.sk));
    if (item?.fold === 'open') open.push(item);
  }
  return open;
}

/** Adds all late items to the sums, once each however often this is repeated or cut short, and says how many. @throws StoreError */
export async function foldLateItems(db: DynamoDb, table: string, nowMs: number): Promise<number> {
  let added = 0;
  for await (const pointer of pointers(db, table)) {
    const sortKey = String(pointer.sk);
    const item = await followPointer(db, table, sortKey);
    if (item === undefined) {
      if (nowMs - Number(pointer.atMs ?? 0) > pointerLifeMs) await removePointer(db, table, sortKey);
    } else if (item.fold === 'open') {
      await addLateItem(db, table, item, nowMs);
      added += 1;
    } else if (nowMs - Number(pointer.doneMs ?? 0) > markLifeMs) {
      for (const cell of item.cells) await forgetLate(db, table, cell, sortKey);
      await removePointer(db, table, sortKey);
    }
  }
  return added;
}

async function* pointers(db: DynamoDb, table: string): AsyncGenerator<DynamoItem> {
  let startKey: DynamoItem | undefined;
  do {
    const page = await db.query({ table, keyCondition: 'pk = :pk', values: { ':pk': latePartition }, consistent: true, startKey });
    yield* page.items;
    startKey = page.nextKey;
  } while (startKey !== undefined);
}

async function addLateItem(db: DynamoDb, table: string, late: LateItem, nowMs: number): Promise<void> {
  for (const cell of late.cells) await addToCell(db, table, cell, { late: late.sortKey });
  // From now on the marks may go one day; the pointer says from when.
  await db.put({ table, item: { ...latePointer(late.sortKey, nowMs), doneMs: nowMs } });
  const key = itemKey(late.sortKey);
  if (key === undefined) return;
  await db.update({
    table,
    key,
    update: 'SET #fold = :done',
    condition: '#fold = :open',
    names: { '#fold': 'fold' },
    values: { ':done': 'done', ':open': 'open' },
  });
}

/** Undefined where there is nothing, or a record that is added with its minute. */
async function followPointer(db: DynamoDb, table: string, sortKey: string): Promise<LateItem | undefined> {
  const key = itemKey(sortKey);
  const item = key && (await db.get({ table, key, consistent: true }));
  const fold = item && foldOf(item);
  if (item === undefined || fold === undefined) return undefined;
  const scope = scopeOf(item);
  const cells = scope === undefined ? cellsOf(recordOf(item)) : await deadHoldCells(db, table, item, scope);
  return { sortKey, fold, cells };
}

/** A dead hold was charged in full: what the call's own record says of that scope, if there is one, is replaced. */
async function deadHoldCells(db: DynamoDb, table: string, item: DynamoItem, scope: string): Promise<UsageCell[]> {
  const key = callKey(callIdOf(String(item.sk)));
  const record = key && (await db.get({ table, key, consistent: true }));
  const charged = record === undefined ? undefined : chargesOf(recordOf(record)).get(scope);
  const day = String(item.pk).split('#')[1] ?? '';
  const amount = typeof item.amount === 'number' ? item.amount : 0;
  return scopeCells(scope, day, amount - (charged ?? 0), charged === undefined ? 1 : 0);
}

async function removePointer(db: DynamoDb, table: string, sortKey: string): Promise<void> {
  await db.delete({ table, key: { pk: latePartition, sk: sortKey } });
}

function itemKey(sortKey: string): { readonly pk: string; readonly sk: string } | undefined {
  const key = callKey(callIdOf(sortKey));
  return key && { pk: key.pk, sk: sortKey };
}
