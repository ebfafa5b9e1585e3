import { cellsOf, type UsageCell } from '../telemetry/usage-cells.ts';
import { addUsage } from '../telemetry/usage-counters.ts';
import type { UsageFact } from '../telemetry/usage-report.ts';
import type { DynamoDb } from './dynamo-client.ts';
import type { CallRecords } from './record-calls.ts';
import { cellPartition, readCells, type StoredCell } from './usage-cell-items.ts';
import { type FoldState, readFoldState } from './usage-fold-state.ts';
import { type LateItem, openLateItems } from './usage-late.ts';

/** Which sums: of a kind, of calls that began in [fromMs, toMs), both on the edge of a span. */
export interface UsageQuery {
  readonly kind: UsageCell['kind'];
  readonly span: UsageCell['span'];
  readonly fromMs: number;
  readonly toMs: number;
}

/** A sum and what it is of. */
export interface UsageSum extends UsageFact {
  readonly name: string;
}

/** The sums move on while they are read; that they do so more often in a row than this is not to be expected. */
const mostTries = 10;

/** Before the first round nothing is in the sums, and this is as far back as records are looked for. */
const unfoldedReachMs = 400 * 86_400_000;

/** Reads usage: the stored sums, and what is not in them yet from the records themselves, so that it is exact up to the last call. */
export class UsageReader {
  readonly #db: DynamoDb;
  readonly #table: string;
  readonly #records: CallRecords;

  constructor(db: DynamoDb, table: string, records: CallRecords) {
    this.#db = db;
    this.#table = table;
    this.#records = records;
  }

  /** @throws StoreError */
  async read(query: UsageQuery): Promise<UsageSum[]> {
    for (let tries = 1; ; tries += 1) {
      const before = await readFoldState(this.#db, this.#table);
      const sums = await this.#readAt(query, before);
      const after = await readFoldState(this.#db, this.#table);
      const stoodStill = before?.doneMs === after?.doneMs && before?.pendingMs === after?.pendingMs;
      if (stoodStill || tries === mostTries) return sums;
    }
  }

  async #readAt(query: UsageQuery, state: FoldState | undefined): Promise<UsageSum[]> {
    // Late items before the sums: one that is added in between is then seen by its mark.
    const late = await openLateItems(this.#db, this.#table);
    const sums = new Sums(query);
    const partitions = partitionTimes(query);
    for (let start = 0; start < partitions.length; start += 8) {
      const read = partitions.slice(start, start + 8).map((time) => readCells(this.#db, this.#table, query.kind, query.span, time));
      for (const cell of (await Promise.all(read)).flat()) sums.addStored(cell);
    }
    for (const item of late) sums.addLate(item);
    await this.#addUnfolded(query, state, sums);
    return sums.all;
  }

  async #addUnfolded({ fromMs, toMs, span }: UsageQuery, state: FoldState | undefined, sums: Sums): Promise<void> {
    const doneMs = state?.doneMs ?? Math.max(0, toMs - unfoldedReachMs);
    const range = { fromMs: span === 'ever' ? doneMs : Math.max(fromMs, doneMs), toMs };
    if (range.fromMs >= range.toMs) return;
    for await (const { record, fold } of this.#records.stored(range)) {
      if (record === undefined || fold !== undefined) continue;
      sums.addUnfolded(cellsOf(record), record.startedAtMs);
    }
  }
}

/** Sums on their way from what is stored to what holds now. */
class Sums {
  readonly #query: UsageQuery;
  readonly #from: string;
  readonly #to: string;
  readonly #sums = new Map<string, { sum: UsageSum; stored: StoredCell | undefined }>();

  constructor(query: UsageQuery) {
    this.#query = query;
    const digits = query.span === 'hour' ? 13 : 10;
    this.#from = new Date(query.fromMs).toISOString().slice(0, digits);
    this.#to = new Date(query.toMs - 1).toISOString().slice(0, digits);
  }

  get all(): UsageSum[] {
    return [...this.#sums.values()].map(({ sum }) => sum);
  }

  addStored(cell: StoredCell): void {
    if (!this.#covers(cell.time)) return;
    const { time, name, dimensions, counters } = cell;
    this.#sums.set(`${time} ${name}`, { sum: { time, name, dimensions, counters }, stored: cell });
  }

  addLate({ sortKey, cells }: LateItem): void {
    for (const cell of cells) if (this.#wants(cell)) this.#add(cell, (stored) => stored.late.has(sortKey));
  }

  /** A sum that is being added to may have a call that is not in the others yet. */
  addUnfolded(cells: readonly UsageCell[], startedAtMs: number): void {
    for (const cell of cells) if (this.#wants(cell)) this.#add(cell, (stored) => startedAtMs < stored.foldedToMs);
  }

  #add(cell: UsageCell, isIn: (stored: StoredCell) => boolean): void {
    const { time, name, dimensions, counters } = cell;
    const id = `${time} ${name}`;
    const found = this.#sums.get(id);
    if (found === undefined) this.#sums.set(id, { sum: { time, name, dimensions, counters: { ...counters } }, stored: undefined });
    else if (found.stored === undefined || !isIn(found.stored)) addUsage(found.sum.counters, counters);
  }

  #wants(cell: UsageCell): boolean {
    return cell.kind === this.#query.kind && cell.span === this.#query.span && this.#covers(cell.time);
  }

  #covers(time: string): boolean {
    return this.#query.span === 'ever' || (time >= this.#from && time <= this.#to);
  }
}

/** A time in each partition that the range touches. */
function partitionTimes({ kind, span, fromMs, toMs }: UsageQuery): string[] {
  if (span === 'ever') return [''];
  const times = new Map<string, string>();
  for (let day = Math.floor(fromMs / 86_400_000) * 86_400_000; day < toMs; day += 86_400_000) {
    const time = new Date(day).toISOString().slice(0, 10);
    times.set(cellPartition(kind, span, time), time);
  }
  return [...times.values()];
}
