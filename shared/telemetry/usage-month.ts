import { counterNames, renderCounters } from './render-usage.ts';
import { type UsageFact, type UsageGroup, usageReport } from './usage-report.ts';

/** By what the usage of a month is told apart: a line for each of them that had calls. */
const monthGroups = ['day', 'key', 'team', 'user', 'organization', 'model', 'provider'] as const satisfies readonly UsageGroup[];

/** Calls may run for a quarter of an hour, and dead ones are settled some minutes later; then a month is written down for good. */
const settledAfterMs = 3 * 3_600_000;

/** A calendar month, UTC. */
export interface Month {
  /** `2026-11`. */
  readonly name: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** The last month that is over and settled. */
export function lastMonth(nowMs: number): Month {
  const now = new Date(nowMs - settledAfterMs);
  const fromMs = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1, 1);
  return { name: new Date(fromMs).toISOString().slice(0, 7), fromMs, toMs: Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1) };
}

/** A column of the table of a month and its values, one for each line. */
export type MonthColumn =
  | { readonly name: string; readonly kind: 'text'; readonly values: readonly (string | null)[] }
  | { readonly name: string; readonly kind: 'count' | 'decimal'; readonly values: readonly number[] };

/** The usage of a month as a table, by day and then dearest first. */
export function monthTable(facts: Iterable<UsageFact>): MonthColumn[] {
  const rows = usageReport(facts, monthGroups, {}).map(({ group, counters }) => ({ group, sums: renderCounters(counters) }));
  return [
    ...monthGroups.map((name) => ({ name, kind: 'text' as const, values: rows.map(({ group }) => group[name] ?? null) })),
    ...counterNames().map((name) => ({
      name,
      kind: name === 'cost_usd' || name === 'saved_usd' ? ('decimal' as const) : ('count' as const),
      values: rows.map(({ sums }) => sums[name]),
    })),
  ];
}
