import type { ScopeHold } from './ledger.ts';
import { countedPeriods, currentWindow, type HoldState, type LedgerShape } from './ledger-state.ts';
import type { BudgetPeriod, ScopeLimits } from './limits.ts';
import { costUs, microseconds, rateOf, refundUs } from './rate.ts';

/** What a write adds to a budget window, and what must be true for it. */
export interface WindowStep {
  readonly period: BudgetPeriod;
  readonly number: number;
  /** The period begins with this write: the window is set anew, provided nobody began it before. */
  readonly fresh: boolean;
  readonly addUsedNanoUsd: number;
  readonly addSpentNanoUsd: number;
  /** How much may be used at most before this write; absent where nothing is limited. */
  readonly usedAtMostNanoUsd: number | undefined;
}

/** What a write adds to a theoretical arrival time, and what must be true for it. */
export interface RateStep {
  readonly nowUs: number;
  readonly costUs: number;
  /** All that was let in has drained: the arrival time is set from the clock, provided it lies behind it. */
  readonly drained: boolean;
  /** How far the arrival time may reach at most before this write. */
  readonly tatAtMostUs: number;
}

/** One write that takes something: a new hold, or more for one that exists. */
export interface TakeStep {
  readonly requestId: string;
  /** The hold this write replaces; absent when the call must not be in yet. */
  readonly previous: HoldState | undefined;
  readonly hold: HoldState;
  readonly windows: readonly WindowStep[];
  readonly requests: RateStep | undefined;
  readonly tokens: RateStep | undefined;
  readonly underWayBelow: number | undefined;
}

/** One write that ends holds: a settlement, a release, or the settling of dead ones. */
export interface EndStep {
  readonly ended: readonly { readonly requestId: string; readonly hold: HoldState }[];
  readonly windows: readonly WindowStep[];
  readonly requestTatBackUs: number;
  readonly tokenTatBackUs: number;
}

/** The arrival time a rate step leads to, given where it stood; what the next write of this instance had better expect. */
export function expectedTatUs(step: RateStep | undefined, tatUs: number | undefined): number | undefined {
  if (!step) return tatUs;
  return step.drained || tatUs === undefined ? step.nowUs + step.costUs : tatUs + step.costUs;
}

/** What is to be taken from an item, limits having been looked at or to be looked at by the condition. */
export interface Grant {
  readonly requestId: string;
  readonly amountNanoUsd: number;
  readonly tokens: number;
  readonly countsRequest: boolean;
  readonly unpriced?: boolean | undefined;
  readonly expiresAtMs: number;
  /** The hold to extend; absent for a new one. */
  readonly previous: HoldState | undefined;
}

/**
 * The write that takes a grant, its form chosen from the state the item was last seen in: DynamoDB's
 * expressions cannot branch, so whether a period begins anew or a rate has drained is guessed from there
 * and stands in the condition. A wrong guess makes the write fail and brings the true state.
 *
 * Absent when the grant is larger than a whole limit: no condition could say so for a window not yet begun.
 */
export function takeStep(state: LedgerShape, limits: ScopeLimits, grant: Grant, nowMs: number): TakeStep | undefined {
  const { previous } = grant;
  const periods: Partial<Record<BudgetPeriod, number>> = { ...previous?.periods };
  const windows: WindowStep[] = [];
  for (const period of countedPeriods(limits)) {
    const window = currentWindow(state, period, nowMs);
    const add = addedToWindow(grant, period, window.period);
    const limit = grant.amountNanoUsd > 0 ? limits.budgets.find((budget) => budget.period === period)?.amountNanoUsd : undefined;
    if (limit !== undefined && add > limit) return undefined;
    periods[period] = window.period;
    windows.push({
      period,
      number: window.period,
      fresh: window.fresh,
      addUsedNanoUsd: add,
      addSpentNanoUsd: 0,
      usedAtMostNanoUsd: limit === undefined ? undefined : limit - add,
    });
  }
  const takesRequest = grant.countsRequest && previous === undefined;
  const requests = rateStep(limits.requestsPerMinute, limits.burst, takesRequest ? 1 : 0, state.requestTatUs, nowMs);
  const tokens = rateStep(limits.tokensPerMinute, limits.burst, grant.tokens, state.tokenTatUs, nowMs);
  const noPlaces = takesRequest && limits.parallel === 0;
  if (requests === 'never' || tokens === 'never' || noPlaces) return undefined;
  return {
    requestId: grant.requestId,
    previous,
    hold: {
      amountNanoUsd: (previous?.amountNanoUsd ?? 0) + grant.amountNanoUsd,
      tokens: (previous?.tokens ?? 0) + grant.tokens,
      countsRequest: previous?.countsRequest ?? grant.countsRequest,
      unpriced: previous?.unpriced ?? grant.unpriced,
      expiresAtMs: grant.expiresAtMs,
      periods,
    },
    windows,
    requests,
    tokens,
    underWayBelow: takesRequest ? limits.parallel : undefined,
  };
}

/**
 * What a grant adds to a window. A running call whose hold is counted in a period gone by is carried
 * into the new one as a whole by its first extension there: the new budget bears it, never neither.
 */
export function addedToWindow(grant: Pick<Grant, 'amountNanoUsd' | 'previous'>, period: BudgetPeriod, number: number): number {
  const { previous } = grant;
  const carried = previous && previous.periods[period] !== number ? previous.amountNanoUsd : 0;
  return grant.amountNanoUsd + carried;
}

function rateStep(
  perMinute: number | undefined,
  burst: number,
  units: number,
  tatUs: number | undefined,
  nowMs: number,
): RateStep | 'never' | undefined {
  if (perMinute === undefined || units <= 0) return undefined;
  if (perMinute === 0) return 'never';
  const rate = rateOf(perMinute, burst);
  const nowUs = microseconds(nowMs);
  const cost = costUs(rate, units);
  if (cost > rate.burstUs) return 'never';
  return { nowUs, costUs: cost, drained: tatUs === undefined || tatUs < nowUs, tatAtMostUs: nowUs + rate.burstUs - cost };
}

/** What a hold is settled with; all at zero releases it. */
export interface Actual {
  readonly nanoUsd: number;
  readonly tokens: number;
  /** Whether the request counts; one that was never made does not. */
  readonly request: boolean;
}

/**
 * The write that settles one hold. Money goes to the periods it was held in; where a newer period has begun
 * there is nothing left to correct. Unused tokens go back as far as they have not drained meanwhile;
 * tokens used beyond the hold are charged.
 */
export function settleStep(
  requestId: string,
  state: LedgerShape,
  held: HoldState,
  taken: Pick<ScopeHold, 'requestTatUs' | 'tokenTatUs'>,
  limits: ScopeLimits,
  actual: Actual,
  nowMs: number,
): EndStep {
  const nowUs = microseconds(nowMs);
  let requestTatBackUs = 0;
  let tokenTatBackUs = 0;
  if (!actual.request && held.countsRequest && limits.requestsPerMinute !== undefined && taken.requestTatUs !== undefined) {
    requestTatBackUs = refundUs(rateOf(limits.requestsPerMinute, limits.burst), 1, taken.requestTatUs, nowUs);
  }
  if (limits.tokensPerMinute !== undefined && taken.tokenTatUs !== undefined) {
    const rate = rateOf(limits.tokensPerMinute, limits.burst);
    const unused = held.tokens - actual.tokens;
    tokenTatBackUs = unused >= 0 ? refundUs(rate, unused, taken.tokenTatUs, nowUs) : -costUs(rate, -unused);
  }
  return {
    ended: [{ requestId, hold: held }],
    windows: endedWindows(state, [{ hold: held, spentNanoUsd: actual.nanoUsd }]),
    requestTatBackUs,
    tokenTatBackUs,
  };
}

/** The write that settles dead holds, in full as spent: nobody knows what they really cost. */
export function buryStep(state: LedgerShape, dead: readonly [string, HoldState][]): EndStep {
  return {
    ended: dead.map(([requestId, hold]) => ({ requestId, hold })),
    windows: endedWindows(
      state,
      dead.map(([, hold]) => ({ hold, spentNanoUsd: hold.amountNanoUsd })),
    ),
    requestTatBackUs: 0,
    tokenTatBackUs: 0,
  };
}

function endedWindows(state: LedgerShape, ended: readonly { hold: HoldState; spentNanoUsd: number }[]): WindowStep[] {
  const steps = new Map<BudgetPeriod, WindowStep>();
  for (const { hold, spentNanoUsd } of ended) {
    for (const [period, number] of Object.entries(hold.periods) as [BudgetPeriod, number][]) {
      const movedOn = (state.windows[period]?.period ?? number) > number;
      if (movedOn) continue;
      const before = steps.get(period);
      steps.set(period, {
        period,
        number,
        fresh: false,
        addUsedNanoUsd: (before?.addUsedNanoUsd ?? 0) + spentNanoUsd - hold.amountNanoUsd,
        addSpentNanoUsd: (before?.addSpentNanoUsd ?? 0) + spentNanoUsd,
        usedAtMostNanoUsd: undefined,
      });
    }
  }
  return [...steps.values()];
}
