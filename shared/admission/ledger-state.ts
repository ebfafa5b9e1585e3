import type { BudgetStanding, RateStanding, Standing } from './ledger.ts';
import type { BudgetPeriod, ScopeLimits } from './limits.ts';
import { periodEndMs, periodNumber } from './periods.ts';
import { costUs, rateOf, unitsAtMost, unitsFree } from './rate.ts';
import type { Scope } from './scopes.ts';

/** One budget window of a ledger item. */
export interface WindowState {
  readonly period: number;
  /** Spent and held together, in this period. */
  readonly usedNanoUsd: number;
  readonly spentNanoUsd: number;
}

/** What a ledger item keeps back for one call. */
export interface HoldState {
  readonly amountNanoUsd: number;
  readonly tokens: number;
  readonly countsRequest: boolean;
  readonly expiresAtMs: number;
  /** In which period of each window the amount is counted; the lifetime total is always among them. */
  readonly periods: Readonly<Partial<Record<BudgetPeriod, number>>>;
}

/** A ledger item: all that changes about a scope (or one shard of it). */
export interface LedgerState {
  readonly windows: Readonly<Partial<Record<BudgetPeriod, WindowState>>>;
  readonly requestTatUs: number | undefined;
  readonly tokenTatUs: number | undefined;
  /** Calls under way: the holds that count a request. */
  readonly underWay: number;
  /** By request id. */
  readonly holds: ReadonlyMap<string, HoldState>;
}

/** The part of a state that decides the form of a write, and all an instance remembers of an item. */
export type LedgerShape = Pick<LedgerState, 'windows' | 'requestTatUs' | 'tokenTatUs'>;

/** The state of a scope nobody used yet: there is no item for it. */
export const emptyLedger: LedgerState = {
  windows: {},
  requestTatUs: undefined,
  tokenTatUs: undefined,
  underWay: 0,
  holds: new Map(),
};

/**
 * What to assume of an item this instance has not seen: that others use it, in the current periods.
 * Only the form of a write is chosen from it; its condition holds against the true state.
 */
export function assumedLedger(limits: ScopeLimits, nowMs: number): LedgerShape {
  const windows: Partial<Record<BudgetPeriod, WindowState>> = {};
  for (const period of countedPeriods(limits)) {
    windows[period] = { period: periodNumber(period, nowMs), usedNanoUsd: 0, spentNanoUsd: 0 };
  }
  return { windows, requestTatUs: undefined, tokenTatUs: undefined };
}

/**
 * How long after its expiry a hold counts as dead. Covers clocks that differ between instances, so
 * that nobody settles a hold in full while its owner still may.
 */
export const deadAfterMs = 5_000;

/** Whether the owner of a hold is dead for certain. */
export function isDead(hold: HoldState, nowMs: number): boolean {
  return nowMs > hold.expiresAtMs + deadAfterMs;
}

/** The dead holds of an item. */
export function deadHoldsOf(state: LedgerState, nowMs: number): [string, HoldState][] {
  return [...state.holds].filter(([, hold]) => isDead(hold, nowMs));
}

/**
 * The window as it stands at this moment: fresh when a new period has begun. A period never goes back:
 * when another instance, with a clock a little ahead, has begun the next one, it has begun for all.
 */
export function currentWindow(state: LedgerShape, period: BudgetPeriod, nowMs: number): WindowState & { readonly fresh: boolean } {
  const number = periodNumber(period, nowMs);
  const window = state.windows[period];
  if (window && window.period >= number) return { ...window, fresh: false };
  return { period: number, usedNanoUsd: 0, spentNanoUsd: 0, fresh: period !== 'total' };
}

/** The windows a scope counts money in: those with a budget, and its lifetime total in any case. */
export function countedPeriods(limits: ScopeLimits): BudgetPeriod[] {
  const periods: BudgetPeriod[] = limits.budgets.map((budget) => budget.period);
  if (!periods.includes('total')) periods.push('total');
  return periods;
}

/** Shows how a scope stands, from the states of all its shards. */
export function standingOf(scope: Scope, states: readonly LedgerState[], nowMs: number): Standing {
  const { limits } = scope;
  const budgets = countedPeriods(limits).map((period): BudgetStanding => {
    const windows = states.map((state) => currentWindow(state, period, nowMs));
    const number = Math.max(...windows.map((window) => window.period), periodNumber(period, nowMs));
    const current = windows.filter((window) => window.period === number);
    const spent = sum(current.map((window) => window.spentNanoUsd));
    return {
      period,
      limitNanoUsd: limits.budgets.find((budget) => budget.period === period)?.amountNanoUsd,
      spentNanoUsd: spent,
      heldNanoUsd: sum(current.map((window) => window.usedNanoUsd)) - spent,
      resetsAtMs: periodEndMs(period, number),
    };
  });
  const shardTats = (pick: (state: LedgerState) => number | undefined) => states.map(pick);
  return {
    scope,
    budgets,
    requests: rateStanding(
      limits.requestsPerMinute,
      limits.burst,
      shardTats((state) => state.requestTatUs),
      nowMs,
    ),
    tokens: rateStanding(
      limits.tokensPerMinute,
      limits.burst,
      shardTats((state) => state.tokenTatUs),
      nowMs,
    ),
    parallel: { limit: limits.parallel, underWay: sum(states.map((state) => state.underWay)) },
  };
}

function rateStanding(
  perMinute: number | undefined,
  burst: number,
  tatsUs: (number | undefined)[],
  nowMs: number,
): RateStanding | undefined {
  if (perMinute === undefined) return undefined;
  const nowUs = nowMs * 1000;
  const rate = rateOf(perMinute, burst);
  // Shards share the rate evenly, so the time each is ahead of the clock counts for its share.
  const aheadUs = tatsUs.map((tatUs) => Math.max(0, (tatUs ?? 0) - nowUs));
  const meanAheadUs = Math.ceil(sum(aheadUs) / Math.max(1, aheadUs.length));
  return {
    limit: perMinute,
    remaining: Math.min(unitsAtMost(rate), unitsFree(rate, nowUs + meanAheadUs, nowUs)),
    resetsAtMs: nowMs + Math.ceil(Math.max(0, ...aheadUs) / 1000),
  };
}

/** The time one unit takes at a limit per minute, in milliseconds; what a caller waits for the next one. */
export function unitMs(perMinute: number, burst: number): number {
  return Math.ceil(costUs(rateOf(perMinute, burst), 1) / 1000);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
