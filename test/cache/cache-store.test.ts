import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noCounts, storedAtMsOf } from '../../shared/cache/answer-store.ts';
import { type CachedAnswer, everything, isPurged, modelDimension } from '../../shared/cache/cached-answer.ts';
import { DynamoAnswers } from '../../shared/store/cache-answers.ts';
import { partKeys } from '../../shared/store/cache-codec.ts';
import { DynamoCacheCounts } from '../../shared/store/cache-counts.ts';
import { DynamoGenerations } from '../../shared/store/cache-generations.ts';
import { DynamoIdempotency } from '../../shared/store/cache-idempotency.ts';
import { type CacheTable, headOf } from '../../shared/store/cache-items.ts';
import { connect } from '../support/ledger-fixtures.ts';
import { emulators, type TestDynamoDb } from '../support/ledger-servers.ts';

const now = 1_800_000_000_000;
const answerOf = (body: string, more: Partial<CachedAnswer> = {}): CachedAnswer => ({
  dialect: 'chat-completions',
  body,
  target: 'up/m',
  storedAtMs: now,
  freshUntilMs: now + 60_000,
  keptUntilMs: now + 90_000,
  costNanoUsd: 1234,
  durationMs: 5,
  generations: { all: 2 },
  etag: '"e"',
  ...more,
});
const ask = { nowMs: now, leaseUntilMs: now + 10_000, outdated: undefined };
const freshKey = () => randomUUID();

describe.each(emulators)('the cache in DynamoDB, on $name', ({ start }) => {
  let server: TestDynamoDb;
  let place: CacheTable;
  let answers: DynamoAnswers;
  beforeAll(async () => {
    server = await start();
    place = { db: await connect(server.endpoint), table: 'sluice-cache' };
    answers = new DynamoAnswers(place);
  });
  afterAll(async () => {
    place?.db.close();
    await server?.close();
  });

  const store = async (key: string, answer: CachedAnswer) => {
    await answers.claim(key, `owner of ${key}`, { ...ask, outdated: undefined });
    return answers.keep(key, `owner of ${key}`, answer);
  };

  it('gives back what was stored, whatever its size', async () => {
    const texts = [
      '',
      'short',
      'ä€😀'.repeat(1000),
      'a'.repeat(100_000),
      randomBytes(300_000).toString('base64'),
      randomBytes(1_500_000).toString('base64'),
    ];
    for (const text of texts) {
      const key = freshKey();
      const answer = answerOf(text);
      const size = await store(key, answer);
      expect(size?.bytes).toBe(Buffer.byteLength(text));
      expect(await answers.find(key, true)).toEqual({ answer, leaseUntilMs: 0 });
    }
  });

  it('keeps an answer of 6 MB of noise', async () => {
    const key = freshKey();
    const answer = answerOf(randomBytes(4_400_000).toString('base64'));
    await store(key, answer);
    expect((await answers.find(key, true)).answer?.body === answer.body).toBe(true);
  }, 60_000);

  it('shows no answer of which a part is missing or another’s', async () => {
    const key = freshKey();
    await store(key, answerOf(randomBytes(900_000).toString('base64')));
    const item = await place.db.get({ table: place.table, key: { pk: `ANSWER#${key}`, sk: 'HEAD' } });
    const parts = partKeys(headOf(item ?? {}) ?? { version: '', parts: 0 });
    expect(parts.length).toBeGreaterThan(1);
    const part = await place.db.get({ table: place.table, key: parts[0] ?? { pk: '', sk: '' } });
    await place.db.put({ table: place.table, item: { ...part, data: randomBytes(1000) } });
    expect((await answers.find(key, true)).answer).toBeUndefined();
    await place.db.batchDelete(place.table, parts.slice(1));
    expect(await answers.find(key, true)).toEqual({ answer: undefined, unreadableAtMs: now, leaseUntilMs: 0 });
  });

  it.each<[string, object]>([
    ['in a compression to come', { encoding: 'lzma' }],
    ['by a version that keeps other facts', { durationMs: 'long' }],
    ['and damaged', { data: Buffer.from('no Brotli') }],
    ['and cut', { data: undefined }],
    ['in a dialect to come', { dialect: 'telepathy' }],
  ])('lets an answer that was written %s be replaced, and shows nothing of it until then', async (_how, change) => {
    const key = freshKey();
    await store(key, answerOf('well'));
    const head = { pk: `ANSWER#${key}`, sk: 'HEAD' };
    const item = { ...(await place.db.get({ table: place.table, key: head, consistent: true })), ...change };
    await place.db.put({ table: place.table, item: Object.fromEntries(Object.entries(item).filter(([, value]) => value !== undefined)) });
    const slot = await answers.find(key, true);
    expect(slot).toEqual({ answer: undefined, unreadableAtMs: now, leaseUntilMs: 0 });
    expect((await answers.claim(key, 'x', { ...ask, outdated: storedAtMsOf(slot) })).kind).toBe('leading');
    expect(await answers.keep(key, 'x', answerOf('better', { storedAtMs: now + 1 }))).toBeDefined();
    expect((await answers.find(key, true)).answer?.body).toBe('better');
  });

  it('takes more facts than it knows from a version to come, and fewer from one before', async () => {
    const key = freshKey();
    await store(key, answerOf('well', { sourceId: 'req_1' }));
    const head = { pk: `ANSWER#${key}`, sk: 'HEAD' };
    const item = await place.db.get({ table: place.table, key: head, consistent: true });
    const { sourceId: _unknownThen, ...older } = item ?? {};
    await place.db.put({ table: place.table, item: { ...older, ...head, mood: 'sunny' } });
    expect((await answers.find(key, true)).answer).toEqual(answerOf('well'));
  });

  it('never shows a reader half of an answer that is replaced under its eyes', async () => {
    const key = freshKey();
    const bodies = Array.from({ length: 4 }, () => randomBytes(700_000).toString('base64'));
    let writing = true;
    const seen = new Set<string>();
    const reader = (async () => {
      while (writing) {
        const { answer } = await answers.find(key, true);
        if (answer !== undefined) seen.add(answer.body);
      }
    })();
    for (const [index, body] of bodies.entries()) {
      const owner = `writer ${index}`;
      await answers.claim(key, owner, { ...ask, outdated: now + index - 1 });
      expect(await answers.keep(key, owner, answerOf(body, { storedAtMs: now + index }))).toBeDefined();
    }
    writing = false;
    await reader;
    expect([...seen].every((body) => bodies.includes(body))).toBe(true);
    expect((await answers.find(key, true)).answer?.body === bodies.at(-1)).toBe(true);
  }, 60_000);

  it('gives the lead to one of many', async () => {
    const key = freshKey();
    const claims = await Promise.all(Array.from({ length: 30 }, (_, index) => answers.claim(key, `o${index}`, ask)));
    expect(claims.filter(({ kind }) => kind === 'leading')).toHaveLength(1);
    expect(claims.find(({ kind }) => kind === 'occupied')).toEqual({
      kind: 'occupied',
      slot: { answer: undefined, leaseUntilMs: ask.leaseUntilMs },
    });
  });

  it('gives the lead on when it lapses, and then takes nothing from who had it', async () => {
    const key = freshKey();
    await answers.claim(key, 'first', ask);
    expect((await answers.claim(key, 'first', ask)).kind).toBe('leading');
    expect((await answers.claim(key, 'second', { ...ask, nowMs: now + 9_999 })).kind).toBe('occupied');
    expect(await answers.renew(key, 'first', now + 20_000)).toBe(true);
    expect((await answers.claim(key, 'second', { ...ask, nowMs: now + 19_999 })).kind).toBe('occupied');
    expect((await answers.claim(key, 'second', { ...ask, nowMs: now + 20_000, leaseUntilMs: now + 30_000 })).kind).toBe('leading');
    expect(await answers.renew(key, 'first', now + 99_000)).toBe(false);
    expect(await answers.keep(key, 'first', answerOf('late'))).toBeUndefined();
    await answers.abandon(key, 'first');
    expect(await answers.keep(key, 'second', answerOf('in time'))).toBeDefined();
    // The same write repeated, as after a lost reply.
    expect(await answers.keep(key, 'second', answerOf('in time'))).toBeDefined();
    expect((await answers.find(key, true)).answer?.body).toBe('in time');
  });

  it('lets nobody fetch anew what is fresh, but what its reader has seen and cannot use', async () => {
    const key = freshKey();
    await store(key, answerOf('fresh'));
    const refused = await answers.claim(key, 'x', ask);
    expect(refused).toMatchObject({ kind: 'occupied', slot: { leaseUntilMs: 0, answer: { body: 'fresh' } } });
    expect((await answers.claim(key, 'x', { ...ask, outdated: now - 1 })).kind).toBe('occupied');
    expect((await answers.claim(key, 'x', { ...ask, outdated: now })).kind).toBe('leading');
    await answers.abandon(key, 'x');
    // The old answer is still there for whoever can use it.
    expect(await answers.find(key, true)).toMatchObject({ answer: { body: 'fresh' }, leaseUntilMs: 0 });
    expect((await answers.claim(key, 'y', { ...ask, nowMs: now + 60_000 })).kind).toBe('leading');
  });

  it('leaves nothing behind a lead that was given up, nor of an answer that was removed', async () => {
    const key = freshKey();
    await answers.claim(key, 'x', ask);
    await answers.abandon(key, 'x');
    expect(await answers.find(key, true)).toEqual({ answer: undefined, leaseUntilMs: 0 });
    expect(await answers.remove(key)).toBe(false);
    await store(key, answerOf(randomBytes(700_000).toString('base64')));
    expect(await answers.remove(key)).toBe(true);
    expect((await answers.find(key, true)).answer).toBeUndefined();
    // Whoever leads while the answer is removed does not bring it back.
    await answers.claim(key, 'z', ask);
    await answers.remove(key);
    expect(await answers.keep(key, 'z', answerOf('zombie'))).toBeUndefined();
  });

  it('counts purges so that none is lost, not even past the bound of their names', async () => {
    let clock = now;
    const generations = new DynamoGenerations(place, () => clock);
    const old = { generations: await generations.current() };
    await Promise.all(['a', 'b', 'c'].map((model) => generations.advance(modelDimension(model))));
    const another = new DynamoGenerations(place, () => clock);
    const current = await another.current();
    for (const model of ['a', 'b', 'c']) expect(isPurged(old, [modelDimension(model)], current)).toBe(true);
    expect(isPurged(old, [modelDimension('d')], current)).toBe(false);
    expect(isPurged({ generations: current }, [modelDimension('a')], current)).toBe(false);
    await generations.advance(modelDimension('a'));
    expect(isPurged({ generations: current }, [modelDimension('a')], await another.current())).toBe(false);
    clock += 5_000;
    const later = await another.current();
    expect(isPurged({ generations: current }, [modelDimension('a')], later)).toBe(true);
    await generations.advance(everything);
    clock += 5_000;
    const last = await another.current();
    expect(isPurged({ generations: later }, [], last)).toBe(true);
    // A name that everything made forget counts on from there.
    await generations.advance(modelDimension('a'));
    clock += 5_000;
    expect(isPurged({ generations: last }, [modelDimension('a')], await another.current())).toBe(true);
  });

  it('adds up counts of many calls at once', async () => {
    const counts = new DynamoCacheCounts(place);
    await Promise.all(Array.from({ length: 50 }, () => counts.add({ ...noCounts(), hits: 1, savedNanoUsd: 3 }, now)));
    await counts.add({ ...noCounts(), misses: 2, stored: 1 }, now - 86_400_000);
    expect(await counts.read('2027-01-01', '2027-12-31')).toMatchObject([
      { day: '2027-01-14', misses: 2, stored: 1, hits: 0 },
      { day: '2027-01-15', hits: 50, savedNanoUsd: 150, misses: 0 },
    ]);
  });

  it('keeps an idempotency key for a day, and no longer', async () => {
    const keys = new DynamoIdempotency(place);
    const id = freshKey();
    const claim = (owner: string, digest: string, nowMs: number) => keys.claim(id, owner, digest, { nowMs, leaseUntilMs: nowMs + 10_000 });
    const claims = await Promise.all(Array.from({ length: 20 }, (_, index) => claim(`o${index}`, 'd', now)));
    expect(claims.filter(({ kind }) => kind === 'first')).toHaveLength(1);
    const owner = `o${claims.findIndex(({ kind }) => kind === 'first')}`;
    expect(await claim('x', 'other', now)).toEqual({ kind: 'conflict' });
    expect(await claim('x', 'd', now + 9_999)).toEqual({ kind: 'in-progress' });
    // The first one died: the same call may come again, another one may not.
    expect(await claim('x', 'other', now + 10_000)).toEqual({ kind: 'conflict' });
    expect(await claim('x', 'd', now + 10_000)).toEqual({ kind: 'first' });
    expect(await keys.keep(id, owner, answerOf('late'))).toBeUndefined();
    expect(await keys.keep(id, 'x', answerOf('the answer'))).toBeDefined();
    expect(await claim('y', 'd', now + 20_000)).toMatchObject({ kind: 'answered', answer: { body: 'the answer' } });
    expect(await claim('y', 'other', now + 20_000)).toEqual({ kind: 'conflict' });
    expect(await claim('z', 'other', now + 10_000 + 86_400_000)).toEqual({ kind: 'first' });
    await keys.fail(id, 'z', { code: 'provider_error', status: 502, message: 'cut' });
    expect(await claim('w', 'other', now + 20_000 + 86_400_000)).toEqual({
      kind: 'failed',
      failure: { code: 'provider_error', status: 502, message: 'cut' },
    });
    const freed = freshKey();
    await keys.claim(freed, 'a', 'd', { nowMs: now, leaseUntilMs: now + 1 });
    await keys.abandon(freed, 'a');
    expect(await keys.claim(freed, 'b', 'other', { nowMs: now, leaseUntilMs: now + 1 })).toEqual({ kind: 'first' });
  });
});
