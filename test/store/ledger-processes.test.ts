import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DynamoLedger } from '../../shared/store/ledger-store.ts';
import { admittedOf, askFor, ledgerOn, scopeWith } from '../support/ledger-fixtures.ts';
import { actualOf, type LedgerJob } from '../support/ledger-job.ts';
import { startProcesses } from '../support/ledger-processes.ts';
import { startDynalite, type TestDynamoDb } from '../support/ledger-servers.ts';
import { startLossyProxy } from '../support/lossy-proxy.ts';

const amountNanoUsd = 10_000_000;
const processes = 8;

describe('several processes on one store', { timeout: 60_000 }, () => {
  let server: TestDynamoDb;
  let ledger: DynamoLedger;

  beforeAll(async () => {
    server = await startDynalite();
    ledger = await ledgerOn(server.endpoint);
  });
  afterAll(() => server.close());

  let sampled: { budgets: number; most: number; stop: () => Promise<void> } | undefined;
  afterEach(async () => sampled?.stop());
  beforeEach(() => {
    sampled = undefined;
  });

  /** Watches spent + held of a scope while others work on it. */
  function sample(id: string, limits: LedgerJob['scopes'][number]['limits']) {
    const scope = scopeWith(id, limits);
    let stopped = false;
    const watch = { budgets: 0, most: 0, stop: (): Promise<void> => Promise.resolve() };
    const watching = (async () => {
      while (!stopped) {
        const [standing] = await ledger.read([scope], Date.now());
        const [budget] = standing?.budgets ?? [];
        if (budget) {
          watch.budgets += 1;
          watch.most = Math.max(watch.most, budget.spentNanoUsd + budget.heldNanoUsd);
        }
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    })();
    watch.stop = () => {
      stopped = true;
      return watching;
    };
    sampled = watch;
    return watch;
  }

  function jobs(rest: Partial<LedgerJob> & Pick<LedgerJob, 'scopes'>): LedgerJob[] {
    return Array.from({ length: processes }, (_, worker) => ({
      endpoint: server.endpoint,
      worker,
      calls: 125,
      concurrency: 125,
      amountNanoUsd,
      tokens: 100,
      settle: true,
      ...rest,
    }));
  }

  it('lets exactly 100 of 1,000 concurrent calls in on a budget for 100', async () => {
    const scopes = [{ id: 'exact', limits: { budgets: [{ amount_usd: 1, period: 'total' as const }] } }];
    const watch = sample('exact', scopes[0]!.limits);
    const work = startProcesses(jobs({ scopes, spendAll: true }));
    await work.ended;
    await watch.stop();
    expect(work.failures).toEqual([]);
    expect(work.admitted.size).toBe(100);
    expect(work.refused).toHaveLength(900);
    expect(watch.budgets).toBeGreaterThan(10);
    expect(watch.most).toBeLessThanOrEqual(1e9);
    const [standing] = await ledger.read([scopeWith('exact', scopes[0]!.limits)], Date.now());
    expect(standing?.budgets[0]).toMatchObject({ spentNanoUsd: 1e9, heldNanoUsd: 0 });
    expect([...work.settled.values()].reduce((sum, amount) => sum + amount, 0)).toBe(1e9);
  });

  it('keeps the books to the nano-dollar through kills, lost answers, retries and wrong clocks', async () => {
    let answers = 0;
    // Every seventh answer to an update is lost.
    const proxy = await startLossyProxy(server.endpoint, () => {
      answers += 1;
      return answers % 7 === 0;
    });
    const limits = { budgets: [{ amount_usd: 1, period: 'total' as const }], parallel_requests: 1_000 };
    const team = { budgets: [{ amount_usd: 1.5, period: 'month' as const }] };
    const scopes = [
      { id: 'chaos', limits },
      { id: 'chaos-b', limits: team },
    ];
    const watch = sample('chaos', limits);
    const work = startProcesses(
      jobs({ scopes, endpoint: proxy.endpoint, concurrency: 25, pauseMs: 100 }).map((job) => ({
        ...job,
        skewMs: [0, 2_000, -2_000][job.worker % 3] ?? 0,
        sdk: job.worker % 4 === 3,
      })),
    );
    // One by each client dies at a moment nobody chose, in the middle of whatever it is at.
    const moments = [3, 4].map((index) => ({ index, settled: 1 + Math.floor(Math.random() * 60), ms: Math.random() * 40 }));
    await Promise.all(
      moments.map(async ({ index, settled, ms }) => {
        while (work.settled.size < settled && work.failures.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
        await new Promise((resolve) => setTimeout(resolve, ms));
        work.kill(index);
      }),
    );
    await work.ended;
    await watch.stop();
    await proxy.close();
    const when = JSON.stringify(moments);
    expect(work.failures, when).toEqual([]);
    expect(proxy.lost(), when).toBeGreaterThan(50);

    const later = Date.now() + 120_000;
    const dead = await ledger.sweep(later);
    for (const { id, limits: ofScope } of scopes) {
      const buried = new Map(dead.filter((hold) => hold.scopeId === `key#${id}`).map((hold) => [hold.requestId, hold.amountNanoUsd]));
      // Whoever was admitted has settled, or was killed before that and is buried.
      const charged = [...new Set([...work.admitted, ...buried.keys()])].map((call) => buried.get(call) ?? actualOf(call, amountNanoUsd));
      const spent = charged.reduce((sum, amount) => sum + amount, 0);
      const [standing] = await ledger.read([scopeWith(id, ofScope)], later);
      expect(standing?.budgets[0], when).toMatchObject({ spentNanoUsd: spent, heldNanoUsd: 0 });
      expect(standing?.parallel.underWay, when).toBe(0);
    }
    expect(dead.length, when).toBeGreaterThan(0);
    expect(watch.most, when).toBeLessThanOrEqual(1e9);
    for (const hold of dead) expect(work.settled.has(hold.requestId)).toBe(false);
  });

  it('lets in 60 requests a minute under 300 at once, in the first instant and across the edge of the minute', async () => {
    const scopes = [{ id: 'rpm', limits: { requests_per_minute: 60 } }];
    const justBeforeTheEdge = Date.UTC(2026, 10, 18, 12, 0, 59, 900);
    const admittedAt = async (nowMs: number, calls: number) => {
      const each = Math.ceil(calls / processes);
      const work = startProcesses(
        jobs({ scopes, nowMs, calls: each, concurrency: each, settle: false }).map((job) => ({
          ...job,
          worker: job.worker + (nowMs % 1e6) * 10,
        })),
      );
      await work.ended;
      expect(work.failures).toEqual([]);
      expect(work.refused.every((refusal) => refusal === 'requests rate')).toBe(true);
      return work.admitted.size;
    };
    expect(await admittedAt(justBeforeTheEdge, 300)).toBe(60);
    expect(await admittedAt(justBeforeTheEdge + 200, 80)).toBe(0);
    expect(await admittedAt(justBeforeTheEdge + 1_000, 80)).toBe(1);
    expect(await admittedAt(justBeforeTheEdge + 31_000, 80)).toBe(30);
  });

  it('lets in a minute of tokens under 300 calls at once, and as many more as were not used', async () => {
    const limits = { tokens_per_minute: 6_000 };
    const scopes = [{ id: 'tpm', limits }];
    const nowMs = Date.UTC(2026, 10, 18, 12, 0, 59, 900);
    const first = startProcesses(jobs({ scopes, nowMs, calls: 38, concurrency: 38, settle: false }));
    await first.ended;
    expect(first.failures).toEqual([]);
    expect(first.admitted.size).toBe(60);
    const [full] = await ledger.read([scopeWith('tpm', limits)], nowMs);
    expect(full?.tokens?.remaining).toBe(0);

    const settling = scopeWith('tpm-returned', limits);
    const held = await Promise.all(Array.from({ length: 60 }, () => ledger.admit(askFor([settling], { tokens: 100, nowMs }))));
    await Promise.all(held.map((outcome) => ledger.settle(admittedOf(outcome), { actualNanoUsd: 0, actualTokens: 40, nowMs })));
    const second = startProcesses(jobs({ scopes: [{ id: 'tpm-returned', limits }], nowMs, calls: 38, concurrency: 38, settle: false }));
    await second.ended;
    expect(second.admitted.size).toBe(36);
  });
});
