import type { DayBooks, ScopeBooks } from '../telemetry/audit-books.ts';
import { chargesOf } from '../telemetry/call-record.ts';
import type { DynamoDb } from './dynamo-client.ts';
import { ledgerStateOf } from './ledger-item.ts';
import type { CallRecords } from './record-calls.ts';
import { mergedRecord } from './record-items.ts';
import { daysBetween } from './record-keys.ts';
import type { UsageReader } from './usage-read.ts';

export interface BooksOptions {
  readonly db: DynamoDb;
  readonly ledgerTable: string;
  readonly records: CallRecords;
  readonly usage: UsageReader;
}

/** Reads the three books that must agree: the ledger, the sums of usage, and the records themselves. */
export class Books {
  readonly #options: BooksOptions;

  constructor(options: BooksOptions) {
    this.#options = options;
  }

  /** Every scope that was ever charged, and those of `others` that spent anything. @throws StoreError */
  async scopes(others: readonly string[], nowMs: number): Promise<ScopeBooks[]> {
    const sums = await this.#options.usage.read({ kind: 'scope', span: 'ever', fromMs: 0, toMs: nowMs + 60_000 });
    const charged = new Map(sums.map(({ name, counters }) => [name, counters.costNanoUsd]));
    const names = [...new Set([...charged.keys(), ...others])].sort();
    const books: ScopeBooks[] = [];
    for (let start = 0; start < names.length; start += 16) {
      const read = names.slice(start, start + 16).map(async (scope) => ({ scope, ...(await this.#ledger(scope)) }));
      for (const ledger of await Promise.all(read)) books.push({ ...ledger, usageNanoUsd: charged.get(ledger.scope) ?? 0 });
    }
    return books.filter(({ scope, ledgerNanoUsd }) => charged.has(scope) || ledgerNanoUsd > 0);
  }

  /** Each day of [fromMs, toMs), both midnights. @throws StoreError */
  async days(fromMs: number, toMs: number): Promise<DayBooks[]> {
    const days: DayBooks[] = [];
    for (const dayMs of daysBetween(fromMs, toMs)) days.push(await this.#day(dayMs));
    return days;
  }

  async #day(fromMs: number): Promise<DayBooks> {
    const { usage, records } = this.#options;
    const range = { fromMs, toMs: fromMs + 86_400_000 };
    const day = new Date(fromMs).toISOString().slice(0, 10);
    const [whole, scopes] = await Promise.all([
      usage.read({ kind: 'whole', span: 'day', ...range }),
      usage.read({ kind: 'scope', span: 'day', ...range }),
    ]);
    let recordCalls = 0;
    let recordNanoUsd = 0;
    const charges = new Map<string, { recordNanoUsd: number; usageNanoUsd: number }>();
    for await (const call of records.stored(range)) {
      const record = mergedRecord(call);
      if (record === undefined) continue;
      recordCalls += 1;
      recordNanoUsd += record.costNanoUsd;
      for (const [scope, amount] of chargesOf(record)) entryOf(charges, scope).recordNanoUsd += amount;
    }
    for (const { name, counters } of scopes) entryOf(charges, name).usageNanoUsd += counters.costNanoUsd;
    return {
      day,
      recordCalls,
      recordNanoUsd,
      usageCalls: whole.reduce((sum, { counters }) => sum + counters.calls, 0),
      usageNanoUsd: whole.reduce((sum, { counters }) => sum + counters.costNanoUsd, 0),
      scopes: [...charges].map(([scope, entry]) => ({ scope, ...entry })),
    };
  }

  /** Of all shards of a scope together. */
  async #ledger(scope: string): Promise<{ ledgerNanoUsd: number; heldNanoUsd: number }> {
    const { db, ledgerTable } = this.#options;
    const { items } = await db.query({ table: ledgerTable, keyCondition: 'pk = :pk', values: { ':pk': scope }, consistent: true });
    let ledgerNanoUsd = 0;
    let heldNanoUsd = 0;
    for (const item of items) {
      const total = ledgerStateOf(item).windows.total;
      ledgerNanoUsd += total?.spentNanoUsd ?? 0;
      heldNanoUsd += (total?.usedNanoUsd ?? 0) - (total?.spentNanoUsd ?? 0);
    }
    return { ledgerNanoUsd, heldNanoUsd };
  }
}

function entryOf(charges: Map<string, { recordNanoUsd: number; usageNanoUsd: number }>, scope: string) {
  const found = charges.get(scope) ?? { recordNanoUsd: 0, usageNanoUsd: 0 };
  charges.set(scope, found);
  return found;
}
