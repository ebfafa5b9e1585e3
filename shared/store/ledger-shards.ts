import type { Layout } from '../admission/layout.ts';
import type { Refused, ScopeHold, Standing } from '../admission/ledger.ts';
import type { Wish } from '../admission/ledger-decision.ts';
import { emptyLedger, type LedgerShape, type LedgerState, standingOf } from '../admission/ledger-state.ts';
import { limitsAnything } from '../admission/limits.ts';
import type { Scope } from '../admission/scopes.ts';
import { isEnough, needsOf, refusalOf, roomsOf, type SlicePart } from '../admission/slice-rooms.ts';
import { sliceOf, takesRequests } from '../admission/slices.ts';
import { StoreError } from './dynamo-client.ts';
import { heldBy, type LedgerItemRef, type LedgerItems, replacing, type Taken } from './ledger-items.ts';

/** What was taken from a scope, in one part or several. */
export interface Gathered {
  readonly outcome: 'taken';
  readonly holds: readonly ScopeHold[];
  readonly standing: Standing;
}

/** Calls in flight past which an item is spread by itself: its holds make every write cost more and slower. */
const crowdedAt = 200;

/** The same for a scope that nothing limits: it loses nothing by being spread, and its calls may be short and many. */
const crowdedUnlimitedAt = 40;

/** Over how many items a crowded scope is spread. */
const crowdedShards = 8;

/**
 * Scopes spread over several items, each with a slice of the limits. A call goes to one of them, picked by its id; where that slice has run out
 * it takes what it needs from the others, in several parts if need be. Every part is an ordinary hold, so a crash at
 * any moment leaves nothing but holds that expire.
 */
export class LedgerShards {
  readonly #items: LedgerItems;
  readonly #layouts = new Map<string, Layout>();
  readonly #spreading = new Set<string>();

  constructor(items: LedgerItems) {
    this.#items = items;
  }

  /** How the scope is spread; undefined when it has one item, as far as is known. @throws StoreError */
  async layoutOf(scope: Scope, nowMs: number): Promise<Layout | undefined> {
    const known = this.#layouts.get(scope.id);
    if (known || scope.limits.shards === 1) return known;
    return this.#spread(scope, scope.limits.shards, nowMs);
  }

  learn(scope: Scope, layout: Layout | undefined): void {
    if (layout) this.#layouts.set(scope.id, layout);
    else this.#layouts.delete(scope.id);
  }

  /** Spreads a scope that has too many calls in flight for one item, behind the caller's back. */
  spreadIfCrowded(scope: Scope, state: LedgerState, nowMs: number): void {
    const most = limitsAnything(scope.limits) ? crowdedAt : crowdedUnlimitedAt;
    if (state.underWay >= most) this.#spreadBehind(scope, nowMs);
  }

  /**
   * Spreads a scope that nothing limits when the store throttles its one item: calls that are short and many get that far
   * without being crowded. One with limits stays whole, for its slices would refuse what the whole does not.
   */
  spreadIfThrottled(scope: Scope, error: unknown, nowMs: number): void {
    if (!limitsAnything(scope.limits) && error instanceof StoreError && error.kind === 'throttled') this.#spreadBehind(scope, nowMs);
  }

  #spreadBehind(scope: Scope, nowMs: number): void {
    if (this.#spreading.has(scope.id)) return;
    this.#spreading.add(scope.id);
    // When it fails, the next call tries again.
    this.#spread(scope, crowdedShards, nowMs).then(
      () => this.#spreading.delete(scope.id),
      () => this.#spreading.delete(scope.id),
    );
  }

  /** The scope's first item, with all of its limits. */
  wholeItem(scope: Scope): LedgerItemRef {
    return { scope, scopeId: scope.id, shard: 0, limitsFor: () => scope.limits, shards: this.#layouts.get(scope.id)?.shards ?? 1 };
  }

  /** The item a hold is in. */
  itemOf(hold: ScopeHold): LedgerItemRef {
    const { scope, shard, limits } = hold;
    return { scope, scopeId: scope.id, shard, limitsFor: () => limits, shards: this.#layouts.get(scope.id)?.shards ?? 1 };
  }

  /** All items of a scope. */
  allItems(scope: Scope, nowMs: number): LedgerItemRef[] {
    const layout = this.#layouts.get(scope.id);
    if (!layout) return [this.wholeItem(scope)];
    return Array.from({ length: layout.shards }, (_, shard) => shardItem(scope, layout, shard, nowMs));
  }

  /** The state of every shard. @throws StoreError */
  readAll(scope: Scope, layout: Layout, nowMs: number): Promise<SlicePart[]> {
    return Promise.all(
      Array.from({ length: layout.shards }, async (_, shard) => {
        const state = await this.#items.read({ scopeId: scope.id, shard });
        return { shard, state, limits: sliceOf(scope.limits, layout, shard, state, nowMs) };
      }),
    );
  }

  /** Takes a wish, on top of the parts held already, whole from one shard or in parts from several. @throws StoreError */
  async gather(scope: Scope, layout: Layout, held: readonly ScopeHold[], wish: Wish, nowMs: number): Promise<Gathered | Refused> {
    const home = held[0]?.shard ?? homeShard(wish.requestId, layout);
    const ref = shardItem(scope, layout, home, nowMs);
    if (held.length > 0 || takesRequests(ref.limitsFor(emptyLedger))) {
      const whole = { ...wish, floorNanoUsd: undefined, floorTokens: undefined };
      const taken = await this.#takePart(ref, held, whole, nowMs);
      if (taken.outcome === 'taken')
        return { outcome: 'taken', holds: withPart(held, taken.hold), standing: this.#standing(scope, layout, nowMs) };
    }
    return this.#gatherParts(scope, layout, held, wish, nowMs);
  }

  async #gatherParts(scope: Scope, layout: Layout, held: readonly ScopeHold[], wish: Wish, nowMs: number): Promise<Gathered | Refused> {
    const parts = await this.readAll(scope, layout, nowMs);
    const rooms = roomsOf(parts, held, wish, nowMs);
    if (!isEnough(scope, wish, rooms)) return refusalOf(scope, rooms, wish, nowMs);
    const taken: ScopeHold[] = [];
    let holds = [...held];
    const left = { nanoUsd: wish.amountNanoUsd, tokens: wish.tokens };
    // Twice around: a shard that had no request to give may still have money for a call counted elsewhere.
    for (const { shard } of [...rooms, ...rooms]) {
      const countsRequest = wish.countsRequest && taken.length === 0;
      if (!countsRequest && left.nanoUsd <= 0 && left.tokens <= 0) break;
      if (taken.some((hold) => hold.shard === shard)) continue;
      const part = { ...wish, amountNanoUsd: left.nanoUsd, floorNanoUsd: 0, tokens: left.tokens, floorTokens: 0, countsRequest };
      const outcome = await this.#takePart(shardItem(scope, layout, shard, nowMs), holds, part, nowMs);
      if (outcome.outcome === 'refused') continue;
      const before = holds.find((hold) => hold.shard === shard);
      left.nanoUsd -= outcome.hold.amountNanoUsd - (before?.amountNanoUsd ?? 0);
      left.tokens -= outcome.hold.tokens - (before?.tokens ?? 0);
      taken.push(outcome.hold);
      holds = withPart(holds, outcome.hold);
    }
    const { nanoUsd, tokens } = needsOf(scope, wish);
    const counted = !wish.countsRequest || taken.length > 0;
    if (counted && wish.amountNanoUsd - left.nanoUsd >= nanoUsd && wish.tokens - left.tokens >= tokens) {
      return { outcome: 'taken', holds, standing: this.#standing(scope, layout, nowMs) };
    }
    // Others were faster. What was taken goes back.
    await Promise.all(taken.map((hold) => this.#giveBack(hold, held, wish.requestId, nowMs)));
    return refusalOf(scope, rooms, wish, nowMs);
  }

  /** Takes one part, on top of the one already in that shard. */
  async #takePart(ref: LedgerItemRef, holds: readonly ScopeHold[], wish: Wish, nowMs: number): Promise<Taken | Refused> {
    const before = holds.find((hold) => hold.shard === ref.shard);
    const outcome = await this.#items.take(ref, before ? { ...wish, previous: heldBy(before) } : wish, nowMs);
    if (outcome.outcome === 'refused') return outcome;
    if (outcome.outcome === 'taken') return { ...outcome, hold: replacing(before, outcome.hold) };
    // A layout never changes, so somebody removed the item: the next call finds out how the scope is spread now.
    this.learn(ref.scope, outcome.layout);
    throw new StoreError('unavailable', 'LayoutGone', `${ref.scopeId} is not spread as it was`);
  }

  /** Undoes a part: a new one ends, one that was grown is as it was before. */
  async #giveBack(hold: ScopeHold, held: readonly ScopeHold[], requestId: string, nowMs: number): Promise<void> {
    const item = this.itemOf(hold);
    const before = held.find((part) => part.shard === hold.shard);
    if (!before) {
      await this.#items.end(item, requestId, hold, { nanoUsd: 0, tokens: 0, request: false }, nowMs);
      return;
    }
    const less: Wish = {
      requestId,
      amountNanoUsd: before.amountNanoUsd - hold.amountNanoUsd,
      floorNanoUsd: undefined,
      tokens: before.tokens - hold.tokens,
      floorTokens: undefined,
      countsRequest: hold.countsRequest,
      expiresAtMs: before.expiresAtMs,
      previous: heldBy(hold),
    };
    await this.#items.take(item, less, nowMs);
  }

  /** The standing after a take: other shards as they were last seen, so that it costs nothing. */
  #standing(scope: Scope, layout: Layout, nowMs: number): Standing {
    const parts = Array.from({ length: layout.shards }, (_, shard) => {
      const shape = this.#items.lastSeen({ scopeId: scope.id, shard }) ?? emptyLedger;
      return { state: { ...shape, underWay: 0 }, limits: sliceOf(scope.limits, layout, shard, shape, nowMs) };
    });
    return standingOf(scope, parts, nowMs);
  }

  async #spread(scope: Scope, shards: number, nowMs: number): Promise<Layout> {
    const first = { scopeId: scope.id, shard: 0 };
    let state = await this.#items.read(first);
    for (let attempt = 1; !state.layout && attempt <= 5; attempt += 1) {
      await this.#items.spread(scope.id, shards, state, nowMs);
      state = await this.#items.read(first);
    }
    if (!state.layout) throw new Error(`${scope.id} could not be spread`);
    this.#layouts.set(scope.id, state.layout);
    return state.layout;
  }
}

/** One shard of a scope, with its slice of the limits. */
function shardItem(scope: Scope, layout: Layout, shard: number, nowMs: number): LedgerItemRef {
  const limitsFor = (shape: LedgerShape) => sliceOf(scope.limits, layout, shard, shape, nowMs);
  return { scope, scopeId: scope.id, shard, limitsFor, shards: layout.shards };
}

/** The shard a call goes to first: always the same for the same call, so that asking again finds what it holds. */
function homeShard(requestId: string, layout: Layout): number {
  let hash = 0;
  for (let index = 0; index < requestId.length; index += 1) hash = (hash * 31 + requestId.charCodeAt(index)) >>> 0;
  return hash % layout.shards;
}

function withPart(holds: readonly ScopeHold[], part: ScopeHold): ScopeHold[] {
  const others = holds.filter((hold) => hold.shard !== part.shard);
  return holds.length === others.length ? [...others, part] : holds.map((hold) => (hold.shard === part.shard ? part : hold));
}
