import type { Refused, ScopeHold } from './ledger.ts';
import { decide, gravest, type Wish } from './ledger-decision.ts';
import { emptyLedger, type LedgerPart, type LedgerState, standingOf, type WindowState, wholeWindow } from './ledger-state.ts';
import { type BudgetPeriod, budgetPeriods } from './limits.ts';
import { rateOf, unitsAtMost } from './rate.ts';
import type { Scope } from './scopes.ts';

/** One shard of a scope as it was read, with its slice of the limits. */
export interface SlicePart extends LedgerPart {
  readonly shard: number;
  readonly state: LedgerState;
}

/** What a shard could give to a wish. */
export interface SliceRoom extends SlicePart {
  readonly nanoUsd: number;
  readonly tokens: number;
  /** Whether it could count the request; why not, if not. */
  readonly request: Refused | undefined;
}

/** What a caller waits when only fragments of a limit are free at the moment. */
const fragmentsRetryMs = 1_000;

/** What each shard could give to a wish, those that can count its request first, and of them those with the most money. */
export function roomsOf(parts: readonly SlicePart[], held: readonly ScopeHold[], wish: Wish, nowMs: number): SliceRoom[] {
  const rooms = parts.map((part): SliceRoom => {
    const before = held.find((hold) => hold.shard === part.shard);
    const anything: Wish = { ...wish, floorNanoUsd: 0, floorTokens: 0, previous: before };
    const given = decide(part.state, scopeless, part.limits, { ...anything, countsRequest: false }, nowMs);
    const counted = decide(part.state, scopeless, part.limits, { ...anything, amountNanoUsd: 0, tokens: 0 }, nowMs);
    const allowed = given.outcome === 'allowed';
    return {
      ...part,
      nanoUsd: allowed ? given.amountNanoUsd : 0,
      tokens: allowed ? given.tokens : 0,
      request: counted.outcome === 'refused' ? counted : undefined,
    };
  });
  return rooms.sort((one, other) => Number(one.request !== undefined) - Number(other.request !== undefined) || other.nanoUsd - one.nanoUsd);
}

/** The least a wish needs of a scope. */
export function needsOf(scope: Scope, wish: Wish): { readonly nanoUsd: number; readonly tokens: number } {
  const { clamp } = scope.limits;
  return {
    nanoUsd: clamp ? (wish.floorNanoUsd ?? wish.amountNanoUsd) : wish.amountNanoUsd,
    tokens: clamp ? (wish.floorTokens ?? wish.tokens) : wish.tokens,
  };
}

/** Whether all shards together could grant a wish, one of them counting its request. */
export function isEnough(scope: Scope, wish: Wish, rooms: readonly SliceRoom[]): boolean {
  const { nanoUsd, tokens } = needsOf(scope, wish);
  const counted = !wish.countsRequest || rooms.some((room) => room.request === undefined);
  return counted && sum(rooms, (room) => room.nanoUsd) >= nanoUsd && sum(rooms, (room) => room.tokens) >= tokens;
}

/** Tells the refusal of the scope as a whole: its own figures, not those of a slice. */
export function refusalOf(scope: Scope, rooms: readonly SliceRoom[], wish: Wish, nowMs: number): Refused {
  const windows: Partial<Record<BudgetPeriod, WindowState>> = {};
  for (const period of budgetPeriods) {
    const { number, usedNanoUsd, spentNanoUsd } = wholeWindow(rooms, period, nowMs);
    windows[period] = { period: number, usedNanoUsd, spentNanoUsd };
  }
  const { requestsPerMinute, tokensPerMinute, parallel, burst } = scope.limits;
  const moneyOnly = { ...scope.limits, requestsPerMinute: undefined, tokensPerMinute: undefined, parallel: undefined };
  const money = decide({ ...emptyLedger, windows }, scope, moneyOnly, wish, nowMs);
  const standing = standingOf(scope, rooms, nowMs);
  if (money.outcome === 'refused') return { ...money, standing };

  const nothing = { period: undefined, spent: 0, resetsAtMs: undefined, retryAfterMs: fragmentsRetryMs };
  const uncounted = rooms.flatMap((room) => (room.request ? [room.request] : []));
  const request = uncounted.length === rooms.length ? gravest(uncounted) : undefined;
  if (wish.countsRequest && request) {
    const limitValue = (request.limit === 'parallel' ? parallel : requestsPerMinute) ?? request.limitValue;
    const soonestMs = Math.min(...uncounted.map((refusal) => refusal.retryAfterMs ?? fragmentsRetryMs));
    return { ...request, scope, limitValue, held: limitValue, retryAfterMs: soonestMs, standing };
  }
  const { tokens } = needsOf(scope, wish);
  const freeTokens = sum(rooms, (room) => room.tokens);
  if (tokensPerMinute !== undefined && freeTokens < tokens) {
    const most = unitsAtMost(rateOf(tokensPerMinute, burst));
    const never = tokens > most;
    const waitMs = Math.max(fragmentsRetryMs, Math.ceil(((tokens - freeTokens) * 60_000) / tokensPerMinute));
    const why = { reason: never ? 'never' : 'rate', retryAfterMs: never ? undefined : waitMs } as const;
    return {
      outcome: 'refused',
      ...nothing,
      scope,
      limit: 'tokens',
      ...why,
      limitValue: tokensPerMinute,
      asked: tokens,
      held: most - freeTokens,
      standing,
    };
  }
  // There was enough in all, but others took the fragments this call needed.
  const [budget] = standing.budgets.filter((candidate) => candidate.limitNanoUsd !== undefined);
  const figures = budget && {
    limitValue: budget.limitNanoUsd ?? 0,
    spent: budget.spentNanoUsd,
    held: budget.heldNanoUsd,
    period: budget.period,
  };
  return {
    outcome: 'refused',
    ...nothing,
    scope,
    limit: budget ? 'budget' : 'parallel',
    reason: 'contention',
    limitValue: parallel ?? 0,
    asked: wish.amountNanoUsd,
    held: standing.parallel.underWay,
    ...figures,
    standing,
  };
}

/** Rooms are asked for figures only; the refusal told in the end names the scope. */
const scopeless: Scope = {
  id: '',
  kind: 'key',
  name: '',
  modelPattern: undefined,
  limits: {
    requestsPerMinute: undefined,
    tokensPerMinute: undefined,
    burst: 1,
    parallel: undefined,
    budgets: [],
    clamp: true,
    clampFloorTokens: undefined,
    shards: 1,
  },
};

function sum(rooms: readonly SliceRoom[], pick: (room: SliceRoom) => number): number {
  return rooms.reduce((total, room) => total + pick(room), 0);
}
