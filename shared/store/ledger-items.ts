import type { Layout } from '../admission/layout.ts';
import type { CrashRecorder, DeadHold, Refused, ScopeHold } from '../admission/ledger.ts';
import { type Allowed, decide, type Wish } from '../admission/ledger-decision.ts';
import {
  assumedLedger,
  deadAfterMs,
  deadHoldsOf,
  emptyLedger,
  type HoldState,
  type LedgerShape,
  type LedgerState,
  standingOf,
} from '../admission/ledger-state.ts';
import { type Actual, buryStep, type Grant, settleStep, type TakeStep, takeStep } from '../admission/ledger-steps.ts';
import type { ScopeLimits } from '../admission/limits.ts';
import { costUs, microseconds, rateOf } from '../admission/rate.ts';
import type { Scope } from '../admission/scopes.ts';
import { type DynamoDb, type DynamoItem, StoreError, type WriteResult } from './dynamo-client.ts';
import { drainUpdate, endUpdate, type LedgerUpdate, spreadUpdate, takeUpdate } from './ledger-expressions.ts';
import { ledgerKey, ledgerStateOf, packHold, stateAfterTaking } from './ledger-item.ts';
import { ShapeMemory } from './ledger-shapes.ts';

/** Which item: a scope's, or one shard of it. */
export interface ItemAddress {
  readonly scopeId: string;
  readonly shard: number;
}

/** An item and the limits that hold for it. */
export interface LedgerItemRef extends ItemAddress {
  readonly scope: Scope;
  /** The limits that hold for the item as it is: the scope's, or the shard's slice of them. */
  readonly limitsFor: (shape: LedgerShape) => ScopeLimits;
  /** Over how many items the scope is spread, as the writer knows it; 1 when it is not. */
  readonly shards: number;
}

/** The scope is spread otherwise than the writer knew. Nothing was taken. */
export interface SpreadOtherwise {
  readonly outcome: 'spread';
  readonly layout: Layout | undefined;
}

/** Something was taken from an item. */
export interface Taken {
  readonly outcome: 'taken';
  readonly hold: ScopeHold;
  readonly state: LedgerState;
}

/** Writes one item refuses in a row before the store counts as overloaded: each refusal brings the true state, so more means a storm. */
const mostAttempts = 12;

/** Dead holds settled in one write; bounded by the 4 KB an expression may have. */
const buriedAtOnce = 20;

/** Reads and writes single ledger items: every write conditional, safe to repeat, and decided on the item's own state. */
export class LedgerItems {
  readonly #db: DynamoDb;
  readonly #table: string;
  readonly #recorder: CrashRecorder;
  readonly #shapes: ShapeMemory;

  constructor(db: DynamoDb, table: string, recorder: CrashRecorder) {
    this.#db = db;
    this.#table = table;
    this.#recorder = recorder;
    this.#shapes = new ShapeMemory();
  }

  /**
   * Takes what is wished for, or as much of it as fits above its floor.
   * The first write goes out unseen, in the form the item's last known state suggests; when its condition fails, the item that
   * stood in the way decides. @throws StoreError
   */
  async take(ref: LedgerItemRef, wish: Wish, nowMs: number): Promise<Taken | Refused | SpreadOtherwise> {
    let shape = this.#shapes.get(ref) ?? assumedLedger(ref.scope.limits, nowMs);
    let grant: Grant = wish;
    for (let attempt = 1; attempt <= mostAttempts; attempt += 1) {
      const limits = ref.limitsFor(shape);
      const step = takeStep(shape, limits, grant, nowMs);
      let seen: LedgerState | undefined;
      if (step) {
        this.#shapes.expect(ref, shape, step);
        const result = await this.#write(ref, takeUpdate(step, ref.shard === 0 ? ref.shards : undefined), 'UPDATED_NEW');
        if (result.written) return this.#taken(ref, limits, grant, step, result.item ?? {});
        seen = this.#seen(ref, result);
      }
      const { state } = await this.buryDead(ref, seen ?? (await this.read(ref)), nowMs);
      const answer = answerTo(ref, wish, state, nowMs);
      if (answer.outcome !== 'allowed') return answer;
      grant = { ...wish, amountNanoUsd: answer.amountNanoUsd, tokens: answer.tokens };
      shape = state;
    }
    throw contention(ref);
  }

  /**
   * Ends a hold with what was really used. Returns false when somebody else had settled it in full, it being past its expiry.
   * @throws StoreError
   */
  async end(ref: ItemAddress, requestId: string, hold: ScopeHold, actual: Actual, nowMs: number): Promise<boolean> {
    let shape: LedgerShape = this.#shapes.get(ref) ?? emptyLedger;
    let held = heldBy(hold);
    for (let attempt = 1; attempt <= mostAttempts; attempt += 1) {
      const step = settleStep(requestId, shape, held, hold, hold.limits, actual, nowMs);
      const result = await this.#write(ref, endUpdate(step));
      if (result.written) {
        this.#shapes.giveBack(ref, step);
        return true;
      }
      const state = this.#seen(ref, result) ?? (await this.read(ref));
      shape = state;
      const stored = state.holds.get(requestId);
      // Before its expiry nobody but its owner ends a hold: an earlier attempt of ours did, and its answer was lost.
      if (!stored) return nowMs <= hold.expiresAtMs + deadAfterMs / 2;
      held = stored;
    }
    throw contention(ref);
  }

  /**
   * Spreads a scope over several items, unless it is. What the first item has used so far stays with it, captured by the same write;
   * if the scope was in use, the others begin with their bursts used up. @throws StoreError
   */
  async spread(scopeId: string, shards: number, state: LedgerState, nowMs: number): Promise<void> {
    const inUse = state.requestTatUs !== undefined || state.tokenTatUs !== undefined;
    if (inUse) {
      const drainedUs = microseconds(nowMs) + rateOf(1, 1).burstUs;
      const others = Array.from({ length: shards - 1 }, (_, index) => ({ scopeId, shard: index + 1 }));
      await Promise.all(others.map((other) => this.#write(other, drainUpdate(drainedUs))));
    }
    await this.#write({ scopeId, shard: 0 }, spreadUpdate(shards, inUse));
  }

  /** Gives back what an admission may have taken whose answer never came. @throws StoreError */
  async abandon(ref: LedgerItemRef, requestId: string, nowMs: number): Promise<void> {
    const state = await this.read(ref);
    const stored = state.holds.get(requestId);
    if (!stored) return;
    await this.end(
      ref,
      requestId,
      holdOf(ref, ref.scope.limits, stored, undefined, undefined),
      { nanoUsd: 0, tokens: 0, request: false },
      nowMs,
    );
  }

  /** How the item looked when this instance last saw it. */
  lastSeen(address: ItemAddress): LedgerShape | undefined {
    return this.#shapes.get(address);
  }

  /** The item as it is now. @throws StoreError */
  async read(ref: ItemAddress): Promise<LedgerState> {
    const item = await this.#db.get({ table: this.#table, key: ledgerKey(ref.scopeId, ref.shard), consistent: true });
    const state = item ? ledgerStateOf(item) : emptyLedger;
    this.#shapes.set(ref, state);
    return state;
  }

  /**
   * Settles the dead holds of a state just read, in full as spent, and says which it did and how the item is then.
   * They are recorded first. Of several who try at once one succeeds. @throws StoreError, or what the recorder throws.
   */
  async buryDead(address: ItemAddress, seen: LedgerState, nowMs: number): Promise<{ state: LedgerState; buried: DeadHold[] }> {
    let state = seen;
    const buried: DeadHold[] = [];
    for (let attempt = 1; attempt <= mostAttempts; attempt += 1) {
      const dead = deadHoldsOf(state, nowMs).slice(0, buriedAtOnce);
      if (dead.length === 0) break;
      const records = dead.map(([requestId, hold]) => deadHoldOf(address.scopeId, requestId, hold));
      await this.#recorder.record(records);
      const result = await this.#write(address, endUpdate(buryStep(state, dead)));
      if (result.written) buried.push(...records);
      state = this.#seen(address, result) ?? (await this.read(address));
    }
    return { state, buried };
  }

  #write(address: ItemAddress, update: LedgerUpdate, returns?: 'UPDATED_NEW'): Promise<WriteResult> {
    const key = ledgerKey(address.scopeId, address.shard);
    return this.#db.update({ table: this.#table, key, ...update, returns, returnsOnRefusal: true });
  }

  /** The state that stood in the way of a write, where the store tells it. */
  #seen(address: ItemAddress, result: WriteResult): LedgerState | undefined {
    if (result.written || !result.item) return undefined;
    const state = ledgerStateOf(result.item);
    this.#shapes.set(address, state);
    return state;
  }

  #taken(ref: LedgerItemRef, limits: ScopeLimits, grant: Grant, step: TakeStep, changed: DynamoItem): Taken {
    const state = stateAfterTaking(step, changed);
    this.#shapes.learn(ref, state);
    const tokenTatUs = grant.tokens > 0 ? state.tokenTatUs : undefined;
    return { outcome: 'taken', hold: holdOf(ref, limits, step.hold, state.requestTatUs, tokenTatUs), state };
  }
}

/** What the true state of an item says to a wish. */
function answerTo(ref: LedgerItemRef, wish: Wish, state: LedgerState, nowMs: number): Taken | Refused | SpreadOtherwise | Allowed {
  const spreadOtherwise = ref.shard === 0 && ref.shards !== (state.layout?.shards ?? 1);
  if (spreadOtherwise) return { outcome: 'spread', layout: state.layout };
  const limits = ref.limitsFor(state);
  const stored = state.holds.get(wish.requestId);
  if (stored && !sameHold(stored, wish.previous)) return alreadyTaken(ref, limits, wish, stored, state, nowMs);
  if (!stored && wish.previous) return refusedWithoutHold(ref, wish, state, nowMs);
  return decide(state, ref.scope, limits, wish, nowMs);
}

/** An earlier attempt of ours got in and its answer was lost. What it did to the rates is known at least. */
function alreadyTaken(ref: LedgerItemRef, limits: ScopeLimits, wish: Wish, stored: HoldState, state: LedgerState, nowMs: number): Taken {
  const nowUs = microseconds(nowMs);
  const newTokens = stored.tokens - (wish.previous?.tokens ?? 0);
  const least = (perMinute: number | undefined, units: number) =>
    perMinute ? nowUs + costUs(rateOf(perMinute, limits.burst), units) : undefined;
  const hold = holdOf(ref, limits, stored, least(limits.requestsPerMinute, 1), least(limits.tokensPerMinute, newTokens));
  return { outcome: 'taken', hold, state };
}

function contention(address: ItemAddress): StoreError {
  return new StoreError('throttled', 'Contention', `The ledger of ${address.scopeId} changed faster than it could be written`);
}

/** The hold as it stands in its item. */
export function heldBy(hold: ScopeHold): HoldState {
  const { amountNanoUsd, tokens, countsRequest, unpriced, expiresAtMs, periods } = hold;
  return { amountNanoUsd, tokens, countsRequest, unpriced, expiresAtMs, periods };
}

/** A hold that replaces an earlier one: what it did not take from the rates itself it still has from before. */
export function replacing(before: ScopeHold | undefined, after: ScopeHold): ScopeHold {
  if (!before) return after;
  return { ...after, requestTatUs: before.requestTatUs, tokenTatUs: after.tokenTatUs ?? before.tokenTatUs };
}

/** A hold found dead, as the recorder is told of it. */
function deadHoldOf(scopeId: string, requestId: string, hold: HoldState): DeadHold {
  const { amountNanoUsd, expiresAtMs, unpriced } = hold;
  return { requestId, scopeId, amountNanoUsd, expiredAtMs: expiresAtMs, ...(unpriced === true && { unpriced }) };
}

function holdOf(
  ref: LedgerItemRef,
  limits: ScopeLimits,
  held: HoldState,
  requestTatUs: number | undefined,
  tokenTatUs: number | undefined,
): ScopeHold {
  return { scope: ref.scope, shard: ref.shard, limits, ...held, requestTatUs, tokenTatUs };
}

function sameHold(stored: HoldState, previous: HoldState | undefined): boolean {
  return previous !== undefined && packHold(stored) === packHold(previous);
}

/** The hold to extend is gone: the call ran past its expiry and was settled in full. There is nothing left to extend. */
function refusedWithoutHold(ref: LedgerItemRef, wish: Wish, state: LedgerState, nowMs: number): Refused {
  const held = wish.previous?.amountNanoUsd ?? 0;
  return {
    outcome: 'refused',
    scope: ref.scope,
    limit: 'budget',
    reason: 'exhausted',
    period: 'total',
    limitValue: held,
    asked: wish.amountNanoUsd,
    spent: held,
    held: 0,
    resetsAtMs: undefined,
    retryAfterMs: undefined,
    standing: standingOf(ref.scope, [{ state, limits: ref.limitsFor(state) }], nowMs),
  };
}
