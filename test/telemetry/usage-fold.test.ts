import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sortableId } from '../../shared/control/sortable-id.ts';
import { type DynamoDb, StoreError } from '../../shared/store/dynamo-client.ts';
import { connectDynamoDb } from '../../shared/store/dynamo-connect.ts';
import { CallRecords } from '../../shared/store/record-calls.ts';
import { foldLagMs, UsageFold } from '../../shared/store/usage-fold.ts';
import { UsageReader } from '../../shared/store/usage-read.ts';
import type { CallRecord } from '../../shared/telemetry/call-record.ts';
import { usageReport, usageTotal } from '../../shared/telemetry/usage-report.ts';
import { startDynalite, type TestDynamoDb } from '../support/ledger-servers.ts';

const table = 'sluice-records';
const minuteMs = 60_000;
const dayMs = 86_400_000;
const retentionMs = 30 * dayMs;
const noon = Date.parse('2026-11-20T12:00:00Z');

let server: TestDynamoDb;
let real: DynamoDb;

beforeAll(async () => {
  server = await startDynalite();
  real = await connectDynamoDb({ region: 'us-east-1', endpoint: server.endpoint });
});
afterAll(async () => {
  real.close();
  await server.close();
});

/** Each test has a table of its own inside the one table: every partition key gets a prefix. */
function ownSpace(db: DynamoDb): DynamoDb {
  const space = `${randomUUID().slice(0, 8)}!`;
  const keyed = <Input extends { readonly key: { readonly pk: string; readonly sk: string } }>(input: Input): Input => ({
    ...input,
    key: { ...input.key, pk: space + input.key.pk },
  });
  return {
    ...db,
    get: (input) => db.get(keyed(input)),
    put: (input) => db.put({ ...input, item: { ...input.item, pk: space + String(input.item.pk) } }),
    update: (input) => db.update(keyed(input)),
    delete: (input) => db.delete(keyed(input)),
    query: async (input) => {
      const page = await db.query({
        ...input,
        values: { ...input.values, ...(input.values?.[':pk'] !== undefined && { ':pk': space + String(input.values[':pk']) }) },
      });
      return { ...page, items: page.items.map((item) => ({ ...item, pk: String(item.pk).slice(space.length) })) };
    },
  };
}

/** Fails one operation in so many, half of them before and half after they are done: what a caller cannot tell apart. */
function failing(db: DynamoDb, random: () => number, oneIn: number): DynamoDb {
  const unsure = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    const fate = random() * oneIn;
    if (fate < 0.5) throw new StoreError('unavailable', 'Test', 'lost on the way there');
    const result = await work();
    if (fate < 1) throw new StoreError('unavailable', 'Test', 'lost on the way back');
    return result;
  };
  return {
    ...db,
    get: (input) => unsure(() => db.get(input)),
    put: (input) => unsure(() => db.put(input)),
    update: (input) => unsure(() => db.update(input)),
    delete: (input) => unsure(() => db.delete(input)),
    query: (input) => unsure(() => db.query(input)),
  };
}

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

function callAt(startedAtMs: number, changes: Partial<CallRecord> = {}): CallRecord {
  return {
    id: sortableId('req_', startedAtMs, randomBytes),
    startedAtMs,
    endedAtMs: startedAtMs + 900,
    ending: 'answered',
    keyId: 'key_a',
    model: 'echo/ok',
    servedBy: 'echo/ok',
    provider: 'echo',
    attempts: [{ target: 'echo/ok', latencyMs: 5, outcome: 'answered' }],
    usage: { inputTokens: 10, outputTokens: 3 },
    costNanoUsd: 1_000,
    scopes: ['key#key_a'],
    ...changes,
  };
}

function parts(db: DynamoDb) {
  const records = new CallRecords({ db, table, retentionMs });
  const fold = new UsageFold({ db, table, records, retentionMs });
  return { records, fold, usage: new UsageReader(db, table, records) };
}

async function dayTotal(usage: UsageReader) {
  return usageTotal(await usage.read({ kind: 'whole', span: 'day', fromMs: noon - dayMs / 2, toMs: noon + dayMs / 2 }), {});
}

async function charged(usage: UsageReader, scope: string, nowMs: number): Promise<number | undefined> {
  const sums = await usage.read({ kind: 'scope', span: 'ever', fromMs: 0, toMs: nowMs + minuteMs });
  return sums.find(({ name }) => name === scope)?.counters.costNanoUsd;
}

describe('the sums of usage', () => {
  it('show a call at once, and the same once it is folded in', async () => {
    const { records, fold, usage } = parts(ownSpace(real));
    await records.write(callAt(noon, { tags: { feature: 'search' }, endUser: 'alice' }), noon + 1_000);
    const seen = async () => ({
      total: await dayTotal(usage),
      byHour: usageReport(await usage.read({ kind: 'whole', span: 'hour', fromMs: noon, toMs: noon + 3_600_000 }), ['hour', 'key'], {}),
      byTag: usageReport(
        await usage.read({ kind: 'refined', span: 'day', fromMs: noon - dayMs / 2, toMs: noon + dayMs / 2 }),
        ['tag:feature'],
        {},
      ),
      byEndUser: usageReport(
        await usage.read({ kind: 'refined', span: 'day', fromMs: noon - dayMs / 2, toMs: noon + dayMs / 2 }),
        ['end_user'],
        {},
      ),
      charged: await charged(usage, 'key#key_a', noon),
    });
    const before = await seen();
    expect(before.total).toMatchObject({ calls: 1, costNanoUsd: 1_000, inputTokens: 10 });
    expect(before.byHour).toMatchObject([{ group: { hour: '2026-11-20T12:00:00Z', key: 'key_a' }, counters: { calls: 1 } }]);
    expect(before.byTag).toMatchObject([{ group: { 'tag:feature': 'search' }, counters: { calls: 1 } }]);
    expect(before.byEndUser).toMatchObject([{ group: { end_user: 'alice' }, counters: { calls: 1 } }]);
    expect(before.charged).toBe(1_000);
    expect(await fold.run(noon + foldLagMs + 20 * minuteMs)).toEqual({ calls: 1, late: 0 });
    expect(await seen()).toEqual(before);
  });

  it('take a record that is written twice once', async () => {
    const { records, usage } = parts(ownSpace(real));
    const record = callAt(noon);
    await records.write(record, noon + 1_000);
    await records.write({ ...record, costNanoUsd: 5 }, noon + 2_000);
    expect(await dayTotal(usage)).toMatchObject({ calls: 1, costNanoUsd: 1_000 });
  });

  it('have a call that took so long that its minute was folded without it', async () => {
    const { records, fold, usage } = parts(ownSpace(real));
    await records.write(callAt(noon), noon + 1_000);
    await fold.run(noon + 30 * minuteMs);
    const long = callAt(noon + 1, { costNanoUsd: 7, scopes: ['key#key_a', 'team#t'] });
    await records.write(long, noon + 31 * minuteMs);
    const expected = { calls: 2, costNanoUsd: 1_007 };
    expect(await dayTotal(usage)).toMatchObject(expected);
    expect(await fold.run(noon + 32 * minuteMs)).toEqual({ calls: 0, late: 1 });
    expect(await dayTotal(usage)).toMatchObject(expected);
    // Repeating the record, the round, and the round that forgets the marks changes nothing.
    await records.write(long, noon + 33 * minuteMs);
    expect(await fold.run(noon + 34 * minuteMs)).toEqual({ calls: 0, late: 0 });
    expect(await fold.run(noon + 60 * minuteMs)).toEqual({ calls: 0, late: 0 });
    expect(await dayTotal(usage)).toMatchObject(expected);
    expect(await charged(usage, 'team#t', noon + 60 * minuteMs)).toBe(7);
  });

  it('charge the holds of a dead invocation in full, with one record for all of them', async () => {
    const { records, fold, usage } = parts(ownSpace(real));
    const requestId = sortableId('req_', noon, randomBytes);
    const expiredAtMs = noon + 15 * minuteMs;
    const hold = (scopeId: string) => ({ requestId, scopeId, amountNanoUsd: 500, expiredAtMs });
    await records.record([hold('key#key_a'), hold('team#t')]);
    await records.record([hold('key#key_a')]);
    const check = async () => {
      expect(await dayTotal(usage)).toMatchObject({ calls: 1, errors: 1, costNanoUsd: 500 });
      expect(await charged(usage, 'key#key_a', expiredAtMs)).toBe(500);
      expect(await charged(usage, 'team#t', expiredAtMs)).toBe(500);
      expect(await records.find(requestId)).toMatchObject({
        ending: 'crashed',
        keyId: 'key_a',
        costNanoUsd: 500,
        scopes: ['key#key_a', 'team#t'],
      });
    };
    await check();
    expect(await fold.run(expiredAtMs + minuteMs)).toEqual({ calls: 0, late: 3 });
    await check();
    // The ledger may tell of the same hold again, long after.
    await records.record([hold('team#t')]);
    await fold.run(expiredAtMs + 30 * minuteMs);
    await fold.run(expiredAtMs + 60 * minuteMs);
    await check();
  });

  it('replace what a record says of a scope whose hold was settled in full after all', async () => {
    const { records, fold, usage } = parts(ownSpace(real));
    const record = callAt(noon, { costNanoUsd: 40, scopes: ['key#key_a', 'team#t'] });
    await records.write(record, noon + 1_000);
    await fold.run(noon + 30 * minuteMs);
    await records.record([{ requestId: record.id, scopeId: 'team#t', amountNanoUsd: 900, expiredAtMs: noon + 16 * minuteMs }]);
    await fold.run(noon + 31 * minuteMs);
    expect(await charged(usage, 'team#t', noon + 32 * minuteMs)).toBe(900);
    expect(await charged(usage, 'key#key_a', noon + 32 * minuteMs)).toBe(40);
    expect(await dayTotal(usage)).toMatchObject({ calls: 1, costNanoUsd: 40 });
    expect(await records.find(record.id)).toMatchObject({ ending: 'answered', charges: { 'team#t': 900 } });
  });

  it.each([1, 2, 3])('stay exact while writes, rounds and readers fail and overlap (%i)', async (seed) => {
    const space = ownSpace(real);
    const random = seeded(seed);
    const shaky = parts(failing(space, random, 12));
    const steady = parts(space);
    const keys = ['key_a', 'key_b', 'key_c'];
    let calls = 0;
    let cost = 0;
    const chargedTo = new Map<string, number>();
    const insist = async (work: () => Promise<unknown>): Promise<void> => {
      for (;;) {
        try {
          await work();
          return;
        } catch (error) {
          if (!(error instanceof StoreError)) throw error;
        }
      }
    };
    const attempt = (work: () => Promise<unknown>): Promise<unknown> =>
      work().catch((error: unknown) => {
        if (!(error instanceof StoreError)) throw error;
      });
    for (let nowMs = noon; nowMs < noon + 90 * minuteMs; nowMs += 3 * minuteMs) {
      for (let count = 0; count < 4; count += 1) {
        const keyId = keys[Math.floor(random() * keys.length)] ?? 'key_a';
        const costNanoUsd = Math.floor(random() * 1_000);
        const lastedMs = random() < 0.2 ? 12 * minuteMs : 5_000;
        const record = callAt(nowMs - lastedMs, { keyId, costNanoUsd, scopes: [`key#${keyId}`, 'gateway#gateway'] });
        await insist(() => shaky.records.write(record, nowMs));
        calls += 1;
        cost += costNanoUsd;
        for (const scope of record.scopes ?? []) chargedTo.set(scope, (chargedTo.get(scope) ?? 0) + costNanoUsd);
      }
      await Promise.all([
        attempt(() => shaky.fold.run(nowMs)),
        attempt(() => shaky.fold.run(nowMs)),
        attempt(() => shaky.usage.read({ kind: 'whole', span: 'day', fromMs: noon, toMs: nowMs })),
      ]);
      expect(await dayTotal(steady.usage)).toMatchObject({ calls, costNanoUsd: cost });
    }
    for (let round = 1; round <= 3; round += 1) await steady.fold.run(noon + (90 + 30 * round) * minuteMs);
    expect(await dayTotal(steady.usage)).toMatchObject({ calls, costNanoUsd: cost });
    for (const [scope, amount] of chargedTo) expect(await charged(steady.usage, scope, noon + dayMs / 4)).toBe(amount);
  });
});
