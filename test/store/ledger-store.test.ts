import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HoldsUnderWay } from '../../shared/admission/ledger.ts';
import type { DynamoDb } from '../../shared/store/dynamo-client.ts';
import { DynamoLedger } from '../../shared/store/ledger-store.ts';
import { admittedOf, askFor, connect, RememberingRecorder, refusedOf, scopeWith } from '../support/ledger-fixtures.ts';
import { emulators, type TestDynamoDb } from '../support/ledger-servers.ts';

const noon = Date.UTC(2026, 10, 18, 12);
const usd = 1_000_000_000;

describe.each(emulators)('the ledger on $name', ({ start }) => {
  let server: TestDynamoDb;
  let db: DynamoDb;
  let ledger: DynamoLedger;
  const recorder = new RememberingRecorder();

  beforeAll(async () => {
    server = await start();
    db = await connect(server.endpoint);
    ledger = new DynamoLedger({ db, table: 'sluice-ledger', recorder });
  });
  afterAll(async () => {
    db.close();
    await server.close();
  });

  /** A ledger with no memory of its own, as another instance has. */
  const another = () => new DynamoLedger({ db, table: 'sluice-ledger', recorder });

  it('admits a call on nothing without asking the store', async () => {
    const admitted = admittedOf(await ledger.admit(askFor([], { amountNanoUsd: 5 })));
    expect(admitted).toMatchObject({ amountNanoUsd: 5, holds: [], clamped: false });
    expect(await ledger.settle(admitted, { actualNanoUsd: 1, actualTokens: 1, nowMs: noon })).toEqual({ alreadySettled: [], failed: [] });
  });

  it('holds what a call may cost, then charges what it did cost', async () => {
    const scope = scopeWith('hold', { budgets: [{ amount_usd: 1, period: 'day' }] });
    const admitted = admittedOf(await ledger.admit(askFor([scope], { amountNanoUsd: 0.4 * usd, nowMs: noon })));
    expect(admitted.standings[0]?.budgets[0]).toEqual({
      period: 'day',
      limitNanoUsd: usd,
      spentNanoUsd: 0,
      heldNanoUsd: 0.4 * usd,
      resetsAtMs: Date.UTC(2026, 10, 19),
    });
    await ledger.settle(admitted, { actualNanoUsd: 0.1 * usd, actualTokens: 5, nowMs: noon });
    const [standing] = await ledger.read([scope], noon);
    expect(standing?.budgets).toEqual([
      { period: 'day', limitNanoUsd: usd, spentNanoUsd: 0.1 * usd, heldNanoUsd: 0, resetsAtMs: Date.UTC(2026, 10, 19) },
      { period: 'total', limitNanoUsd: undefined, spentNanoUsd: 0.1 * usd, heldNanoUsd: 0, resetsAtMs: undefined },
    ]);
    expect(standing?.parallel.underWay).toBe(0);
  });

  it('refuses as contention while others hold the money, and as exhaustion once it is spent', async () => {
    const scope = scopeWith('reasons', { budgets: [{ amount_usd: 1, period: 'month' }] });
    const first = admittedOf(await ledger.admit(askFor([scope], { amountNanoUsd: 0.7 * usd, nowMs: noon })));
    const held = refusedOf(await ledger.admit(askFor([scope], { amountNanoUsd: 0.5 * usd, nowMs: noon })));
    expect(held).toMatchObject({ limit: 'budget', reason: 'contention', period: 'month', spent: 0, held: 0.7 * usd, asked: 0.5 * usd });
    expect(held.retryAfterMs).toBeGreaterThan(0);
    await ledger.settle(first, { actualNanoUsd: 0.7 * usd, actualTokens: 0, nowMs: noon });
    const spent = refusedOf(await another().admit(askFor([scope], { amountNanoUsd: 0.5 * usd, nowMs: noon })));
    expect(spent).toMatchObject({ limit: 'budget', reason: 'exhausted', spent: 0.7 * usd, held: 0, resetsAtMs: Date.UTC(2026, 11, 1) });
    expect(spent.retryAfterMs).toBeUndefined();
  });

  it('admits on all scopes or on none', async () => {
    const key = scopeWith('all-key', { budgets: [{ amount_usd: 1, period: 'total' }], requests_per_minute: 10, parallel_requests: 3 });
    const team = scopeWith('all-team', { budgets: [{ amount_usd: 0.1, period: 'total' }] }, 'team');
    const refused = refusedOf(await ledger.admit(askFor([key, team], { amountNanoUsd: 0.2 * usd, nowMs: noon })));
    expect(refused.scope.id).toBe('team#all-team');
    const [standing] = await ledger.read([key], noon);
    expect(standing?.budgets[0]).toMatchObject({ spentNanoUsd: 0, heldNanoUsd: 0 });
    expect(standing?.requests?.remaining).toBe(10);
    expect(standing?.parallel.underWay).toBe(0);
  });

  it('admits once under one request id, however often it is asked', async () => {
    const scope = scopeWith('twice', { budgets: [{ amount_usd: 1, period: 'week' }], requests_per_minute: 1, parallel_requests: 1 });
    const ask = askFor([scope], { amountNanoUsd: 0.6 * usd, nowMs: noon });
    const [first, second] = await Promise.all([ledger.admit(ask), another().admit(ask)]);
    expect(admittedOf(first).amountNanoUsd).toBe(0.6 * usd);
    await ledger.settle(admittedOf(second), { actualNanoUsd: 0.5 * usd, actualTokens: 0, nowMs: noon });
    await ledger.settle(admittedOf(first), { actualNanoUsd: 0.5 * usd, actualTokens: 0, nowMs: noon });
    const [standing] = await ledger.read([scope], noon);
    expect(standing?.budgets[0]).toMatchObject({ spentNanoUsd: 0.5 * usd, heldNanoUsd: 0 });
  });

  it('lowers an amount that does not fit to what does, above the floor', async () => {
    const scope = scopeWith('clamp', { budgets: [{ amount_usd: 1, period: 'day' }] });
    const roomy = scopeWith('clamp-team', { budgets: [{ amount_usd: 9, period: 'day' }] }, 'team');
    const ask = { amountNanoUsd: 3 * usd, floorNanoUsd: 0.2 * usd, nowMs: noon };
    const clamped = admittedOf(await ledger.admit(askFor([scope, roomy], ask)));
    expect(clamped).toMatchObject({ clamped: true, amountNanoUsd: usd });
    const standings = await ledger.read([scope, roomy], noon);
    expect(standings.map((standing) => standing.budgets[0]?.heldNanoUsd)).toEqual([usd, usd]);
    expect(refusedOf(await ledger.admit(askFor([scope], ask))).reason).toBe('contention');
    await ledger.settle(clamped, { actualNanoUsd: 0.9 * usd, actualTokens: 0, nowMs: noon });
    expect(refusedOf(await ledger.admit(askFor([scope], ask))).reason).toBe('exhausted');
    expect(admittedOf(await ledger.admit(askFor([scope], { ...ask, floorNanoUsd: 0.1 * usd }))).amountNanoUsd).toBe(0.1 * usd);
  });

  it('refuses instead of clamping where the scope says so', async () => {
    const scope = scopeWith('no-clamp', { clamp: false, budgets: [{ amount_usd: 1, period: 'day' }] });
    const refused = refusedOf(await ledger.admit(askFor([scope], { amountNanoUsd: 3 * usd, floorNanoUsd: 1, nowMs: noon })));
    expect(refused).toMatchObject({ reason: 'exhausted', asked: 3 * usd });
  });

  it('begins a new period with the write that finds the old one over, and settles older holds against theirs', async () => {
    const scope = scopeWith('rollover', { budgets: [{ amount_usd: 1, period: 'day' }] });
    const tonight = Date.UTC(2026, 10, 18, 23, 59, 59, 999);
    const old = admittedOf(await ledger.admit(askFor([scope], { amountNanoUsd: usd, nowMs: tonight })));
    expect(refusedOf(await ledger.admit(askFor([scope], { amountNanoUsd: 1, nowMs: tonight }))).reason).toBe('contention');
    const next = admittedOf(await another().admit(askFor([scope], { amountNanoUsd: 0.8 * usd, nowMs: tonight + 1 })));
    await ledger.settle(old, { actualNanoUsd: 0.9 * usd, actualTokens: 0, nowMs: tonight + 2 });
    const [standing] = await ledger.read([scope], tonight + 3);
    expect(standing?.budgets).toMatchObject([
      { period: 'day', spentNanoUsd: 0, heldNanoUsd: 0.8 * usd },
      { period: 'total', spentNanoUsd: 0.9 * usd, heldNanoUsd: 0.8 * usd },
    ]);
    // An instance whose clock is behind does not bring the old day back.
    expect(refusedOf(await another().admit(askFor([scope], { amountNanoUsd: 0.3 * usd, nowMs: tonight }))).reason).toBe('contention');
    await ledger.settle(next, { actualNanoUsd: 0.1 * usd, actualTokens: 0, nowMs: tonight + 4 });
  });

  it('does not begin a period twice when an instance still remembers the one before', async () => {
    const scope = scopeWith('begun', { budgets: [{ amount_usd: 1, period: 'day' }] });
    const tomorrow = noon + 86_400_000;
    const other = another();
    for (const instance of [ledger, other]) {
      const call = admittedOf(await instance.admit(askFor([scope], { amountNanoUsd: 0.1 * usd, nowMs: noon })));
      await instance.settle(call, { actualNanoUsd: 0.1 * usd, actualTokens: 0, nowMs: noon });
    }
    admittedOf(await other.admit(askFor([scope], { amountNanoUsd: 0.6 * usd, nowMs: tomorrow })));
    expect(refusedOf(await ledger.admit(askFor([scope], { amountNanoUsd: 0.6 * usd, nowMs: tomorrow })))).toMatchObject({
      held: 0.6 * usd,
    });
  });

  it('obeys a changed limit with the next call, up and down', async () => {
    const withBudget = (amount_usd: number) => scopeWith('changed', { budgets: [{ amount_usd, period: 'total' }] });
    const first = admittedOf(await ledger.admit(askFor([withBudget(1)], { amountNanoUsd: usd, nowMs: noon })));
    await ledger.settle(first, { actualNanoUsd: usd, actualTokens: 0, nowMs: noon });
    expect(refusedOf(await ledger.admit(askFor([withBudget(1)], { nowMs: noon }))).reason).toBe('exhausted');
    const second = admittedOf(await ledger.admit(askFor([withBudget(2)], { amountNanoUsd: 0.5 * usd, nowMs: noon })));
    await ledger.settle(second, { actualNanoUsd: 0.5 * usd, actualTokens: 0, nowMs: noon });
    expect(refusedOf(await ledger.admit(askFor([withBudget(1.2)], { nowMs: noon })))).toMatchObject({
      spent: 1.5 * usd,
      limitValue: 1.2 * usd,
    });
  });

  it('counts a total budget set later from the first call the ledger saw', async () => {
    const before = scopeWith('later', { requests_per_minute: 100 });
    const admitted = admittedOf(await ledger.admit(askFor([before], { amountNanoUsd: usd, nowMs: noon })));
    await ledger.settle(admitted, { actualNanoUsd: usd, actualTokens: 0, nowMs: noon });
    const after = scopeWith('later', { requests_per_minute: 100, budgets: [{ amount_usd: 1, period: 'total' }] });
    expect(refusedOf(await ledger.admit(askFor([after], { nowMs: noon }))).reason).toBe('exhausted');
  });

  it('lets in parallel calls up to the limit and one more for each that ends', async () => {
    const scope = scopeWith('parallel', { parallel_requests: 2 });
    const first = admittedOf(await ledger.admit(askFor([scope])));
    admittedOf(await ledger.admit(askFor([scope])));
    expect(refusedOf(await ledger.admit(askFor([scope])))).toMatchObject({ limit: 'parallel', held: 2, limitValue: 2 });
    await ledger.settle(first, { actualNanoUsd: 0, actualTokens: 0, nowMs: Date.now() });
    admittedOf(await ledger.admit(askFor([scope])));
  });

  it('returns unused tokens, charges tokens beyond the hold, and says when a call can never fit', async () => {
    const scope = scopeWith('tokens', { tokens_per_minute: 1_000 });
    const first = admittedOf(await ledger.admit(askFor([scope], { tokens: 900, nowMs: noon })));
    expect(refusedOf(await ledger.admit(askFor([scope], { tokens: 200, nowMs: noon })))).toMatchObject({
      limit: 'tokens',
      reason: 'rate',
      retryAfterMs: 6_000,
    });
    await ledger.settle(first, { actualNanoUsd: 0, actualTokens: 100, nowMs: noon });
    const second = admittedOf(await ledger.admit(askFor([scope], { tokens: 900, nowMs: noon })));
    await ledger.settle(second, { actualNanoUsd: 0, actualTokens: 950, nowMs: noon });
    expect(refusedOf(await ledger.admit(askFor([scope], { tokens: 50, nowMs: noon }))).retryAfterMs).toBe(6_000);
    expect(refusedOf(await ledger.admit(askFor([scope], { tokens: 1_001, nowMs: noon })))).toMatchObject({
      reason: 'never',
      retryAfterMs: undefined,
    });
    const clamped = admittedOf(await ledger.admit(askFor([scope], { tokens: 5_000, floorTokens: 100, nowMs: noon + 30_000 })));
    expect(clamped).toMatchObject({ clamped: true, tokens: 450 });
  });

  it('settles dead holds in full as spent, once, and records them', async () => {
    const scope = scopeWith('dead', { budgets: [{ amount_usd: 1, period: 'day' }], parallel_requests: 1 });
    const lost = admittedOf(await ledger.admit(askFor([scope], { amountNanoUsd: 0.4 * usd, nowMs: noon, expiresAtMs: noon + 1_000 })));
    expect(refusedOf(await ledger.admit(askFor([scope], { nowMs: noon + 2_000 }))).limit).toBe('parallel');
    const next = admittedOf(await another().admit(askFor([scope], { amountNanoUsd: 0.1 * usd, nowMs: noon + 10_000 })));
    expect(recorder.recorded.get(`${lost.requestId} key#dead`)).toMatchObject({ amountNanoUsd: 0.4 * usd });
    const late = await ledger.settle(lost, { actualNanoUsd: 0.1 * usd, actualTokens: 0, nowMs: noon + 11_000 });
    expect(late.alreadySettled.map((settled) => settled.id)).toEqual(['key#dead']);
    await ledger.settle(next, { actualNanoUsd: 0.1 * usd, actualTokens: 0, nowMs: noon + 11_000 });
    const [standing] = await ledger.read([scope], noon + 11_000);
    expect(standing?.budgets[0]).toMatchObject({ spentNanoUsd: 0.5 * usd, heldNanoUsd: 0 });
  });

  it('tells what calls under way hold, each call once however many scopes hold it', async () => {
    const held = async (nowMs: number) => {
      let told: HoldsUnderWay = { calls: 0, amountNanoUsd: 0, nextDeadAtMs: undefined };
      await another().sweep(nowMs, (holds) => {
        told = holds;
      });
      return told;
    };
    const before = await held(noon);
    const scopes = [scopeWith('tally', { parallel_requests: 90 }), scopeWith('tally', { parallel_requests: 90 }, 'team')];
    const asks = [7, 5].map((amountNanoUsd) => askFor(scopes, { amountNanoUsd, nowMs: noon, expiresAtMs: noon + 1_000 }));
    const admitted = await Promise.all(asks.map((ask) => ledger.admit(ask)));
    const during = await held(noon);
    expect([during.calls - before.calls, during.amountNanoUsd - before.amountNanoUsd]).toEqual([2, 12]);
    for (const one of admitted) if (one.outcome === 'admitted') await ledger.release(one, noon);
    expect(await held(noon)).toEqual(before);
  });

  it('sweeps dead holds of scopes nobody calls any more', async () => {
    const scopes = [scopeWith('swept-1', { parallel_requests: 90 }), scopeWith('swept-2', { parallel_requests: 90 }, 'team')];
    const asks = Array.from({ length: 45 }, () => askFor(scopes, { amountNanoUsd: 7, nowMs: noon, expiresAtMs: noon + 1_000 }));
    await Promise.all(asks.map((ask) => ledger.admit(ask)));
    expect((await another().sweep(noon + 3_000)).filter((dead) => dead.scopeId.includes('swept'))).toEqual([]);
    const swept = (await another().sweep(noon + 30_000)).filter((dead) => dead.scopeId.includes('swept'));
    expect(swept).toHaveLength(90);
    const standings = await ledger.read(scopes, noon + 30_000);
    expect(standings.map(({ parallel, budgets }) => [parallel.underWay, budgets[0]?.spentNanoUsd, budgets[0]?.heldNanoUsd])).toEqual([
      [0, 315, 0],
      [0, 315, 0],
    ]);
    expect((await another().sweep(noon + 30_000)).filter((dead) => dead.scopeId.includes('swept'))).toEqual([]);
  });

  it('lets a running call hold more, until it does not fit', async () => {
    const scope = scopeWith('extend', { budgets: [{ amount_usd: 1, period: 'day' }], tokens_per_minute: 10_000 });
    const admitted = admittedOf(await ledger.admit(askFor([scope], { amountNanoUsd: 0.1 * usd, tokens: 100, nowMs: noon })));
    const once = await ledger.extend(admitted, { amountNanoUsd: 0.5 * usd, tokens: 400, nowMs: noon });
    if (once.outcome !== 'extended') throw new Error('refused');
    expect(once).toMatchObject({ grantedNanoUsd: 0.5 * usd, admitted: { amountNanoUsd: 0.6 * usd, tokens: 500 } });
    const twice = await ledger.extend(once.admitted, { amountNanoUsd: 0.5 * usd, tokens: 400, nowMs: noon });
    expect(twice.outcome).toBe('refused');
    const clamped = await ledger.extend(twice.admitted, { amountNanoUsd: 0.5 * usd, floorNanoUsd: 0.01 * usd, tokens: 400, nowMs: noon });
    if (clamped.outcome !== 'extended') throw new Error('refused');
    expect(clamped.grantedNanoUsd).toBe(0.4 * usd);
    await ledger.settle(clamped.admitted, { actualNanoUsd: 0.77 * usd, actualTokens: 500, nowMs: noon });
    const [standing] = await ledger.read([scope], noon);
    expect(standing?.budgets[0]).toMatchObject({ spentNanoUsd: 0.77 * usd, heldNanoUsd: 0 });
    expect(standing?.tokens?.remaining).toBe(9_500);
  });

  it('lets 20 parallel calls that may write 64,000 tokens share a budget for one of them, slice by slice', async () => {
    const scope = scopeWith('slices', { budgets: [{ amount_usd: 0.5, period: 'day' }] });
    // 64,000 tokens at $15 a million are $0.96; a slice holds 1,000 of them, and each call in truth costs $0.001.
    const slice = { amountNanoUsd: 0.015 * usd, tokens: 1_000, nowMs: noon };
    const calls = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const instance = index % 2 === 0 ? ledger : another();
        const admitted = admittedOf(await instance.admit(askFor([scope], slice)));
        const extended = await instance.extend(admitted, { ...slice, amountNanoUsd: 0.005 * usd });
        expect(extended.outcome).toBe('extended');
        return extended.admitted;
      }),
    );
    for (const call of calls) await ledger.settle(call, { actualNanoUsd: 0.001 * usd, actualTokens: 66, nowMs: noon });
    const [standing] = await ledger.read([scope], noon);
    expect(standing?.budgets[0]).toMatchObject({ spentNanoUsd: 0.02 * usd, heldNanoUsd: 0 });
  });

  it('carries a running call into the new day as a whole when it holds more there', async () => {
    const scope = scopeWith('carried', { budgets: [{ amount_usd: 1, period: 'day' }] });
    const tonight = Date.UTC(2026, 10, 18, 23, 59, 59);
    const admitted = admittedOf(await ledger.admit(askFor([scope], { amountNanoUsd: 0.6 * usd, nowMs: tonight })));
    const tomorrow = tonight + 2_000;
    expect((await ledger.extend(admitted, { amountNanoUsd: 0.5 * usd, tokens: 0, nowMs: tomorrow })).outcome).toBe('refused');
    const extended = await ledger.extend(admitted, { amountNanoUsd: 0.3 * usd, tokens: 0, nowMs: tomorrow });
    expect(extended.outcome).toBe('extended');
    const [standing] = await ledger.read([scope], tomorrow);
    expect(standing?.budgets[0]).toMatchObject({ spentNanoUsd: 0, heldNanoUsd: 0.9 * usd });
    await ledger.settle(extended.admitted, { actualNanoUsd: 0.7 * usd, actualTokens: 0, nowMs: tomorrow });
    const [after] = await ledger.read([scope], tomorrow);
    expect(after?.budgets[0]).toMatchObject({ spentNanoUsd: 0.7 * usd, heldNanoUsd: 0 });
  });

  it('charges limits of other models nothing but the request', async () => {
    const limits = { per_model: { 'openai/*': { budgets: [{ amount_usd: 1, period: 'day' as const }], requests_per_minute: 10 } } };
    const scope = scopeWith('per-model', limits);
    const ask = askFor([scope], { amountNanoUsd: 0.5 * usd, nowMs: noon });
    const admitted = admittedOf(await ledger.admit(ask));
    await ledger.settle(admitted, { actualNanoUsd: 0.5 * usd, actualTokens: 0, servedModels: ['smart', 'anthropic/claude'], nowMs: noon });
    const [standing] = await ledger.read([scope], noon);
    expect(standing?.budgets[0]).toMatchObject({ spentNanoUsd: 0, heldNanoUsd: 0 });
    expect(standing?.requests?.remaining).toBe(9);
  });
});
