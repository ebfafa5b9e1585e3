import type { UsageCell, UsageDimensions } from '../telemetry/usage-cells.ts';
import { noUsage, type UsageCounters, usageCounterNames, usageCounters } from '../telemetry/usage-counters.ts';
import type { DynamoDb, DynamoItem, DynamoKey, DynamoValue } from './dynamo-client.ts';

/**
 * How sums of usage lie in the records table: a partition per kind and month (days) or day (hours), an item per sum.
 *
 * | attribute | meaning |
 * |---|---|
 * | counters | see `usageCounters` |
 * | `d` | the dimensions, as JSON |
 * | `f` | calls that began before this moment are in, in milliseconds since the epoch |
 * | `m:<sort key>` | this late item is in; kept until the item itself says so |
 */
export interface StoredCell {
  readonly kind: UsageCell['kind'];
  readonly time: string;
  readonly name: string;
  readonly dimensions: UsageDimensions;
  readonly counters: UsageCounters;
  /** Calls that began before this are in. */
  readonly foldedToMs: number;
  /** Sort keys of late items that are in. */
  readonly late: ReadonlySet<string>;
}

const latePrefix = 'm:';

/** Sums by the hour are kept this long; those by the day for good. */
const hourRetentionMs = 92 * 86_400_000;

/** The partitions that hold the sums of a span for a day or month. */
export function cellPartition(kind: UsageCell['kind'], span: UsageCell['span'], time: string): string {
  if (span === 'ever') return `usage#${kind}#ever`;
  return `usage#${kind}#${span}#${span === 'hour' ? time.slice(0, 10) : time.slice(0, 7)}`;
}

function cellKey({ kind, span, time, name }: UsageCell): DynamoKey {
  const within = span === 'ever' ? '' : `${time.slice(span === 'hour' ? 11 : 8)}#`;
  return { pk: cellPartition(kind, span, time), sk: `${within}${name}` };
}

/** What lets a sum be added to exactly once. */
export type Once =
  /** All calls that began before this moment and were not in yet. */
  | { readonly foldedToMs: number }
  /** One late item. */
  | { readonly late: string };

/** Adds to a stored sum, unless that is in already. @throws StoreError */
export async function addToCell(db: DynamoDb, table: string, cell: UsageCell, once: Once): Promise<void> {
  const names: Record<string, string> = { '#d': 'd' };
  const values: Record<string, DynamoValue> = { ':d': JSON.stringify(cell.dimensions) };
  const adds: string[] = [];
  for (const counter of usageCounterNames) {
    const value = cell.counters[counter];
    if (value === 0) continue;
    names[`#${counter}`] = usageCounters[counter];
    values[`:${counter}`] = value;
    adds.push(`#${counter} :${counter}`);
  }
  const sets = ['#d = :d'];
  if (cell.span === 'hour') {
    names['#x'] = 'expiresAt';
    values[':x'] = Math.ceil((Date.parse(`${cell.time}:00Z`) + hourRetentionMs) / 1000);
    sets.push('#x = :x');
  }
  if ('late' in once) {
    names['#once'] = `${latePrefix}${once.late}`;
    values[':once'] = 1;
  } else {
    names['#once'] = 'f';
    values[':once'] = once.foldedToMs;
  }
  sets.push('#once = :once');
  await db.update({
    table,
    key: cellKey(cell),
    update: `SET ${sets.join(', ')}${adds.length > 0 ? ` ADD ${adds.join(', ')}` : ''}`,
    condition: `attribute_not_exists(#once)${'late' in once ? '' : ' OR #once < :once'}`,
    names,
    values,
  });
}

/** Forgets that a late item is in, once the item itself says so. @throws StoreError */
export async function forgetLate(db: DynamoDb, table: string, cell: UsageCell, late: string): Promise<void> {
  await db.update({
    table,
    key: cellKey(cell),
    update: 'REMOVE #once',
    condition: 'attribute_exists(#once)',
    names: { '#once': `${latePrefix}${late}` },
  });
}

/** All sums of a partition. @throws StoreError */
export async function readCells(
  db: DynamoDb,
  table: string,
  kind: UsageCell['kind'],
  span: UsageCell['span'],
  time: string,
): Promise<StoredCell[]> {
  const pk = cellPartition(kind, span, time);
  const cells: StoredCell[] = [];
  let startKey: DynamoItem | undefined;
  do {
    const page = await db.query({ table, keyCondition: 'pk = :pk', values: { ':pk': pk }, consistent: true, startKey });
    for (const item of page.items) cells.push(cellOf(item, kind, span, time));
    startKey = page.nextKey;
  } while (startKey !== undefined);
  return cells;
}

function cellOf(item: DynamoItem, kind: UsageCell['kind'], span: UsageCell['span'], time: string): StoredCell {
  const sk = String(item.sk);
  const mark = span === 'ever' ? -1 : sk.indexOf('#');
  const part = sk.slice(0, Math.max(0, mark));
  const counters = noUsage();
  for (const counter of usageCounterNames) {
    const value = item[usageCounters[counter]];
    if (typeof value === 'number') counters[counter] = value;
  }
  return {
    kind,
    time: span === 'ever' ? '' : span === 'hour' ? `${time.slice(0, 10)}T${part}` : `${time.slice(0, 7)}-${part}`,
    name: sk.slice(mark + 1),
    dimensions: typeof item.d === 'string' ? JSON.parse(item.d) : {},
    counters,
    foldedToMs: typeof item.f === 'number' ? item.f : 0,
    late: new Set(
      Object.keys(item)
        .filter((name) => name.startsWith(latePrefix))
        .map((name) => name.slice(latePrefix.length)),
    ),
  };
}
