import { cellsOf, UsageSums } from '../telemetry/usage-cells.ts';
import type { DynamoDb } from './dynamo-client.ts';
import type { CallRecords } from './record-calls.ts';
import { startOfDay } from './record-keys.ts';
import { addToCell } from './usage-cell-items.ts';
import { announceFold, beginFolding, concludeFold, type FoldState, readFoldState } from './usage-fold-state.ts';
import { foldLateItems, lateAfterMs } from './usage-late.ts';

const minuteMs = 60_000;

/** Calls of the last minutes are not added yet: some may still be under way, and those that take longer are added on their own. */
export const foldLagMs = lateAfterMs + minuteMs;

/** How many minutes of calls are added in one go: each sum that has any is then written once. Until then readers count the records themselves. */
const foldEveryMs = 10 * minuteMs;

/** So many sums are written at once. */
const writesAtOnce = 16;

export interface UsageFoldOptions {
  readonly db: DynamoDb;
  readonly table: string;
  readonly records: CallRecords;
  /** How far back records are looked for before the first round. */
  readonly retentionMs: number;
}

/**
 * Makes the sums of usage out of the records, some minutes behind, exactly once each: which calls come next is written
 * down before the first sum is touched, and every sum remembers up to where it has them. So a round that is cut short,
 * repeated or run twice at once changes nothing, and no call needs a write but its record.
 */
export class UsageFold {
  readonly #options: UsageFoldOptions;

  constructor(options: UsageFoldOptions) {
    this.#options = options;
  }

  /**
   * Adds what is due, for at most `budgetMs`. Says how many calls and late items were added.
   * @throws StoreError
   */
  async run(
    nowMs: number,
    budgetMs = 30_000,
    elapsedMs: () => number = stopwatch(),
  ): Promise<{ readonly calls: number; readonly late: number }> {
    let calls = 0;
    while (elapsedMs() < budgetMs) {
      const { doneMs, pendingMs } = await this.#state(nowMs);
      if (pendingMs === undefined) {
        if (!(await this.#announce(doneMs, nowMs))) break;
        continue;
      }
      calls += await this.#fold(doneMs, pendingMs);
      await concludeFold(this.#options.db, this.#options.table, pendingMs);
    }
    return { calls, late: await foldLateItems(this.#options.db, this.#options.table, nowMs) };
  }

  async #state(nowMs: number): Promise<FoldState> {
    const { db, table, retentionMs } = this.#options;
    const state = await readFoldState(db, table);
    if (state !== undefined) return state;
    const doneMs = startOfDay(nowMs - retentionMs);
    await beginFolding(db, table, doneMs);
    return (await readFoldState(db, table)) ?? { doneMs, pendingMs: undefined };
  }

  /** Says which calls are added next; false when it is too early. Where another run was faster, the state says what it chose. */
  async #announce(doneMs: number, nowMs: number): Promise<boolean> {
    const { db, table, records } = this.#options;
    const dueMs = Math.floor((nowMs - foldLagMs) / minuteMs) * minuteMs;
    if (dueMs - doneMs < foldEveryMs) return false;
    const firstMs = await records.firstStart({ fromMs: doneMs, toMs: dueMs });
    const toMs = firstMs === undefined ? dueMs : Math.min(dueMs, Math.floor(firstMs / minuteMs) * minuteMs + foldEveryMs);
    await announceFold(db, table, doneMs, toMs);
    return true;
  }

  async #fold(fromMs: number, toMs: number): Promise<number> {
    const { db, table, records } = this.#options;
    const sums = new UsageSums();
    let calls = 0;
    for await (const { record, fold } of records.stored({ fromMs, toMs })) {
      if (record === undefined || fold !== undefined) continue;
      sums.add(cellsOf(record));
      calls += 1;
    }
    const { cells } = sums;
    for (let start = 0; start < cells.length; start += writesAtOnce) {
      await Promise.all(cells.slice(start, start + writesAtOnce).map((cell) => addToCell(db, table, cell, { foldedToMs: toMs })));
    }
    return calls;
  }
}

function stopwatch(): () => number {
  const begunAt = performance.now();
  return () => performance.now() - begunAt;
}
