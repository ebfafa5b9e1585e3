import type { DynamoDb, DynamoKey } from './dynamo-client.ts';

const stateKey: DynamoKey = { pk: 'usage#state', sk: 'fold' };

/** How far the sums of usage are. */
export interface FoldState {
  /** Calls that began before this are in the sums, those apart that are added on their own. */
  readonly doneMs: number;
  /** Calls up to this are being added; some sums have them, some not yet. */
  readonly pendingMs: number | undefined;
}

/** Undefined before the first round. @throws StoreError */
export async function readFoldState(db: DynamoDb, table: string): Promise<FoldState | undefined> {
  const item = await db.get({ table, key: stateKey, consistent: true });
  if (item === undefined || typeof item.done !== 'number') return undefined;
  return { doneMs: item.done, pendingMs: typeof item.pending === 'number' ? item.pending : undefined };
}

/** The first state; false when there is one already. @throws StoreError */
export async function beginFolding(db: DynamoDb, table: string, doneMs: number): Promise<boolean> {
  const { written } = await db.put({ table, item: { ...stateKey, done: doneMs }, condition: 'attribute_not_exists(pk)' });
  return written;
}

/** Says which calls are added next, before any is; false when somebody else has. @throws StoreError */
export async function announceFold(db: DynamoDb, table: string, doneMs: number, pendingMs: number): Promise<boolean> {
  const { written } = await db.update({
    table,
    key: stateKey,
    update: 'SET #pending = :pending',
    condition: '#done = :done AND attribute_not_exists(#pending)',
    names: { '#pending': 'pending', '#done': 'done' },
    values: { ':pending': pendingMs, ':done': doneMs },
  });
  return written;
}

/** Says that all announced calls are in; false when somebody else has. @throws StoreError */
export async function concludeFold(db: DynamoDb, table: string, pendingMs: number): Promise<boolean> {
  const { written } = await db.update({
    table,
    key: stateKey,
    update: 'SET #done = :pending REMOVE #pending',
    condition: '#pending = :pending',
    names: { '#pending': 'pending', '#done': 'done' },
    values: { ':pending': pendingMs },
  });
  return written;
}
