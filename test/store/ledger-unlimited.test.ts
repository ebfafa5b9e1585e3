import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type DynamoDb, StoreError, type UpdateInput } from '../../shared/store/dynamo-client.ts';
import { packHold, unpackHold } from '../../shared/store/ledger-item.ts';
import { DynamoLedger, type LedgerEvent } from '../../shared/store/ledger-store.ts';
import { admittedOf, askFor, connect, RememberingRecorder, scopeWith } from '../support/ledger-fixtures.ts';
import { startDynalite, type TestDynamoDb } from '../support/ledger-servers.ts';

const nowMs = Date.UTC(2026, 10, 18, 12);

describe('a scope that nothing limits', () => {
  let server: TestDynamoDb;
  let db: DynamoDb;
  let recorder: RememberingRecorder;
  const writes: UpdateInput[] = [];

  beforeAll(async () => {
    server = await startDynalite();
    db = await connect(server.endpoint);
  });
  afterAll(async () => {
    db.close();
    await server.close();
  });

  /** A ledger whose writes are counted, or all fail. */
  function ledgerWith(
    options: {
      readonly gone?: boolean;
      readonly open?: boolean;
      readonly events?: LedgerEvent[];
      readonly throttles?: { left: number };
    } = {},
  ): DynamoLedger {
    recorder = new RememberingRecorder();
    writes.length = 0;
    const update = (input: UpdateInput) => {
      writes.push(input);
      if (options.throttles !== undefined && options.throttles.left > 0) {
        options.throttles.left -= 1;
        return Promise.reject(new StoreError('throttled', 'ThrottlingException', 'slow down'));
      }
      return options.gone ? Promise.reject(new StoreError('unavailable', 'ECONNREFUSED', 'nobody there')) : db.update(input);
    };
    const counted: DynamoDb = {
      get: (input) => db.get(input),
      query: (input) => db.query(input),
      scan: (input) => db.scan(input),
      batchGet: (table, keys, consistent) => db.batchGet(table, keys, consistent),
      put: (input) => db.put(input),
      update,
      delete: (input) => db.delete(input),
      batchPut: (table, items) => db.batchPut(table, items),
      batchDelete: (table, keys) => db.batchDelete(table, keys),
      close: () => db.close(),
    };
    return new DynamoLedger({
      db: counted,
      table: 'sluice-ledger',
      recorder,
      onStoreFailure: () => (options.open ? 'open' : 'closed'),
      log: (event) => options.events?.push(event),
    });
  }

  it('takes one write to admit a call and one to settle it, from the first call on', async () => {
    const ledger = ledgerWith();
    const scope = scopeWith('free', {});
    for (const calls of [1, 2, 3]) {
      const admitted = admittedOf(await ledger.admit(askFor([scope], { nowMs, amountNanoUsd: 5_000 })));
      expect(admitted).toMatchObject({ amountNanoUsd: 5_000, clamped: false });
      await ledger.settle(admitted, { actualNanoUsd: 1_000, actualTokens: 10, nowMs });
      expect(writes).toHaveLength(2 * calls);
    }
    const [standing] = await ledger.read([scope], nowMs);
    expect(standing?.budgets).toMatchObject([{ period: 'total', limitNanoUsd: undefined, spentNanoUsd: 3_000, heldNanoUsd: 0 }]);
  });

  it('is spread by itself before it is crowded, and loses nothing', async () => {
    const ledger = ledgerWith();
    const scope = scopeWith('hot', {});
    const admitted = [];
    for (let call = 0; call < 60; call += 1) admitted.push(admittedOf(await ledger.admit(askFor([scope], { nowMs, amountNanoUsd: 10 }))));
    expect(new Set(admitted.flatMap(({ holds }) => holds.map(({ shard }) => shard))).size).toBeGreaterThan(1);
    const [during] = await ledger.read([scope], nowMs);
    expect(during).toMatchObject({ parallel: { underWay: 60 }, budgets: [{ heldNanoUsd: 600 }] });
    for (const call of admitted) await ledger.settle(call, { actualNanoUsd: 7, actualTokens: 1, nowMs });
    const [after] = await ledger.read([scope], nowMs);
    expect(after).toMatchObject({ parallel: { underWay: 0 }, budgets: [{ spentNanoUsd: 420, heldNanoUsd: 0 }] });
  });

  it('is spread when the store throttles its one item, and goes on from there', async () => {
    const scope = scopeWith('short-and-many', {});
    const throttles = { left: 1 };
    const ledger = ledgerWith({ throttles });
    await expect(ledger.admit(askFor([scope], { nowMs }))).rejects.toMatchObject({ code: 'store_unavailable' });
    await vi.waitFor(async () => {
      const admitted = await Promise.all(Array.from({ length: 8 }, () => ledger.admit(askFor([scope], { nowMs }))));
      expect(new Set(admitted.flatMap((call) => admittedOf(call).holds.map(({ shard }) => shard))).size).toBeGreaterThan(1);
    });
    // With limits its slices could refuse what the whole does not.
    const limited = scopeWith('limited-and-throttled', { budgets: [{ amount_usd: 1, period: 'total' }] });
    throttles.left = 1;
    await expect(ledger.admit(askFor([limited], { nowMs }))).rejects.toMatchObject({ code: 'store_unavailable' });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(admittedOf(await ledger.admit(askFor([limited], { nowMs }))).holds.map(({ shard }) => shard)).toEqual([0]);
    expect(writes.some(({ update, key }) => key.pk.includes('limited-and') && update.includes('l_n'))).toBe(false);
  });

  it('refuses or lets through as the operator says when the store does not answer', async () => {
    const scope = scopeWith('stranded', {});
    await expect(ledgerWith({ gone: true }).admit(askFor([scope], { nowMs }))).rejects.toMatchObject({
      code: 'store_unavailable',
      retryAfterMs: 2_000,
    });
    const events: LedgerEvent[] = [];
    const admitted = admittedOf(await ledgerWith({ gone: true, open: true, events }).admit(askFor([scope], { nowMs })));
    expect(admitted.unheld).toEqual([scope]);
    expect(events).toMatchObject([{ event: 'let_through', scopeId: 'key#stranded' }]);
    const ledger = ledgerWith({ open: true });
    await ledger.settle(admitted, { actualNanoUsd: 9, actualTokens: 1, nowMs });
    const [standing] = await ledger.read([scope], nowMs);
    expect(standing?.budgets).toMatchObject([{ spentNanoUsd: 9, heldNanoUsd: 0 }]);
  });

  it('remembers of a call that no price was known, and tells it of a dead one', async () => {
    const ledger = ledgerWith();
    const scope = scopeWith('unpriced', {});
    const ask = askFor([scope], { nowMs, amountNanoUsd: 0, unpriced: true });
    const admitted = admittedOf(await ledger.admit(ask));
    const extended = await ledger.extend(admitted, { amountNanoUsd: 0, tokens: 5, nowMs });
    expect(extended.outcome).toBe('extended');
    const dead = await ledger.sweep(nowMs + 3_600_000);
    expect(dead.filter(({ scopeId }) => scopeId === scope.id)).toMatchObject([
      { requestId: ask.requestId, amountNanoUsd: 0, unpriced: true },
    ]);
    await vi.waitFor(() => expect(recorder.recorded.size).toBeGreaterThan(0));
  });

  it('packs a hold into the same text, with or without a price', () => {
    const hold = { amountNanoUsd: 12, tokens: 3, countsRequest: true, expiresAtMs: 5_000, periods: { total: 0, day: 9 } };
    expect(unpackHold(packHold(hold))).toEqual(hold);
    expect(packHold(hold)).not.toContain('u');
    expect(unpackHold(packHold({ ...hold, unpriced: true }))).toEqual({ ...hold, unpriced: true });
  });
});
