/** What a scope was charged, as each of the three books has it. Nano-USD. */
export interface ScopeBooks {
  readonly scope: string;
  /** In the ledger, the authority for limits. */
  readonly ledgerNanoUsd: number;
  /** In the sums of usage, with what is not in them yet. */
  readonly usageNanoUsd: number;
  /** Held for calls under way: what ends as spent of it is in no book yet. */
  readonly heldNanoUsd: number;
}

/** What the records of a day say, against the sums of that day. */
export interface DayBooks {
  readonly day: string;
  readonly recordCalls: number;
  readonly usageCalls: number;
  readonly recordNanoUsd: number;
  readonly usageNanoUsd: number;
  /** Charges of scopes of the calls of the day, by scope. */
  readonly scopes: readonly { readonly scope: string; readonly recordNanoUsd: number; readonly usageNanoUsd: number }[];
}

/** One place where two books do not agree. */
export interface Discrepancy {
  readonly where: string;
  readonly what: string;
  readonly differenceNanoUsd: number;
}

/** Compares the books to the nano-dollar, and says where they differ. */
export function discrepancies(scopes: readonly ScopeBooks[], days: readonly DayBooks[]): Discrepancy[] {
  const found: Discrepancy[] = [];
  for (const { scope, ledgerNanoUsd, usageNanoUsd } of scopes) {
    if (ledgerNanoUsd === usageNanoUsd) continue;
    const what = `the ledger has ${ledgerNanoUsd} nano-USD spent, the usage ${usageNanoUsd}`;
    found.push({ where: scope, what, differenceNanoUsd: ledgerNanoUsd - usageNanoUsd });
  }
  for (const day of days) {
    if (day.recordCalls !== day.usageCalls || day.recordNanoUsd !== day.usageNanoUsd) {
      const what = `the records have ${day.recordCalls} calls for ${day.recordNanoUsd} nano-USD, the usage ${day.usageCalls} for ${day.usageNanoUsd}`;
      found.push({ where: day.day, what, differenceNanoUsd: day.recordNanoUsd - day.usageNanoUsd });
    }
    for (const { scope, recordNanoUsd, usageNanoUsd } of day.scopes) {
      if (recordNanoUsd === usageNanoUsd) continue;
      const what = `the records charge ${recordNanoUsd} nano-USD, the usage ${usageNanoUsd}`;
      found.push({ where: `${day.day} ${scope}`, what, differenceNanoUsd: recordNanoUsd - usageNanoUsd });
    }
  }
  return found;
}
