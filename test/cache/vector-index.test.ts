import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExactVectorIndex, type IndexedVector, unitVector } from '../../shared/cache/vector-index.ts';
import { DynamoVectors } from '../../shared/store/cache-vectors.ts';
import type { DynamoDb } from '../../shared/store/dynamo-client.ts';
import { connect } from '../support/ledger-fixtures.ts';
import { startDynalite, type TestDynamoDb } from '../support/ledger-servers.ts';

let server: TestDynamoDb;
let db: DynamoDb;
let nowMs = 1_800_000_000_000;
const clock = () => nowMs;

beforeAll(async () => {
  server = await startDynalite();
  db = await connect(server.endpoint);
});
afterAll(async () => {
  db?.close();
  await server?.close();
});

const indexOf = () => new ExactVectorIndex(new DynamoVectors({ db, table: 'sluice-cache' }, clock), clock);
const unit = (...values: number[]) => unitVector(values) ?? new Float32Array();
const entry = (key: string, vector: Float32Array, livesMs = 60_000): IndexedVector => ({ key, vector, expiresAtMs: nowMs + livesMs });

describe('the exact vector index', () => {
  it('finds the nearest first, whoever added them, and none below the threshold', async () => {
    const [one, other] = [indexOf(), indexOf()];
    expect(await one.nearest('p', unit(1, 0), 0.5)).toEqual([]);
    await other.add('p', entry('east', unit(1, 0)));
    await other.add('p', entry('north', unit(0, 1)));
    await other.add('p', entry('north-east', unit(1, 1)));
    await other.add('q', entry('elsewhere', unit(1, 0)));
    const found = await one.nearest('p', unit(2, 0.1), 0.5);
    expect(found.map(({ key }) => key)).toEqual(['east', 'north-east']);
    expect(found[0]?.similarity).toBeCloseTo(2 / Math.hypot(2, 0.1), 5);
    expect((await one.nearest('p', unit(1, 0, 0), 0.5)).length).toBe(0);
  });

  it('counts a question that was answered anew once, and lets none crowd the others out', async () => {
    const index = indexOf();
    for (let time = 0; time < 10; time += 1) {
      nowMs += 1;
      await index.add('t', entry('again', unit(1, 0)));
    }
    await index.add('t', entry('other', unit(1, 0.1)));
    for (const reader of [index, indexOf()]) {
      expect((await reader.nearest('t', unit(1, 0), 0.5)).map(({ key }) => key)).toEqual(['again', 'other']);
    }
  });

  it('goes on from where it was, and forgets what has expired', async () => {
    const index = indexOf();
    await index.add('r', entry('short', unit(1, 0), 10_000));
    expect(await index.nearest('r', unit(1, 0), 0.9)).toHaveLength(1);
    nowMs += 9_999;
    await indexOf().add('r', entry('long', unit(1, 0.01), 60_000));
    expect((await index.nearest('r', unit(1, 0), 0.9)).map(({ key }) => key)).toEqual(['short', 'long']);
    nowMs += 1;
    expect((await index.nearest('r', unit(1, 0), 0.9)).map(({ key }) => key)).toEqual(['long']);
    nowMs += 20_000;
    expect((await index.nearest('r', unit(1, 0), 0.9)).map(({ key }) => key)).toEqual(['long']);
  });

  it('takes the latest of very many', async () => {
    const writer = indexOf();
    await writer.add('s', entry('first', unit(1, 0)));
    for (let round = 0; round < 21; round += 1) {
      nowMs += 1;
      await Promise.all(Array.from({ length: 100 }, (_, at) => writer.add('s', entry(`${round}-${at}`, unit(1, 1)))));
    }
    nowMs += 1;
    await writer.add('s', entry('last', unit(0, 1)));
    const index = indexOf();
    expect((await index.nearest('s', unit(0, 1), 0.99)).map(({ key }) => key)).toEqual(['last']);
    expect(await index.nearest('s', unit(1, 0), 0.99)).toEqual([]);
  });

  it('has no vector for no direction', () => {
    expect(unitVector([0, 0])).toBeUndefined();
    expect(unitVector([])).toBeUndefined();
    expect(unitVector([Number.NaN, 1])).toBeUndefined();
  });
});
