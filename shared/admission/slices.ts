import type { Layout } from './layout.ts';
import { currentWindow, type LedgerShape } from './ledger-state.ts';
import type { ScopeLimits } from './limits.ts';

/**
 * The slice of a scope's limits that holds for one shard. Slices never add up to more than the limits:
 *
 * - Money is divided evenly; what had been used before the scope was spread stays with shard 0.
 * - Rates are divided over as many shards as have a whole unit in their burst, else small limits would grow.
 * - Places for parallel calls are divided evenly, remainders to the first.
 */
export function sliceOf(limits: ScopeLimits, layout: Layout, shard: number, shape: LedgerShape, nowMs: number): ScopeLimits {
  const { shards } = layout;
  return {
    ...limits,
    clamp: true,
    requestsPerMinute: rateShare(limits.requestsPerMinute, limits.burst, shards, shard),
    tokensPerMinute: rateShare(limits.tokensPerMinute, limits.burst, shards, shard),
    parallel: limits.parallel === undefined ? undefined : share(limits.parallel, shards, shard),
    budgets: limits.budgets.map(({ period, amountNanoUsd }) => {
      const before = layout.before[period];
      const current = currentWindow(shape, period, nowMs).period;
      const own = before && before.period === current ? Math.min(before.usedNanoUsd, amountNanoUsd) : 0;
      return { period, amountNanoUsd: (shard === 0 ? own : 0) + share(amountNanoUsd - own, shards, shard) };
    }),
  };
}

/** Whether a shard can take requests at all. */
export function takesRequests(slice: ScopeLimits): boolean {
  return slice.requestsPerMinute !== 0 && slice.parallel !== 0;
}

function rateShare(perMinute: number | undefined, burst: number, shards: number, shard: number): number | undefined {
  if (perMinute === undefined) return undefined;
  const sharing = Math.max(1, Math.min(shards, Math.floor(perMinute * burst)));
  return shard < sharing ? share(perMinute, sharing, shard) : 0;
}

function share(whole: number, parts: number, part: number): number {
  return Math.floor(whole / parts) + (part < whole % parts ? 1 : 0);
}
