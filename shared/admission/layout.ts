import type { BudgetPeriod } from './limits.ts';

/**
 * How a scope is spread over several ledger items. Written once, by the first call that finds the scope set to more than one
 * shard, and never changed: all instances agree on it for ever, so the slices below always add up to the limits.
 */
export interface Layout {
  readonly shards: number;
  /** What the first item had used when it was spread, by window: that part of the limits is its own. */
  readonly before: Readonly<Partial<Record<BudgetPeriod, { readonly period: number; readonly usedNanoUsd: number }>>>;
}
