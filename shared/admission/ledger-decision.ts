import type { Refused } from './ledger.ts';
import { currentWindow, type LedgerState, standingOf } from './ledger-state.ts';
import { addedToWindow, type Grant } from './ledger-steps.ts';
import type { ScopeLimits } from './limits.ts';
import { periodEndMs } from './periods.ts';
import { costUs, microseconds, rateOf, unitsAtMost, unitsFree, waitUs } from './rate.ts';
import type { Scope } from './scopes.ts';

/** A grant and the least of it that is of use. */
export interface Wish extends Grant {
  readonly floorNanoUsd: number | undefined;
  readonly floorTokens: number | undefined;
}

/** What fits: the wish itself, or as much of it as there is room for. */
export interface Allowed {
  readonly outcome: 'allowed';
  readonly amountNanoUsd: number;
  readonly tokens: number;
}

/** How long to wait for money or places that other calls hold: nobody knows when those end. */
const contentionRetryMs = 1_000;

/**
 * Decides a wish on the true state of a scope: how much of it fits under all limits, or which limit
 * refuses and why. Of several refusals the one that lasts longest is told.
 * @param limits those of the scope, or of a slice of it.
 */
export function decide(state: LedgerState, scope: Scope, limits: ScopeLimits, wish: Wish, nowMs: number): Allowed | Refused {
  const money = fittingMoney(state, limits, wish, nowMs);
  const tokens = fittingTokens(state, limits, wish, nowMs);
  const refusals: Refusal[] = [...money.refusals, ...tokens.refusals];
  if (wish.countsRequest && !wish.previous) refusals.push(...refusedRequest(state, limits, nowMs));
  const refusal = gravest(refusals);
  if (refusal) return { outcome: 'refused', scope, ...refusal, standing: standingOf(scope, [{ state, limits }], nowMs) };
  return { outcome: 'allowed', amountNanoUsd: money.fits, tokens: tokens.fits };
}

/** Of several refusals the one that lasts longest. */
export function gravest<Any extends Pick<Refused, 'reason' | 'retryAfterMs'>>(refusals: readonly Any[]): Any | undefined {
  return refusals.toSorted((one, other) => weight(other) - weight(one))[0];
}

type Refusal = Omit<Refused, 'outcome' | 'scope' | 'standing'>;

interface Fit {
  readonly fits: number;
  readonly refusals: Refusal[];
}

function weight(refusal: Pick<Refused, 'reason' | 'retryAfterMs'>): number {
  if (refusal.reason === 'exhausted') return Number.MAX_VALUE;
  if (refusal.reason === 'never') return Number.MAX_SAFE_INTEGER;
  return refusal.retryAfterMs ?? 0;
}

/** A shard without a share of a small rate takes no requests; the others do. */
const noSlice: Refusal = {
  limit: 'requests',
  reason: 'rate',
  period: undefined,
  limitValue: 0,
  asked: 1,
  spent: 0,
  held: 0,
  resetsAtMs: undefined,
  retryAfterMs: contentionRetryMs,
};

function fittingMoney(state: LedgerState, limits: ScopeLimits, wish: Wish, nowMs: number): Fit {
  if (wish.amountNanoUsd <= 0) return { fits: wish.amountNanoUsd, refusals: [] };
  const needed = limits.clamp ? (wish.floorNanoUsd ?? wish.amountNanoUsd) : wish.amountNanoUsd;
  let fits = wish.amountNanoUsd;
  const refusals: Refusal[] = [];
  for (const { period, amountNanoUsd: limit } of limits.budgets) {
    const window = currentWindow(state, period, nowMs);
    const carried = addedToWindow(wish, period, window.period) - wish.amountNanoUsd;
    const room = limit - window.usedNanoUsd - carried;
    fits = Math.min(fits, room);
    if (room >= needed) continue;
    const exhausted = limit - window.spentNanoUsd - carried < needed;
    refusals.push({
      limit: 'budget',
      reason: exhausted ? 'exhausted' : 'contention',
      period,
      limitValue: limit,
      asked: wish.amountNanoUsd,
      spent: window.spentNanoUsd,
      held: window.usedNanoUsd - window.spentNanoUsd,
      resetsAtMs: periodEndMs(period, window.period),
      retryAfterMs: exhausted ? undefined : contentionRetryMs,
    });
  }
  return { fits, refusals };
}

function fittingTokens(state: LedgerState, limits: ScopeLimits, wish: Wish, nowMs: number): Fit {
  const limit = limits.tokensPerMinute;
  if (limit === undefined || wish.tokens <= 0) return { fits: wish.tokens, refusals: [] };
  const needed = limits.clamp ? (wish.floorTokens ?? wish.tokens) : wish.tokens;
  const rate = rateOf(limit, limits.burst);
  const nowUs = microseconds(nowMs);
  const free = limit === 0 ? 0 : fittingUnits(rate, state.tokenTatUs, nowUs);
  if (free >= needed) return { fits: Math.min(wish.tokens, free), refusals: [] };
  const most = limit === 0 ? 0 : unitsAtMost(rate);
  const never = needed > most;
  return {
    fits: free,
    refusals: [
      {
        limit: 'tokens',
        reason: never ? 'never' : 'rate',
        period: undefined,
        limitValue: limit,
        asked: never ? needed : wish.tokens,
        spent: 0,
        held: most - free,
        resetsAtMs: nowMs + aheadMs(state.tokenTatUs, nowMs),
        retryAfterMs: never ? undefined : Math.ceil(waitUs(rate, state.tokenTatUs, nowUs, needed) / 1000),
      },
    ],
  };
}

/** Units free whose cost, rounded up, does fit. */
function fittingUnits(rate: ReturnType<typeof rateOf>, tatUs: number | undefined, nowUs: number): number {
  const free = unitsFree(rate, tatUs, nowUs);
  const roomUs = nowUs + rate.burstUs - Math.max(tatUs ?? 0, nowUs);
  return free > 0 && costUs(rate, free) > roomUs ? free - 1 : free;
}

function refusedRequest(state: LedgerState, limits: ScopeLimits, nowMs: number): Refusal[] {
  const refusals: Refusal[] = [];
  if (limits.parallel !== undefined && state.underWay >= limits.parallel) {
    refusals.push({
      limit: 'parallel',
      reason: 'contention',
      period: undefined,
      limitValue: limits.parallel,
      asked: 1,
      spent: 0,
      held: state.underWay,
      resetsAtMs: undefined,
      retryAfterMs: contentionRetryMs,
    });
  }
  const limit = limits.requestsPerMinute;
  if (limit === undefined) return refusals;
  if (limit === 0) return [...refusals, noSlice];
  const rate = rateOf(limit, limits.burst);
  const nowUs = microseconds(nowMs);
  const wait = waitUs(rate, state.requestTatUs, nowUs, 1);
  if (wait > 0) {
    refusals.push({
      limit: 'requests',
      reason: 'rate',
      period: undefined,
      limitValue: limit,
      asked: 1,
      spent: 0,
      held: unitsAtMost(rate) - unitsFree(rate, state.requestTatUs, nowUs),
      resetsAtMs: nowMs + aheadMs(state.requestTatUs, nowMs),
      retryAfterMs: Math.ceil(wait / 1000),
    });
  }
  return refusals;
}

function aheadMs(tatUs: number | undefined, nowMs: number): number {
  return Math.max(0, Math.ceil(((tatUs ?? 0) - microseconds(nowMs)) / 1000));
}
