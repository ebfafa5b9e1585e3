import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Limits } from '../../shared/admission/limits.ts';
import type { DynamoDb } from '../../shared/store/dynamo-client.ts';
import { DynamoLedger } from '../../shared/store/ledger-store.ts';
import { admittedOf, askFor, connect, RememberingRecorder, refusedOf, scopeWith } from '../support/ledger-fixtures.ts';
import { startProcesses } from '../support/ledger-processes.ts';
import { emulators, type TestDynamoDb } from '../support/ledger-servers.ts';

const noon = Date.UTC(2026, 10, 18, 12);
const usd = 1_000_000_000;

describe.each(emulators)('a scope spread over shards on $name', ({ name, start }) => {
  let server: TestDynamoDb;
  let db: DynamoDb;
  let ledger: DynamoLedger;

  beforeAll(async () => {
    server = await start();
    db = await connect(server.endpoint);
    ledger = another();
  });
  afterAll(async () => {
    db.close();
    await server.close();
  });

  const another = () => new DynamoLedger({ db, table: 'sluice-ledger', recorder: new RememberingRecorder(), deadlineMs: 20_000 });

  async function admittedOneByOne(scope: ReturnType<typeof scopeWith>, calls: number, rest: Parameters<typeof askFor>[1]) {
    const admitted = [];
    for (let call = 0; call < calls; call += 1) {
      const outcome = await ledger.admit(askFor([scope], { nowMs: noon, ...rest }));
      if (outcome.outcome === 'admitted') admitted.push(outcome);
    }
    return admitted;
  }

  it('lets a budget be spent to the last call that fits, in parts from several shards where one is not enough', async () => {
    const scope = scopeWith('parts', { shards: 4, budgets: [{ amount_usd: 1, period: 'day' }] });
    const admitted = await admittedOneByOne(scope, 40, { amountNanoUsd: 0.07 * usd });
    expect(admitted).toHaveLength(14);
    expect(admitted.some((call) => call.holds.length > 1)).toBe(true);
    const [held] = await ledger.read([scope], noon);
    expect(held).toMatchObject({ budgets: [{ spentNanoUsd: 0, heldNanoUsd: 0.98 * usd }, {}], parallel: { underWay: 14 } });
    for (const call of admitted) await another().settle(call, { actualNanoUsd: 0.05 * usd, actualTokens: 0, nowMs: noon });
    const [settled] = await ledger.read([scope], noon);
    expect(settled).toMatchObject({ budgets: [{ spentNanoUsd: 0.7 * usd, heldNanoUsd: 0 }, {}], parallel: { underWay: 0 } });
    const refused = refusedOf(await ledger.admit(askFor([scope], { amountNanoUsd: 0.31 * usd, nowMs: noon })));
    expect(refused).toMatchObject({ reason: 'exhausted', limitValue: usd, spent: 0.7 * usd, held: 0 });
    expect(admittedOf(await ledger.admit(askFor([scope], { amountNanoUsd: 0.3 * usd, nowMs: noon }))).holds.length).toBe(4);
  });

  it('clamps to what all shards have left', async () => {
    const scope = scopeWith('clamped', { shards: 3, budgets: [{ amount_usd: 1, period: 'total' }] });
    const clamped = admittedOf(await ledger.admit(askFor([scope], { amountNanoUsd: 5 * usd, floorNanoUsd: 0.9 * usd, nowMs: noon })));
    expect(clamped.amountNanoUsd).toBe(usd);
    await ledger.release(clamped, noon);
    const strict = scopeWith('clamped', { shards: 3, clamp: false, budgets: [{ amount_usd: 1, period: 'total' }] });
    expect(refusedOf(await ledger.admit(askFor([strict], { amountNanoUsd: 5 * usd, floorNanoUsd: 1, nowMs: noon })))).toMatchObject({
      reason: 'exhausted',
      spent: 0,
      held: 0,
    });
  });

  it.each([
    ['requests', { requests_per_minute: 61 }, 61],
    ['requests, burst of six', { requests_per_minute: 60, burst: 0.1 }, 6],
    ['fewer requests than shards', { requests_per_minute: 3 }, 3],
    ['parallel', { parallel_requests: 5 }, 5],
    ['tokens', { tokens_per_minute: 1_000 }, 14],
  ] as const)('lets in as much at once as one item would: %s', async (what, limits, most) => {
    const scope = scopeWith(`most-${what}`, { shards: 8, ...limits });
    expect(await admittedOneByOne(scope, most + 20, { tokens: 70 })).toHaveLength(most);
    const refused = refusedOf(await ledger.admit(askFor([scope], { nowMs: noon, tokens: 70 })));
    expect(refused.limitValue).toBe(Object.values(limits)[0]);
    expect(refused.retryAfterMs).toBeGreaterThan(0);
  });

  it('lets a minute of requests in per minute, and no more', async () => {
    const scope = scopeWith('minute', { shards: 4, requests_per_minute: 60 });
    await admittedOneByOne(scope, 60, {});
    for (const [afterMs, more] of [
      [999, 0],
      [4_000, 4],
      [36_000, 32],
    ] as const) {
      expect(await admittedOneByOne(scope, more + 8, { nowMs: noon + afterMs })).toHaveLength(more);
    }
  });

  it('takes over what was used before it was spread, under the eyes of instances that do not know yet', async () => {
    const limits: Limits = { budgets: [{ amount_usd: 1, period: 'day' }], requests_per_minute: 60 };
    const before = scopeWith('spread-later', limits);
    const after = scopeWith('spread-later', { ...limits, shards: 4 });
    const stale = another();
    const ask = (amountNanoUsd: number) => ({ amountNanoUsd: amountNanoUsd * usd, nowMs: noon });
    const held = admittedOf(await stale.admit(askFor([before], ask(0.3))));
    const spent = admittedOf(await stale.admit(askFor([before], ask(0.2))));
    await stale.settle(spent, { actualNanoUsd: 0.2 * usd, actualTokens: 0, nowMs: noon });
    expect(refusedOf(await ledger.admit(askFor([after], ask(0.51)))).reason).toBe('contention');
    const whole = admittedOf(await ledger.admit(askFor([after], { ...ask(0.5), nowMs: noon + 5_000 })));
    expect(whole.amountNanoUsd).toBe(0.5 * usd);
    expect(refusedOf(await stale.admit(askFor([before], ask(0.01)))).reason).toBe('contention');
    await stale.settle(held, { actualNanoUsd: 0.1 * usd, actualTokens: 0, nowMs: noon });
    const again = admittedOf(await stale.admit(askFor([before], { ...ask(0.2), nowMs: noon + 5_000 })));
    await stale.settle(again, { actualNanoUsd: 0.2 * usd, actualTokens: 0, nowMs: noon });
    await ledger.settle(whole, { actualNanoUsd: 0.5 * usd, actualTokens: 0, nowMs: noon });
    for (const scope of [before, after]) {
      const [standing] = await ledger.read([scope], noon);
      expect(standing?.budgets[0]).toMatchObject({ spentNanoUsd: usd, heldNanoUsd: 0 });
    }
  });

  it('gives a new day the whole budget again after it was spread in the old one', async () => {
    const limits: Limits = { budgets: [{ amount_usd: 1, period: 'day' }] };
    const first = admittedOf(await ledger.admit(askFor([scopeWith('next-day', limits)], { amountNanoUsd: 0.9 * usd, nowMs: noon })));
    await ledger.settle(first, { actualNanoUsd: 0.9 * usd, actualTokens: 0, nowMs: noon });
    const scope = scopeWith('next-day', { ...limits, shards: 4 });
    expect(await admittedOneByOne(scope, 8, { amountNanoUsd: 0.05 * usd })).toHaveLength(2);
    expect(await admittedOneByOne(scope, 30, { amountNanoUsd: 0.05 * usd, nowMs: noon + 86_400_000 })).toHaveLength(20);
  });

  it('lets a running call hold more from wherever there is some', async () => {
    const scope = scopeWith('extended', { shards: 4, budgets: [{ amount_usd: 1, period: 'day' }] });
    const call = admittedOf(await ledger.admit(askFor([scope], { amountNanoUsd: 0.1 * usd, nowMs: noon })));
    const more = await ledger.extend(call, { amountNanoUsd: 0.6 * usd, tokens: 0, nowMs: noon });
    expect(more).toMatchObject({ outcome: 'extended', grantedNanoUsd: 0.6 * usd });
    expect(more.admitted.holds.length).toBeGreaterThan(1);
    const refused = await ledger.extend(more.admitted, { amountNanoUsd: 0.4 * usd, tokens: 0, nowMs: noon });
    expect(refused.outcome).toBe('refused');
    const last = await ledger.extend(refused.admitted, { amountNanoUsd: 0.4 * usd, floorNanoUsd: 1, tokens: 0, nowMs: noon });
    expect(last).toMatchObject({ outcome: 'extended', grantedNanoUsd: 0.3 * usd });
    await ledger.settle(last.admitted, { actualNanoUsd: 0.45 * usd, actualTokens: 0, nowMs: noon });
    const [standing] = await ledger.read([scope], noon);
    expect(standing).toMatchObject({ budgets: [{ spentNanoUsd: 0.45 * usd, heldNanoUsd: 0 }, {}], parallel: { underWay: 0 } });
  });

  it('buries the parts of a dead call', async () => {
    const scope = scopeWith('dead-parts', { shards: 4, budgets: [{ amount_usd: 1, period: 'day' }] });
    const lost = admittedOf(await ledger.admit(askFor([scope], { amountNanoUsd: 0.7 * usd, nowMs: noon, expiresAtMs: noon + 1_000 })));
    const swept = await another().sweep(noon + 10_000);
    expect(swept.filter((dead) => dead.requestId === lost.requestId).length).toBe(lost.holds.length);
    const [standing] = await ledger.read([scope], noon + 10_000);
    expect(standing).toMatchObject({ budgets: [{ spentNanoUsd: 0.7 * usd, heldNanoUsd: 0 }, {}], parallel: { underWay: 0 } });
  });

  it('spreads a crowded scope by itself and stays strict', async () => {
    const scope = scopeWith('crowded', { budgets: [{ amount_usd: 1, period: 'total' }] });
    const first = await admittedOneByOne(scope, 205, { amountNanoUsd: 0.004 * usd });
    expect(first).toHaveLength(205);
    const rest = await admittedOneByOne(scope, 60, { amountNanoUsd: 0.004 * usd });
    expect(rest).toHaveLength(45);
    expect(new Set(rest.flatMap((call) => call.holds.map((hold) => hold.shard))).size).toBeGreaterThan(4);
    for (const call of [...first, ...rest]) await ledger.settle(call, { actualNanoUsd: 0.001 * usd, actualTokens: 0, nowMs: noon });
    const [standing] = await another().read([scope], noon);
    expect(standing).toMatchObject({ budgets: [{ spentNanoUsd: 0.25 * usd, heldNanoUsd: 0 }], parallel: { underWay: 0 }, shards: 8 });
  });

  it('lets exactly 100 of 800 concurrent calls of eight processes in on a budget for 100', { timeout: 60_000 }, async () => {
    const limits: Limits = { shards: 4, budgets: [{ amount_usd: 1, period: 'total' }] };
    const job = {
      endpoint: server.endpoint,
      scopes: [{ id: 'shared', limits }],
      calls: 100,
      concurrency: 100,
      amountNanoUsd: 0.01 * usd,
      tokens: 1,
    };
    const work = startProcesses(
      Array.from({ length: name === 'dynalite' ? 8 : 2 }, (_, worker) => ({ ...job, worker, settle: true, spendAll: true })),
    );
    await work.ended;
    expect(work.failures).toEqual([]);
    expect(work.admitted.size).toBe(100);
    const [standing] = await ledger.read([scopeWith('shared', limits)], Date.now());
    expect(standing).toMatchObject({ budgets: [{ spentNanoUsd: usd, heldNanoUsd: 0 }], parallel: { underWay: 0 } });
  });
});
