import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DynamoHealthStore } from '../../shared/store/breaker-store-dynamo.ts';
import type { DynamoDb } from '../../shared/store/dynamo-client.ts';
import { connect } from '../support/ledger-fixtures.ts';
import { emulators, type TestDynamoDb } from '../support/ledger-servers.ts';

describe.each(emulators)('the health of lanes on $name', ({ start }) => {
  let server: TestDynamoDb;
  let dynamo: DynamoDb;
  let clockMs = 1_800_000_000_000;
  let writes = 0;
  const store = () => new DynamoHealthStore({ dynamo, table: 'sluice-cache', clock: () => clockMs, newId: () => `w${++writes}` });
  const find = async (lane: string) => (await store().read()).find((health) => health.lane === lane);

  beforeAll(async () => {
    server = await start();
    dynamo = await connect(server.endpoint);
  });

  afterAll(async () => {
    dynamo?.close();
    await server?.close();
  });

  it('adds up what instances count in a slot, and keeps the slot before', async () => {
    const [one, other] = [store(), store()];
    await one.add('a/m', 100, { ok: 3, bad: 1, speed: undefined });
    await other.add('a/m', 100, { ok: 2, bad: 2, speed: undefined });
    expect(await one.add('a/m', 100, { ok: 1, bad: 0, speed: undefined })).toMatchObject({ ok: 6, bad: 3 });
    await other.add('a/m', 101, { ok: 1, bad: 1, speed: undefined });
    expect(await find('a/m')).toMatchObject({ slot: 101, ok: 1, bad: 1, previousOk: 6, previousBad: 3 });
    await one.add('a/m', 105, { ok: 0, bad: 1, speed: undefined });
    expect(await find('a/m')).toMatchObject({ slot: 105, ok: 0, bad: 1, previousOk: 0, previousBad: 0 });
  });

  it('loses nothing of what instances count at the same time', async () => {
    const stores = Array.from({ length: 3 }, store);
    for (let round = 0; round < 4; round += 1)
      await Promise.all(stores.map((each) => each.add('b/m', 200, { ok: 1, bad: 1, speed: undefined })));
    expect(await find('b/m')).toMatchObject({ ok: 12, bad: 12 });
  });

  it('opens for the longest that anybody asks, and closes', async () => {
    await store().open('c/m', { untilMs: clockMs + 5_000, reason: 'throttled', streak: 2 });
    await store().open('c/m', { untilMs: clockMs + 1_000, reason: 'errors', streak: 0 });
    expect(await find('c/m')).toMatchObject({ openUntilMs: clockMs + 5_000, openReason: 'throttled', streak: 2 });
    await store().close('c/m');
    expect(await find('c/m')).toMatchObject({ openUntilMs: 0, streak: 0 });
  });

  it('gives the probe of a due lane to one instance at a time', async () => {
    await store().open('d/m', { untilMs: clockMs, reason: 'errors', streak: 0 });
    const claim = { nowMs: clockMs, untilMs: clockMs + 10_000 };
    const claims = await Promise.all([
      store().claimProbe('d/m', claim),
      store().claimProbe('d/m', claim),
      store().claimProbe('d/m', claim),
    ]);
    expect(claims.filter(Boolean)).toHaveLength(1);
    expect(await store().claimProbe('d/m', { nowMs: clockMs + 10_000, untilMs: clockMs + 20_000 })).toBe(true);
    expect(await store().claimProbe('d/never-opened', claim)).toBe(false);
  });

  it('keeps the speed that was told last', async () => {
    const speed = { firstContentMs: 210.4, tokensPerSecond: 33.333, durationMs: 900, measuredAtMs: clockMs };
    await store().add('e/m', 300, { ok: 1, bad: 0, speed });
    await store().add('e/m', 300, { ok: 1, bad: 0, speed: undefined });
    expect((await find('e/m'))?.speed).toEqual({ firstContentMs: 210, tokensPerSecond: 33.33, durationMs: 900, measuredAtMs: clockMs });
  });

  it('forgets a lane that nobody has used for an hour', async () => {
    await store().add('f/m', 400, { ok: 1, bad: 0, speed: undefined });
    clockMs += 3_700_000;
    expect(await find('f/m')).toBeUndefined();
  });
});
