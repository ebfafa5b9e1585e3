import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { refusalError } from '../../shared/admission/refusal.ts';
import { type DynamoDb, StoreError, type UpdateInput, type WriteResult } from '../../shared/store/dynamo-client.ts';
import { DynamoLedger, type LedgerEvent } from '../../shared/store/ledger-store.ts';
import { admittedOf, askFor, connect, RememberingRecorder, refusedOf, scopeWith } from '../support/ledger-fixtures.ts';
import { startDynalite, type TestDynamoDb } from '../support/ledger-servers.ts';

const noon = Date.UTC(2026, 10, 18, 12);
const budget = { budgets: [{ amount_usd: 1e-6, period: 'day' as const }] };

type Trouble = 'none' | 'throttled' | 'silent' | 'answer lost' | 'gone';

describe('the ledger and a store in trouble', () => {
  let server: TestDynamoDb;
  let db: DynamoDb;
  let trouble: Trouble = 'none';

  beforeAll(async () => {
    server = await startDynalite();
    db = await connect(server.endpoint);
  });
  afterAll(async () => {
    db.close();
    await server.close();
  });

  /** A store that fails as told, at whichever write `fails` picks. */
  function troubled(fails: (input: UpdateInput) => boolean = () => true): DynamoDb {
    return {
      ...bound(db),
      update: async (input): Promise<WriteResult> => {
        if (trouble === 'none' || !fails(input)) return db.update(input);
        if (trouble === 'throttled') throw new StoreError('throttled', 'ThrottlingException', 'slow down');
        if (trouble === 'gone') throw new StoreError('unavailable', 'ECONNREFUSED', 'nobody there');
        if (trouble === 'silent') return new Promise(() => undefined);
        await db.update(input);
        throw new StoreError('unavailable', 'ECONNRESET', 'socket hang up');
      },
    };
  }

  function ledgerWith(store: DynamoDb, events: LedgerEvent[] = [], mode: 'open' | 'closed' | (() => 'open' | 'closed') = 'closed') {
    return new DynamoLedger({
      db: store,
      table: 'sluice-ledger',
      recorder: new RememberingRecorder(),
      onStoreFailure: typeof mode === 'function' ? mode : () => mode,
      log: (event) => events.push(event),
      deadlineMs: 300,
    });
  }

  it.each(['throttled', 'silent', 'gone'] as const)(
    'refuses with 503 and Retry-After within its deadline when the store is %s',
    async (kind) => {
      trouble = kind;
      const startMs = performance.now();
      const admission = ledgerWith(troubled()).admit(askFor([scopeWith(`closed-${kind}`, budget)], { nowMs: noon }));
      await expect(admission).rejects.toMatchObject({ name: 'GatewayError', code: 'store_unavailable', status: 503, retryAfterMs: 2_000 });
      expect(performance.now() - startMs).toBeLessThan(1_500);
    },
  );

  it('gives back what an admission took whose answer was lost for good', async () => {
    trouble = 'none';
    const ledger = ledgerWith(troubled());
    const scope = scopeWith('abandoned', budget);
    const before = admittedOf(await ledger.admit(askFor([scope], { amountNanoUsd: 0, nowMs: noon })));
    await ledger.release(before, noon);
    trouble = 'answer lost';
    await expect(ledger.admit(askFor([scope], { nowMs: noon }))).rejects.toMatchObject({ code: 'store_unavailable' });
    expect((await ledger.read([scope], noon))[0]?.budgets[0]?.heldNanoUsd).toBe(1_000);
    trouble = 'none';
    await ledger.drained();
    expect((await ledger.read([scope], noon))[0]).toMatchObject({
      budgets: [{ heldNanoUsd: 0, spentNanoUsd: 0 }, {}],
      parallel: { underWay: 0 },
    });
  });

  it('gives back what the other scopes took when the store fails for one', async () => {
    trouble = 'gone';
    const ledger = ledgerWith(troubled((input) => input.key.pk.includes('half-b')));
    const scopes = [scopeWith('half-a', { ...budget, requests_per_minute: 5 }), scopeWith('half-b', budget)];
    await expect(ledger.admit(askFor(scopes, { nowMs: noon }))).rejects.toMatchObject({ code: 'store_unavailable' });
    trouble = 'none';
    await ledger.drained();
    const [standing] = await ledger.read(scopes, noon);
    expect(standing).toMatchObject({ budgets: [{ heldNanoUsd: 0, spentNanoUsd: 0 }, {}], requests: { remaining: 5 } });
  });

  it('settles later, once, what the store did not take', async () => {
    trouble = 'none';
    const events: LedgerEvent[] = [];
    const ledger = ledgerWith(troubled(), events);
    const scope = scopeWith('later', budget);
    const first = admittedOf(await ledger.admit(askFor([scope], { amountNanoUsd: 500, nowMs: noon })));
    const second = admittedOf(await ledger.admit(askFor([scope], { amountNanoUsd: 500, nowMs: noon })));
    trouble = 'throttled';
    expect((await ledger.settle(first, { actualNanoUsd: 400, actualTokens: 1, nowMs: noon })).failed).toEqual([scope]);
    trouble = 'answer lost';
    expect((await ledger.settle(second, { actualNanoUsd: 300, actualTokens: 1, nowMs: noon })).failed).toEqual([scope]);
    trouble = 'none';
    await ledger.drained();
    expect((await ledger.read([scope], noon))[0]?.budgets[0]).toMatchObject({ spentNanoUsd: 700, heldNanoUsd: 0 });
    expect(events.map(({ event, amountNanoUsd }) => [event, amountNanoUsd])).toEqual([
      ['settlement_failed', 400],
      ['settlement_failed', 300],
    ]);
  });

  it.each(['silent', 'answer lost'] as const)(
    'lets calls through where the operator says so, logs each and charges it later (%s)',
    async (kind) => {
      const events: LedgerEvent[] = [];
      const ledger = ledgerWith(troubled(), events, 'open');
      const scope = scopeWith(`open-${kind.replace(' ', '-')}`, { ...budget, requests_per_minute: 1, parallel_requests: 1 });
      trouble = kind;
      const calls = await Promise.all(
        [1, 2].map(async () => admittedOf(await ledger.admit(askFor([scope], { amountNanoUsd: 900, nowMs: noon })))),
      );
      expect(calls.map((call) => call.unheld)).toEqual([[scope], [scope]]);
      expect(events.map(({ event }) => event)).toEqual(['let_through', 'let_through']);
      trouble = 'none';
      for (const call of calls) await ledger.settle(call, { actualNanoUsd: 800, actualTokens: 5, nowMs: noon });
      await ledger.drained();
      expect((await ledger.read([scope], noon))[0]).toMatchObject({
        budgets: [{ spentNanoUsd: 1_600, heldNanoUsd: 0 }, {}],
        parallel: { underWay: 0 },
      });
      expect(refusedOf(await ledger.admit(askFor([scope], { nowMs: noon + 60_000 }))).reason).toBe('exhausted');
    },
  );

  it('goes by what the operator says at that moment, not by what held when it was made', async () => {
    let mode: 'open' | 'closed' = 'closed';
    const ledger = ledgerWith(troubled(), [], () => mode);
    const scope = scopeWith('mode', budget);
    trouble = 'gone';
    await expect(ledger.admit(askFor([scope], { nowMs: noon }))).rejects.toMatchObject({ code: 'store_unavailable' });
    mode = 'open';
    expect(admittedOf(await ledger.admit(askFor([scope], { nowMs: noon }))).unheld).toEqual([scope]);
    mode = 'closed';
    await expect(ledger.admit(askFor([scope], { nowMs: noon }))).rejects.toMatchObject({ code: 'store_unavailable' });
    trouble = 'none';
    await ledger.drained();
  });

  it('still refuses over the limit of one scope while it lets through what another cannot tell', async () => {
    trouble = 'gone';
    const ledger = ledgerWith(
      troubled((input) => input.key.pk.includes('blind')),
      [],
      'open',
    );
    const scopes = [scopeWith('seeing', budget), scopeWith('blind', budget)];
    const refused = refusedOf(await ledger.admit(askFor(scopes, { amountNanoUsd: 5_000, nowMs: noon })));
    expect(refused.scope.id).toBe('key#seeing');
    expect(refusalError(refused, noon).status).toBe(402);
    trouble = 'none';
    await ledger.drained();
  });

  it('throws store_unavailable when scopes cannot be read', async () => {
    const unreadable = { ...bound(db), get: () => Promise.reject(new StoreError('unavailable', 'ECONNRESET', 'gone')) };
    await expect(ledgerWith(unreadable).read([scopeWith('read', budget)], noon)).rejects.toMatchObject({ code: 'store_unavailable' });
  });
});

function bound(db: DynamoDb): DynamoDb {
  return {
    get: (input) => db.get(input),
    put: (input) => db.put(input),
    update: (input) => db.update(input),
    delete: (input) => db.delete(input),
    query: (input) => db.query(input),
    scan: (input) => db.scan(input),
    batchGet: (table, keys, consistent) => db.batchGet(table, keys, consistent),
    batchPut: (table, items) => db.batchPut(table, items),
    batchDelete: (table, keys) => db.batchDelete(table, keys),
    close: () => db.close(),
  };
}
