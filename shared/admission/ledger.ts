import type { BudgetPeriod, ScopeLimits } from './limits.ts';
import type { Scope } from './scopes.ts';

/** What a call wants to be let in with. */
export interface AdmissionAsk {
  /** Unique for ever; admitting twice under one id admits once. Short ids make small ledger items. */
  readonly requestId: string;
  readonly scopes: readonly Scope[];
  /** The most the call can cost. */
  readonly amountNanoUsd: number;
  /** The least amount with which the call is still useful; absent, the whole amount is needed. */
  readonly floorNanoUsd?: number | undefined;
  /** The most tokens the call can use, input and output. */
  readonly tokens: number;
  /** The fewest tokens with which the call is still useful; absent, all of them are needed. */
  readonly floorTokens?: number | undefined;
  /** No price is known for some of what may serve the call, so that the amount bounds nothing; remembered in case its process dies. */
  readonly unpriced?: boolean | undefined;
  readonly nowMs: number;
  /** When the caller is dead for certain. A hold still there after that is settled in full as spent. */
  readonly expiresAtMs: number;
}

/** More for a call that is under way, on top of what it holds. */
export interface ExtensionAsk {
  readonly amountNanoUsd: number;
  /** The least that is of use; absent, the whole amount is needed. */
  readonly floorNanoUsd?: number | undefined;
  readonly tokens: number;
  readonly floorTokens?: number | undefined;
  readonly nowMs: number;
  /** A later time than before when the call was given more time. */
  readonly expiresAtMs?: number | undefined;
}

/** What a call turned out to have used. */
export interface SettlementAsk {
  readonly actualNanoUsd: number;
  readonly actualTokens: number;
  /**
   * The names under which the call was really served (the route asked for and `provider/model`).
   * Limits for other models give everything back but the request. Absent, every scope is charged.
   */
  readonly servedModels?: readonly string[] | undefined;
  readonly nowMs: number;
}

/** What one ledger item keeps back for a call; the ledger's own business. */
export interface ScopeHold {
  readonly scope: Scope;
  readonly shard: number;
  /** The limits that hold for the item: the scope's, or a slice of them. */
  readonly limits: ScopeLimits;
  readonly amountNanoUsd: number;
  readonly tokens: number;
  /** Whether the request and its parallel slot are counted in this item; with shards, one of several does. */
  readonly countsRequest: boolean;
  /** See {@link AdmissionAsk.unpriced}. */
  readonly unpriced?: boolean | undefined;
  readonly expiresAtMs: number;
  /** The periods the amount is counted in. */
  readonly periods: Readonly<Partial<Record<BudgetPeriod, number>>>;
  /** The theoretical arrival times just after this hold was taken, in microseconds. */
  readonly requestTatUs: number | undefined;
  readonly tokenTatUs: number | undefined;
}

/** The call is in; hand this back to `extend`, `settle` or `release`. */
export interface Admitted {
  readonly outcome: 'admitted';
  readonly requestId: string;
  /** What may be spent: the amount asked for, or less when it was clamped. */
  readonly amountNanoUsd: number;
  readonly tokens: number;
  /** Whether less than asked for was granted. */
  readonly clamped: boolean;
  readonly expiresAtMs: number;
  readonly holds: readonly ScopeHold[];
  /** Scopes let through unseen because the store failed and the operator prefers that; they are charged when settled. */
  readonly unheld: readonly Scope[];
  /** How each scope stands after this admission. */
  readonly standings: readonly Standing[];
}

/** Which limit refused. */
export type RefusedLimit = 'requests' | 'tokens' | 'parallel' | 'budget';

/**
 * - `exhausted`: the money is spent; nothing changes before the period ends.
 * - `contention`: only what other calls hold at the moment is in the way.
 * - `rate`: too fast; `retryAfterMs` says when it fits.
 * - `never`: the call alone is larger than the limit lets in at once.
 */
export type RefusalReason = 'exhausted' | 'contention' | 'rate' | 'never';

/** The call is not in and nothing of it is counted anywhere. */
export interface Refused {
  readonly outcome: 'refused';
  readonly scope: Scope;
  readonly limit: RefusedLimit;
  readonly reason: RefusalReason;
  /** The budget's period, when a budget refused. */
  readonly period: BudgetPeriod | undefined;
  /** In nano-USD for a budget; else requests, tokens or calls. So are the next three. */
  readonly limitValue: number;
  readonly asked: number;
  /** For a budget what is spent; 0 for the other limits. */
  readonly spent: number;
  /** For a budget what other calls hold, for `parallel` how many are under way, for rates what is not free. */
  readonly held: number;
  /** When a budget begins anew or a rate is whole again; absent for a total budget and for `parallel`. */
  readonly resetsAtMs: number | undefined;
  /** When to try again; absent when that is of no use. */
  readonly retryAfterMs: number | undefined;
  readonly standing: Standing;
}

/** The call holds more now, and this replaces what was held before. */
export interface Extended {
  readonly outcome: 'extended';
  /** Replaces the `Admitted` that was extended. */
  readonly admitted: Admitted;
  /** What was granted on top, at least the floor. */
  readonly grantedNanoUsd: number;
  readonly grantedTokens: number;
}

/** An extension that did not fit. The call goes on holding what it held. */
export interface ExtensionRefused {
  readonly outcome: 'refused';
  readonly refusal: Refused;
  /** What is held now; take it in place of the `Admitted` that was to be extended. */
  readonly admitted: Admitted;
}

/** How a settlement went. */
export interface Settled {
  /** Scopes where the hold had been settled in full by somebody else, because it was past its expiry. */
  readonly alreadySettled: readonly Scope[];
  /** Scopes the store did not take it for; what they hold is settled in full once expired. */
  readonly failed: readonly Scope[];
}

/** One budget of a scope at a moment. */
export interface BudgetStanding {
  readonly period: BudgetPeriod;
  /** Absent for the lifetime total of a scope without a total budget: it is counted all the same. */
  readonly limitNanoUsd: number | undefined;
  readonly spentNanoUsd: number;
  readonly heldNanoUsd: number;
  readonly resetsAtMs: number | undefined;
}

/** One rate limit of a scope at a moment. */
export interface RateStanding {
  readonly limit: number;
  readonly remaining: number;
  /** When the whole burst is free again. */
  readonly resetsAtMs: number;
}

/** How a scope stands: what `GET /v1/key`, the control plane and the response headers show. */
export interface Standing {
  readonly scope: Scope;
  readonly budgets: readonly BudgetStanding[];
  readonly requests: RateStanding | undefined;
  readonly tokens: RateStanding | undefined;
  readonly parallel: { readonly limit: number | undefined; readonly underWay: number };
  /** Over how many ledger items the scope is spread. */
  readonly shards: number;
}

/** A hold whose owner died, settled in full as spent. */
export interface DeadHold {
  readonly requestId: string;
  readonly scopeId: string;
  readonly amountNanoUsd: number;
  readonly expiredAtMs: number;
  /** No price was known for the call, so that the amount says nothing of its cost. */
  readonly unpriced?: boolean | undefined;
}

/** What calls under way hold, all scopes together. */
export interface HoldsUnderWay {
  readonly calls: number;
  /** What a call holds in several scopes is one amount, and counts once. */
  readonly amountNanoUsd: number;
  /** When the first of these calls would count as dead; undefined where there are none. */
  readonly nextDeadAtMs: number | undefined;
}

/**
 * Keeps the record of dead holds. Called before the hold is settled, so that a crash in between can
 * repeat a record but never lose one: recording the same request and scope twice must be harmless.
 */
export interface CrashRecorder {
  record(holds: readonly DeadHold[]): Promise<void>;
}

/**
 * The ledger: what every scope has spent and holds, shared by all instances.
 *
 * A call is admitted on all its scopes or on none. All methods are safe to repeat. `admit` throws
 * `GatewayError` `store_unavailable` within a bounded time when the store does not answer and the
 * operator did not choose to let calls through; `settle` and `release` never throw.
 */
export interface Ledger {
  admit(ask: AdmissionAsk): Promise<Admitted | Refused>;
  /** Takes more for a running call; a refusal is a result. Throws like `admit`. */
  extend(admitted: Admitted, ask: ExtensionAsk): Promise<Extended | ExtensionRefused>;
  /** Turns what is held into what was spent and gives the rest back. */
  settle(admitted: Admitted, ask: SettlementAsk): Promise<Settled>;
  /** Undoes an admission: the call was never made. */
  release(admitted: Admitted, nowMs: number): Promise<Settled>;
  /** How scopes stand now, read from the store. */
  read(scopes: readonly Scope[], nowMs: number): Promise<Standing[]>;
  /**
   * Settles all dead holds everywhere, in full as spent, and says which they were. What is held beside them it tells to
   * `underWay`, unless the ledger is too large to be gone through at once.
   */
  sweep(nowMs: number, underWay?: (holds: HoldsUnderWay) => void): Promise<DeadHold[]>;
}
