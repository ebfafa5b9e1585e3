import type { BudgetStanding, Ledger, RateStanding, Standing } from '../admission/ledger.ts';
import { type Limits, nanoUsdPerUsd } from '../admission/limits.ts';
import { allScopesOf, type ScopeKind } from '../admission/scopes.ts';
import { isoTime } from './render-records.ts';

/** What of the ledger is needed to show how a scope stands. */
export type LedgerReader = Pick<Ledger, 'read'>;

/**
 * How a holder of limits stands now: what is spent and held in all and of each budget, what is left of each rate, and
 * the same for each of its model patterns. Null when nothing is counted against it, or there is no ledger to ask.
 * @throws GatewayError `store_unavailable`.
 */
export async function readStanding(
  ledger: LedgerReader | undefined,
  kind: ScopeKind,
  id: string,
  limits: Limits | undefined,
  nowMs: number,
) {
  const scopes = allScopesOf(kind, id, limits);
  if (!ledger || scopes.length === 0) return null;
  const standings = await ledger.read(scopes, nowMs);
  const whole = standings.find((standing) => standing.scope.modelPattern === undefined);
  const perModel = standings.flatMap((standing) =>
    standing.scope.modelPattern === undefined ? [] : [[standing.scope.modelPattern, withShards(standing)] as const],
  );
  return {
    ...(whole ? withShards(whole) : { ...nothingCounted, shards: 1 }),
    per_model: perModel.length === 0 ? null : Object.fromEntries(perModel),
  };
}

/** The standing of a holder that is limited for some models only: nothing is counted against the whole of it. */
export const nothingCounted = {
  spent_usd: null,
  held_usd: null,
  under_way: null,
  budgets: [],
  requests: null,
  tokens: null,
  parallel: null,
};

/**
 * One scope's standing in the words of the API: money in US dollars, times in ISO 8601, null for what is not limited.
 * `spent_usd` is of all time, budgets are of their periods.
 */
export function renderStanding(standing: Standing) {
  const inAll = standing.budgets.find(({ period }) => period === 'total');
  return {
    spent_usd: toUsd(inAll?.spentNanoUsd ?? 0),
    held_usd: toUsd(inAll?.heldNanoUsd ?? 0),
    under_way: standing.parallel.underWay,
    budgets: standing.budgets.filter((budget) => budget.limitNanoUsd !== undefined).map(renderBudget),
    requests: renderRate(standing.requests),
    tokens: renderRate(standing.tokens),
    parallel: standing.parallel.limit === undefined ? null : { limit: standing.parallel.limit, under_way: standing.parallel.underWay },
  };
}

/** Over how many items a scope is spread is the operator's business, not its callers'. */
function withShards(standing: Standing) {
  return { ...renderStanding(standing), shards: standing.shards };
}

function renderBudget(budget: BudgetStanding) {
  const limit = budget.limitNanoUsd ?? 0;
  return {
    period: budget.period,
    limit_usd: toUsd(limit),
    spent_usd: toUsd(budget.spentNanoUsd),
    held_usd: toUsd(budget.heldNanoUsd),
    remaining_usd: toUsd(Math.max(0, limit - budget.spentNanoUsd - budget.heldNanoUsd)),
    resets_at: isoTime(budget.resetsAtMs),
  };
}

function renderRate(rate: RateStanding | undefined) {
  return rate ? { limit: rate.limit, remaining: rate.remaining, resets_at: isoTime(rate.resetsAtMs) } : null;
}

/** A double holds nine decimals of any sum that fits nano-USD, so nothing is lost but the binary form's own last bit. */
function toUsd(nanoUsd: number): number {
  return nanoUsd / nanoUsdPerUsd;
}
