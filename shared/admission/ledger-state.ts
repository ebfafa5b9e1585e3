import type { Layout } from './layout.ts';
import type { BudgetStanding, RateStanding, Standing } from './ledger.ts';
import type { BudgetPeriod, ScopeLimits } from './limits.ts';
import { periodEndMs, periodNumber } from './periods.ts';
import { microseconds, rateOf, unitsAtMost, unitsFree } from './rate.ts';
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
  /** No price is known for the call: the amount bounds nothing. */
  readonly unpriced?: boolean | undefined;
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
  /** How the scope is spread over several items; known from the first of them. */
  readonly layout: Layout | undefined;
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
  layout: undefined,
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

/** An item's state and the limits that hold for it: those of the scope, or its slice of them. */
export interface LedgerPart {
  readonly state: Pick<LedgerState, 'windows' | 'requestTatUs' | 'tokenTatUs' | 'underWay'>;
  readonly limits: ScopeLimits;
}

/** Shows how a scope stands, from all its items. */
export function standingOf(scope: Scope, parts: readonly LedgerPart[], nowMs: number): Standing {
  const { limits } = scope;
  const budgets = countedPeriods(limits).map((period): BudgetStanding => {
    const { number, usedNanoUsd, spentNanoUsd } = wholeWindow(parts, period, nowMs);
    return {
      period,
      limitNanoUsd: limits.budgets.find((budget) => budget.period === period)?.amountNanoUsd,
      spentNanoUsd,
      heldNanoUsd: usedNanoUsd - spentNanoUsd,
      resetsAtMs: periodEndMs(period, number),
    };
  });
  const requests = parts.map((part) => ({ perMinute: part.limits.requestsPerMinute, tatUs: part.state.requestTatUs }));
  const tokens = parts.map((part) => ({ perMinute: part.limits.tokensPerMinute, tatUs: part.state.tokenTatUs }));
  return {
    scope,
    budgets,
    requests: rateStanding(limits.requestsPerMinute, limits.burst, requests, nowMs),
    tokens: rateStanding(limits.tokensPerMinute, limits.burst, tokens, nowMs),
    parallel: { limit: limits.parallel, underWay: sum(parts.map((part) => part.state.underWay)) },
    shards: parts.length,
  };
}

/** A window over all items: what is in the latest period anybody has begun. */
export function wholeWindow(parts: readonly Pick<LedgerPart, 'state'>[], period: BudgetPeriod, nowMs: number) {
  const windows = parts.map((part) => currentWindow(part.state, period, nowMs));
  const number = Math.max(...windows.map((window) => window.period), periodNumber(period, nowMs));
  const current = windows.filter((window) => window.period === number);
  return {
    number,
    usedNanoUsd: sum(current.map((window) => window.usedNanoUsd)),
    spentNanoUsd: sum(current.map((window) => window.spentNanoUsd)),
  };
}

function rateStanding(
  limit: number | undefined,
  burst: number,
  parts: readonly { readonly perMinute: number | undefined; readonly tatUs: number | undefined }[],
  nowMs: number,
): RateStanding | undefined {
  if (limit === undefined) return undefined;
  const nowUs = microseconds(nowMs);
  const aheadUs = Math.max(0, ...parts.map((part) => (part.tatUs ?? 0) - nowUs));
  const free = parts.map(({ perMinute, tatUs }) => (perMinute ? unitsFree(rateOf(perMinute, burst), tatUs, nowUs) : 0));
  return { limit, remaining: Math.min(unitsAtMost(rateOf(limit, burst)), sum(free)), resetsAtMs: nowMs + Math.ceil(aheadUs / 1000) };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
