import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { answerJson, configFor, pause, startUpstream, type TestUpstream } from '../support/upstream.ts';

let upstream: TestUpstream;
let gateway: TestGateway;

const completion = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'ok', refusal: null } }],
  usage: { prompt_tokens: 10, completion_tokens: 100, total_tokens: 110 },
};
/** What one of these calls costs, in dollars. */
const spent = 0.11;

beforeAll(async () => {
  upstream = await startUpstream(answerJson(200, completion));
  gateway = await startGateway({ config: { ...configFor(upstream), prices: { 'up/*': { input: 1_000, output: 1_000 } } } });
  // Before the first call, because limits are believed for ten seconds.
  const set = async (tag: string, limits: object) => {
    expect((await gateway.admin('PUT', `/admin/tags/${encodeURIComponent(tag)}`, limits)).status).toBe(200);
  };
  await set('project=engine', { budgets: [{ amount_usd: 1, period: 'total' }], clamp: false });
  await set('customer=*', { requests_per_minute: 1 });
  await set('customer=house', {});
  await set('tier=free', { per_model: { 'up/m': { requests_per_minute: 1 } } });
  await set('centre=a', { budgets: [{ amount_usd: 0.0001, period: 'day' }], clamp: false });
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});
beforeEach(() => {
  upstream.received.length = 0;
});

async function call(key: string, tags?: object, model = 'up/m') {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      ...(tags !== undefined && { 'x-sluice-tags': JSON.stringify(tags) }),
    },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hi' }], max_tokens: 100 }),
  });
  return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) };
}

async function standing(tag: string): Promise<{ budgets: { limit_usd: number; spent_usd: number; held_usd: number }[] }> {
  for (let turn = 0; turn < 100; turn += 1) {
    const { body } = await gateway.admin('GET', `/admin/tags/${encodeURIComponent(tag)}`);
    const shown = JSON.parse(JSON.stringify(body)).standing;
    if (shown?.budgets[0]?.held_usd === 0) return shown;
    await pause(20);
  }
  throw new Error('something is still held');
}

it('a budget of a tag holds for the calls of all keys that bear it, however many come at once', async () => {
  const [one, other] = await Promise.all([
    gateway.createKey({ name: 'one', tags: { project: 'engine' } }),
    gateway.createKey({ name: 'other', team: 'b' }),
  ]);
  await gateway.admin('PUT', '/admin/teams/b', { tags: { project: 'engine' } });
  const calls = Array.from({ length: 40 }, (_, index) => call(index % 2 === 0 ? one.key : other.key));
  const answers = await Promise.all(calls);
  const answered = answers.filter(({ status }) => status === 200);
  expect(answered.length).toBeGreaterThan(0);
  const [budget] = (await standing('project=engine')).budgets;
  expect(budget).toMatchObject({ limit_usd: 1 });
  expect(budget?.spent_usd).toBeCloseTo(answered.length * spent, 9);
  expect(budget?.spent_usd).toBeLessThanOrEqual(1);
  let last = await call(one.key);
  for (let turn = 0; last.status === 200 && turn < 10; turn += 1) last = await call(one.key);
  expect(last.body.error).toMatchObject({ details: { scope: 'tag', id: 'project=engine', limit: 'budget' } });
  expect(last.body.error.message).toContain('tag "project=engine"');
  expect((await call(one.key, { project: 'other' })).status).toBe(last.status);
  expect((await gateway.admin('GET', '/admin/audit/books')).body).toMatchObject({ agree: true });
});

it('a rate of each value counts them apart, and spares a value with limits of its own', async () => {
  const { key } = await gateway.createKey({ name: 'shared' });
  expect((await call(key, { customer: 'acme' })).status).toBe(200);
  const refused = await call(key, { customer: 'acme' });
  expect(refused.body.error).toMatchObject({ code: 'rate_limit_exceeded', details: { scope: 'tag', id: 'customer=acme' } });
  expect((await call(key, { customer: 'globex' })).status).toBe(200);
  expect((await call(key, { customer: 'acme|model#x' })).status).toBe(200);
  for (let turn = 0; turn < 3; turn += 1) expect((await call(key, { customer: 'house' })).status).toBe(200);
  expect((await call(key)).status).toBe(200);
});

it('limits for some models of a tag let the others be', async () => {
  const { key } = await gateway.createKey({ name: 'free', tags: { tier: 'free' } });
  const statuses = [];
  for (const model of ['up/m', 'up/m', 'echo/ok', 'echo/ok']) statuses.push((await call(key, undefined, model)).status);
  expect(statuses).toEqual([200, 429, 200, 200]);
});

it('a key sees how the tags that it bears stand, and not those of others', async () => {
  const { key } = await gateway.createKey({ name: 'seen', tags: { centre: 'a' } });
  const own = await fetch(`${gateway.url}/v1/key`, { headers: { authorization: `Bearer ${key}` } });
  const { scopes } = (await own.json()) as { scopes: { kind: string; id: string }[] };
  expect(scopes.map(({ kind, id }) => (kind === 'key' ? kind : `${kind} ${id}`))).toEqual(['key', 'tag centre=a']);
});

it('holds for what names no model too: an upload counts as a request', async () => {
  const { key } = await gateway.createKey({ name: 'uploader', tags: { customer: 'initech' } });
  const offer = () =>
    fetch(`${gateway.url}/v1/uploads`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: '{}',
    });
  expect((await offer()).status).toBe(200);
  expect((await offer()).status).toBe(429);
});
