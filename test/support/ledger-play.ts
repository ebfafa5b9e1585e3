import fc from 'fast-check';
import { expect } from 'vitest';
import type { AdmissionAsk, Admitted, Refused } from '../../shared/admission/ledger.ts';
import type { Limits } from '../../shared/admission/limits.ts';
import type { Scope } from '../../shared/admission/scopes.ts';
import type { DynamoDb } from '../../shared/store/dynamo-client.ts';
import { DynamoLedger } from '../../shared/store/ledger-store.ts';
import { freshRequestId, RememberingRecorder, scopeWith } from './ledger-fixtures.ts';
import { type ModelAsk, ModelScope } from './ledger-model.ts';

/** Any limits, narrow enough that most calls meet one. */
export const ledgerLimits: fc.Arbitrary<Limits> = fc.record(
  {
    // A scope that limits nothing would have no ledger item; a limit nobody reaches gives it one.
    requests_per_minute: fc.constantFrom(1, 7, 60, 100_000, 60_000_000),
    tokens_per_minute: fc.constantFrom(90, 1_000, 1_000_000),
    burst: fc.constantFrom(0.1, 0.5, 1),
    parallel_requests: fc.constantFrom(1, 2, 5),
    budgets: fc.uniqueArray(
      fc.record({ amount_usd: fc.constantFrom(0, 1e-6, 3e-6), period: fc.constantFrom('day', 'week', 'month', 'total') }),
      {
        selector: (budget) => budget.period,
      },
    ),
    clamp: fc.boolean(),
  },
  { requiredKeys: ['requests_per_minute', 'budgets'] },
);

/** Money in nano-USD around those budgets, tokens around those rates. */
const amount = fc.constantFrom(0, 1, 300, 700, 1_000, 2_500);
const tokens = fc.constantFrom(0, 1, 60, 90, 800);
const instance = fc.nat(2);
const wish = { amount, floor: amount, tokens, floorTokens: tokens, instance };

/** Instances whose clocks are off by up to two seconds from the truth. */
const skewsMs = [0, 2_000, -2_000];

const admitStep = fc.record({
  do: fc.constant('admit' as const),
  scopes: fc.constantFrom(1, 2),
  ...wish,
  aliveMs: fc.constantFrom(500, 120_000),
  repeat: fc.boolean(),
});
const extendStep = fc.record({ do: fc.constant('extend' as const), call: fc.nat(20), ...wish });
const settleStep = fc.record({ do: fc.constant('settle' as const), call: fc.nat(20), amount, tokens, instance, repeat: fc.boolean() });
const releaseStep = fc.record({ do: fc.constant('release' as const), call: fc.nat(20), instance });
const sweepStep = fc.record({ do: fc.constant('sweep' as const), instance });
const waitStep = fc.record({
  do: fc.constant('wait' as const),
  ms: fc.constantFrom(1, 900, 7_000, 30_000, 3_600_000, 86_400_000, 20 * 86_400_000),
});
const limitStep = fc.record({ do: fc.constant('limit' as const), scope: fc.nat(1), limits: ledgerLimits });

type ValueOf<Arbitrary> = Arbitrary extends fc.Arbitrary<infer Value> ? Value : never;
type AdmitStep = ValueOf<typeof admitStep>;
type ExtendStep = ValueOf<typeof extendStep>;
type EndStep = ValueOf<typeof settleStep> | ValueOf<typeof releaseStep>;

/** Anything that can happen to a ledger. A call that is never settled crashed. */
export const ledgerStep = fc.oneof(
  { weight: 6, arbitrary: admitStep },
  { weight: 4, arbitrary: settleStep },
  { weight: 1, arbitrary: releaseStep },
  { weight: 2, arbitrary: extendStep },
  { weight: 1, arbitrary: sweepStep },
  { weight: 3, arbitrary: waitStep },
  { weight: 1, arbitrary: limitStep },
);

interface OpenCall {
  admitted: Admitted;
  readonly expiresAtMs: number;
}

/** Plays steps on three instances of the ledger and on the model, and compares every answer and the end. */
export class LedgerPlay {
  readonly #ledgers: DynamoLedger[];
  readonly #ids: string[];
  readonly #limits: Limits[];
  readonly #models = [new ModelScope(), new ModelScope()];
  readonly #open = new Map<string, OpenCall>();
  readonly #recorder = new RememberingRecorder();
  #clockMs = Date.UTC(2026, 10, 20, 10, 30);

  constructor(db: DynamoDb, name: string, limits: readonly Limits[]) {
    this.#ledgers = skewsMs.map(() => new DynamoLedger({ db, table: 'sluice-ledger', recorder: this.#recorder }));
    this.#ids = [`${name}-a`, `${name}-b`];
    this.#limits = [...limits];
  }

  async step(step: ValueOf<typeof ledgerStep>): Promise<void> {
    if (step.do === 'wait') this.#clockMs += step.ms;
    else if (step.do === 'limit') this.#limits[step.scope] = step.limits;
    else if (step.do === 'admit') await this.#admit(step);
    else if (step.do === 'extend') await this.#extend(step);
    else if (step.do === 'sweep') await this.#sweep(step.instance, this.#nowMs(step.instance));
    else await this.#settle(step);
  }

  /** An hour later all who did not settle are dead; then both must agree to the nano-dollar. */
  async end(): Promise<void> {
    const nowMs = this.#clockMs + 3_600_000;
    await this.#sweep(0, nowMs);
    const standings = await this.#ledger(0).read(this.#scopes(2), nowMs);
    standings.forEach((standing, index) => {
      const model = this.#models[index]!;
      expect(standing.parallel.underWay).toBe(0);
      for (const { period, spentNanoUsd, heldNanoUsd } of standing.budgets) {
        const spent = model.spent(period, model.current(period, nowMs), nowMs);
        const held = model.used(period, model.current(period, nowMs)) - spent;
        expect({ period, spentNanoUsd, heldNanoUsd }).toEqual({ period, spentNanoUsd: spent, heldNanoUsd: held });
      }
    });
  }

  async #admit(step: AdmitStep): Promise<void> {
    const nowMs = this.#nowMs(step.instance);
    const expiresAtMs = nowMs + step.aliveMs;
    const ask = modelAsk(step, { amount: 0, tokens: 0 }, nowMs, expiresAtMs);
    const scopes = this.#scopes(step.scopes);
    const decisions = scopes.map((_, index) => this.#models[index]!.decide(this.#limits[index]!, ask));
    const refusals = decisions.flatMap((decision) => (decision.fits ? [] : decision.refusals));
    const granted = decisions.map((decision) => (decision.fits ? { amount: decision.amount, tokens: decision.tokens } : undefined));
    const least = Math.min(...granted.map((grant) => grant?.amount ?? 0));

    const { requestId, asked } = this.#asked(scopes, ask);
    const outcome = await this.#ledger(step.instance).admit(asked);
    this.#learnBurials(nowMs);

    granted.forEach((grant, index) => {
      if (!grant) return;
      const model = this.#models[index]!;
      model.admit(requestId, this.#limits[index]!, ask, refusals.length > 0 ? grant : { ...grant, amount: least });
      if (refusals.length > 0) model.end(requestId, { amount: 0, tokens: 0, request: false }, nowMs);
    });
    if (refusals.length > 0) {
      expect(refusals).toContain(describeOutcome(outcome));
      return;
    }
    const leastTokens = Math.min(...granted.map((grant) => grant?.tokens ?? 0));
    expect(outcome).toMatchObject({ outcome: 'admitted', amountNanoUsd: least, tokens: leastTokens });
    if (outcome.outcome !== 'admitted') return;
    if (step.repeat) expect(describeOutcome(await this.#ledger(step.instance).admit(asked))).toBe('admitted');
    this.#learnBurials(nowMs);
    this.#open.set(requestId, { admitted: outcome, expiresAtMs });
  }

  async #extend(step: ExtendStep): Promise<void> {
    const chosen = this.#chosen(step.call);
    if (!chosen) return;
    const [requestId, call] = chosen;
    const nowMs = this.#nowMs(step.instance);
    const extensions = call.admitted.holds.map((hold) => {
      const model = this.#modelOf(hold.scope);
      const modelCall = model.calls.get(requestId)!;
      const spare = { amount: hold.amountNanoUsd - call.admitted.amountNanoUsd, tokens: hold.tokens - call.admitted.tokens };
      const ask = modelAsk(step, spare, nowMs, call.expiresAtMs);
      const needed = ask.amount > 0 || ask.tokens > 0;
      return { model, modelCall, decision: needed ? model.decide(modelCall.limits, ask, modelCall) : undefined };
    });

    const outcome = await this.#ledger(step.instance).extend(call.admitted, {
      amountNanoUsd: step.amount,
      floorNanoUsd: Math.min(step.floor, step.amount),
      tokens: step.tokens,
      floorTokens: Math.min(step.floorTokens, step.tokens),
      nowMs,
    });
    this.#learnBurials(nowMs);

    call.admitted = outcome.admitted;
    for (const { model, modelCall, decision } of extensions) if (decision?.fits) model.extend(modelCall, decision, nowMs);
    const refusals = extensions.flatMap(({ decision }) => (decision && !decision.fits ? decision.refusals : []));
    if (refusals.length > 0) expect(refusals).toContain(outcome.outcome === 'refused' ? describeOutcome(outcome.refusal) : 'extended');
    else expect(outcome.outcome).toBe('extended');
  }

  async #settle(step: EndStep): Promise<void> {
    const chosen = this.#chosen(step.call);
    if (!chosen) return;
    const [requestId, { admitted }] = chosen;
    const nowMs = this.#nowMs(step.instance);
    const ledger = this.#ledger(step.instance);
    const actual =
      step.do === 'settle' ? { amount: step.amount, tokens: step.tokens, request: true } : { amount: 0, tokens: 0, request: false };
    const end = () =>
      step.do === 'settle'
        ? ledger.settle(admitted, { actualNanoUsd: actual.amount, actualTokens: actual.tokens, nowMs })
        : ledger.release(admitted, nowMs);
    expect(await end()).toEqual({ alreadySettled: [], failed: [] });
    if (step.do === 'settle' && step.repeat) await end();
    for (const hold of admitted.holds) this.#modelOf(hold.scope).end(requestId, actual, nowMs);
    this.#open.delete(requestId);
  }

  async #sweep(index: number, nowMs: number): Promise<void> {
    await this.#ledger(index).sweep(nowMs);
    this.#learnBurials(nowMs);
    for (const model of this.#models) expect(model.deadAt(nowMs)).toEqual([]);
  }

  /**
   * Whoever finds dead calls in the way buries them, and then they are gone for all, those whose clocks are behind too.
   * When that happens depends on what an instance remembers, so the model is told of it, and says whether it was right.
   */
  #learnBurials(nowMs: number): void {
    for (const { scopeId, requestId } of this.#recorder.recorded.values()) {
      const index = this.#ids.findIndex((id) => scopeId === `key#${id}`);
      if (index >= 0) this.#models[index]!.bury(requestId, nowMs);
    }
    this.#recorder.recorded.clear();
  }

  #asked(scopes: readonly Scope[], ask: ModelAsk): { requestId: string; asked: AdmissionAsk } {
    const { amount: amountNanoUsd, floor: floorNanoUsd, ...rest } = ask;
    const requestId = freshRequestId();
    return { requestId, asked: { requestId, scopes, amountNanoUsd, floorNanoUsd, ...rest } };
  }

  /** One of the calls whose owner may still settle, whatever its clock says. */
  #chosen(index: number): [string, OpenCall] | undefined {
    const alive = [...this.#open].filter(([, call]) => this.#clockMs + 2_000 <= call.expiresAtMs);
    return alive[index % Math.max(1, alive.length)];
  }

  #scopes(count: number): Scope[] {
    return this.#ids.slice(0, count).map((id, index) => scopeWith(id, this.#limits[index]!));
  }

  #modelOf(scope: Scope): ModelScope {
    return this.#models[this.#ids.findIndex((id) => scope.id === `key#${id}`)]!;
  }

  #ledger(index: number): DynamoLedger {
    return this.#ledgers[index]!;
  }

  #nowMs(index: number): number {
    return this.#clockMs + (skewsMs[index] ?? 0);
  }
}

/** What is asked of one scope once what it holds to spare is taken off. */
function modelAsk(
  step: Pick<AdmitStep, 'amount' | 'floor' | 'tokens' | 'floorTokens'>,
  spare: { readonly amount: number; readonly tokens: number },
  nowMs: number,
  expiresAtMs: number,
): ModelAsk {
  return {
    amount: Math.max(0, step.amount - spare.amount),
    floor: Math.max(0, Math.min(step.floor, step.amount) - spare.amount),
    tokens: Math.max(0, step.tokens - spare.tokens),
    floorTokens: Math.max(0, Math.min(step.floorTokens, step.tokens) - spare.tokens),
    nowMs,
    expiresAtMs,
  };
}

function describeOutcome(outcome: Admitted | Refused): string {
  return outcome.outcome === 'refused' ? `${outcome.limit} ${outcome.reason}` : 'admitted';
}
