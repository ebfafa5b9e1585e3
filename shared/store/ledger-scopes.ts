import type { Admitted, Refused, ScopeHold, Standing } from '../admission/ledger.ts';
import type { Wish } from '../admission/ledger-decision.ts';
import { standingOf } from '../admission/ledger-state.ts';
import type { Actual } from '../admission/ledger-steps.ts';
import type { ScopeLimits } from '../admission/limits.ts';
import type { Scope } from '../admission/scopes.ts';
import { heldBy, type LedgerItemRef, type LedgerItems, replacing } from './ledger-items.ts';
import { type Gathered, LedgerShards } from './ledger-shards.ts';

/** A scope has taken the call in. */
export interface ScopeTaken extends Gathered {
  readonly scope: Scope;
}

/** More money and tokens for what a call holds in a scope. */
export type ScopeExtension = Pick<Wish, 'amountNanoUsd' | 'floorNanoUsd' | 'tokens' | 'floorTokens' | 'expiresAtMs'>;

/** Takes and ends what calls hold in whole scopes: in their one item, or in the several they are spread over. */
export class LedgerScopes {
  readonly #items: LedgerItems;
  readonly #shards: LedgerShards;

  constructor(items: LedgerItems) {
    this.#items = items;
    this.#shards = new LedgerShards(items);
  }

  /** @throws StoreError */
  async take(scope: Scope, wish: Wish, nowMs: number): Promise<ScopeTaken | Refused> {
    const outcome = await this.#gather(scope, [], wish, nowMs);
    return outcome.outcome === 'refused' ? outcome : { scope, ...outcome };
  }

  /**
   * Takes more. What an earlier clamped step left over in this scope, because another scope granted less, is used first.
   * @throws StoreError
   */
  async extend(scope: Scope, admitted: Admitted, more: ScopeExtension, nowMs: number): Promise<ScopeTaken | Refused> {
    const holds = holdsIn(scope, admitted);
    const spareNanoUsd = sum(holds, (hold) => hold.amountNanoUsd) - admitted.amountNanoUsd;
    const spareTokens = sum(holds, (hold) => hold.tokens) - admitted.tokens;
    const wish: Wish = {
      requestId: admitted.requestId,
      amountNanoUsd: Math.max(0, more.amountNanoUsd - spareNanoUsd),
      floorNanoUsd: more.floorNanoUsd === undefined ? undefined : Math.max(0, more.floorNanoUsd - spareNanoUsd),
      tokens: Math.max(0, more.tokens - spareTokens),
      floorTokens: more.floorTokens === undefined ? undefined : Math.max(0, more.floorTokens - spareTokens),
      countsRequest: false,
      expiresAtMs: more.expiresAtMs,
      previous: undefined,
    };
    const standing = admitted.standings.find((candidate) => candidate.scope === scope);
    const nothingToDo = wish.amountNanoUsd === 0 && wish.tokens === 0 && holds.every((hold) => hold.expiresAtMs === more.expiresAtMs);
    if (nothingToDo && standing) return { outcome: 'taken', scope, holds, standing };
    const outcome = await this.#gather(scope, holds, wish, nowMs);
    return outcome.outcome === 'refused' ? outcome : { scope, ...outcome };
  }

  /** Lowers what is held to what the call may spend. @throws StoreError */
  async trim(scope: Scope, admitted: Admitted, nowMs: number): Promise<ScopeHold[]> {
    let surplus = sum(holdsIn(scope, admitted), (hold) => hold.amountNanoUsd) - admitted.amountNanoUsd;
    const trimmed: ScopeHold[] = [];
    for (const hold of holdsIn(scope, admitted)) {
      const less = Math.min(surplus, hold.amountNanoUsd);
      trimmed.push(less <= 0 ? hold : await this.#lower(hold, admitted.requestId, less, nowMs));
      surplus -= Math.max(0, less);
    }
    return trimmed;
  }

  /** Ends all a call holds in a scope. False when it had been settled in full, being past its expiry. @throws StoreError */
  async end(scope: Scope, admitted: Admitted, actual: Actual, nowMs: number): Promise<boolean> {
    const holds = holdsIn(scope, admitted);
    const parts = sharedOut(holds, actual);
    const ended = await Promise.all(
      holds.map((hold, index) => this.#items.end(this.#shards.itemOf(hold), admitted.requestId, hold, parts[index] ?? actual, nowMs)),
    );
    return ended.every(Boolean);
  }

  /** Charges a scope for a call it never held anything for, whatever its limits say: the money is spent. @throws StoreError */
  async charge(scope: Scope, requestId: string, actual: Actual, nowMs: number): Promise<boolean> {
    const wish: Wish = {
      requestId,
      amountNanoUsd: actual.nanoUsd,
      floorNanoUsd: undefined,
      tokens: 0,
      floorTokens: undefined,
      countsRequest: true,
      // Long enough to end it below, even when that has to be tried for minutes.
      expiresAtMs: nowMs + 300_000,
      previous: undefined,
    };
    const limits = withoutRefusals(scope.limits);
    const ref: LedgerItemRef = { ...this.#shards.wholeItem(scope), limitsFor: () => limits };
    const taken = await this.#items.take(ref, wish, nowMs);
    if (taken.outcome === 'refused') return false;
    if (taken.outcome === 'taken') return this.#items.end(ref, requestId, taken.hold, actual, nowMs);
    this.#shards.learn(scope, taken.layout);
    return this.charge(scope, requestId, actual, nowMs);
  }

  /** Gives back what an admission may have taken whose answer never came. @throws StoreError */
  async abandon(scope: Scope, requestId: string, nowMs: number): Promise<void> {
    const refs = this.#shards.allItems(scope, nowMs);
    await Promise.all(refs.map((ref) => this.#items.abandon(ref, requestId, nowMs)));
  }

  /** How a scope stands. @throws StoreError */
  async read(scope: Scope, nowMs: number): Promise<Standing> {
    const first = await this.#items.read(this.#shards.wholeItem(scope));
    if (!first.layout) return standingOf(scope, [{ state: first, limits: scope.limits }], nowMs);
    this.#shards.learn(scope, first.layout);
    const parts = await this.#shards.readAll(scope, first.layout, nowMs);
    return standingOf(scope, parts, nowMs);
  }

  /** Takes from the scope's one item, or from those it is spread over once that is known. */
  async #gather(scope: Scope, holds: readonly ScopeHold[], wish: Wish, nowMs: number): Promise<Gathered | Refused> {
    const layout = await this.#shards.layoutOf(scope, nowMs);
    if (layout) return this.#shards.gather(scope, layout, holds, wish, nowMs);
    const [hold] = holds;
    const taking = this.#items.take(this.#shards.wholeItem(scope), hold ? { ...wish, previous: heldBy(hold) } : wish, nowMs);
    const taken = await taking.catch((error: unknown) => {
      this.#shards.spreadIfThrottled(scope, error, nowMs);
      throw error;
    });
    if (taken.outcome === 'refused') return taken;
    if (taken.outcome === 'taken') {
      this.#shards.spreadIfCrowded(scope, taken.state, nowMs);
      const standing = standingOf(scope, [{ state: taken.state, limits: scope.limits }], nowMs);
      return { outcome: 'taken', holds: [replacing(hold, taken.hold)], standing };
    }
    this.#shards.learn(scope, taken.layout);
    return this.#gather(scope, holds, wish, nowMs);
  }

  async #lower(hold: ScopeHold, requestId: string, lessNanoUsd: number, nowMs: number): Promise<ScopeHold> {
    const wish: Wish = {
      requestId,
      amountNanoUsd: -lessNanoUsd,
      floorNanoUsd: undefined,
      tokens: 0,
      floorTokens: undefined,
      countsRequest: hold.countsRequest,
      expiresAtMs: hold.expiresAtMs,
      previous: heldBy(hold),
    };
    const taken = await this.#items.take(this.#shards.itemOf(hold), wish, nowMs);
    return taken.outcome === 'taken' ? replacing(hold, taken.hold) : hold;
  }
}

function holdsIn(scope: Scope, admitted: Admitted): ScopeHold[] {
  return admitted.holds.filter((hold) => hold.scope === scope);
}

/** Shares out what was used over the parts of a hold: each bears up to its own amount, the last whatever is left. */
function sharedOut(holds: readonly ScopeHold[], actual: Actual): Actual[] {
  let leftNanoUsd = actual.nanoUsd;
  let leftTokens = actual.tokens;
  return holds.map((hold, index) => {
    const last = index === holds.length - 1;
    const nanoUsd = last ? leftNanoUsd : Math.min(leftNanoUsd, hold.amountNanoUsd);
    const tokens = last ? leftTokens : Math.min(leftTokens, hold.tokens);
    leftNanoUsd -= nanoUsd;
    leftTokens -= tokens;
    return { nanoUsd, tokens, request: actual.request };
  });
}

function withoutRefusals(limits: ScopeLimits): ScopeLimits {
  return {
    ...limits,
    requestsPerMinute: undefined,
    tokensPerMinute: undefined,
    parallel: undefined,
    budgets: limits.budgets.map((budget) => ({ ...budget, amountNanoUsd: Number.MAX_SAFE_INTEGER })),
  };
}

function sum(holds: readonly ScopeHold[], pick: (hold: ScopeHold) => number): number {
  return holds.reduce((total, hold) => total + pick(hold), 0);
}
