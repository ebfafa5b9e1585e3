import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { answerJson, configFor, pause, startUpstream, type TestUpstream } from '../support/upstream.ts';

let answers = 0;
let upstream: TestUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startUpstream((request, response) =>
    answerJson(200, {
      id: `chatcmpl-${++answers}`,
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: [{ index: 0, message: { role: 'assistant', content: `answer ${answers}` }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 1_000, completion_tokens: 500, total_tokens: 1_500 },
    })(request, response),
  );
  gateway = await startGateway({
    config: configFor(upstream, {
      models: {
        one: { targets: ['up/m'], cache: { ttl_seconds: 3600 } },
        two: { targets: [{ model: 'up/m', overrides: { seed: 2 } }], cache: { ttl_seconds: 3600 } },
      },
    }),
    environment: { UP_KEY: 'provider-secret' },
  });
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});

async function ask(model: string, content: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${gateway.key}`, ...headers },
    body: JSON.stringify({ model, messages: [{ role: 'user', content }] }),
  });
  await response.text();
  return { cache: response.headers.get('x-sluice-cache'), key: response.headers.get('x-sluice-cache-key') ?? '' };
}

async function askTwice(model: string, content: string, headers: Record<string, string> = {}) {
  await ask(model, content, headers);
  await expect.poll(async () => (await ask(model, content, headers)).cache).toBe('hit');
  return ask(model, content, headers);
}

const purgeLagMs = 5_200;

describe('the control of the cache', () => {
  it('counts what the cache did and saved, by day', async () => {
    const before = await gateway.admin('GET', '/admin/cache/stats');
    expect(before.body).toMatchObject({ object: 'cache_stats', total: { calls: 0, hit_rate: null }, days: [] });
    await ask('one', 'counted');
    await expect.poll(async () => (await gateway.admin('GET', '/admin/cache/stats')).body.total).toMatchObject({ misses: 1, stored: 1 });
    for (let hit = 0; hit < 3; hit += 1) expect((await ask('one', 'counted')).cache).toBe('hit');
    // 1,000 tokens at 1 µUSD and 500 at 2, three times.
    await expect
      .poll(async () => (await gateway.admin('GET', '/admin/cache/stats')).body.total)
      .toMatchObject({ calls: 4, hits: 3, misses: 1, hit_rate: 0.75, saved_usd: 0.006 });
    const stats = await gateway.admin('GET', '/admin/cache/stats?from=2020-01-01&to=2020-01-02');
    expect(stats.body).toMatchObject({ days: [], total: { calls: 0 } });
    expect((await gateway.admin('GET', '/admin/cache/stats?from=2020-01-02&to=2020-01-01')).status).toBe(400);
  });

  it('counts no call that was refused before the cache was asked, and tells the log what a hit spared', async () => {
    const { key, id } = await gateway.createKey({ name: 'slow', limits: { requests_per_minute: 1 } });
    const totalOf = async () => (await gateway.admin('GET', '/admin/cache/stats')).body.total;
    expect((await ask('one', 'spared', { authorization: `Bearer ${key}` })).cache).toBe('miss');
    const ended = (status: number) => gateway.logged((line) => line.message === 'call' && line.key === id && line.status === status);
    expect(await ended(200)).toMatchObject({ 'sluice.cache.misses': 1 });
    const before = await totalOf();
    expect((await ask('one', 'spared', { authorization: `Bearer ${key}` })).cache).toBe('bypass');
    expect(await ended(429)).not.toHaveProperty(['sluice.cache.misses']);
    await pause(200);
    expect(await totalOf()).toEqual(before);
  });

  it('forgets one answer at once', async () => {
    const { key } = await askTwice('one', 'single');
    expect((await gateway.admin('DELETE', `/admin/cache?key=${key}`)).body).toMatchObject({ found: true, in_effect_within_seconds: 0 });
    expect((await ask('one', 'single')).cache).toBe('miss');
    expect((await gateway.admin('DELETE', `/admin/cache?key=${'0'.repeat(64)}`)).body).toMatchObject({ found: false });
  });

  it('forgets by model, by namespace and everything, and nothing else', async () => {
    const inA = { 'x-sluice-cache-namespace': 'a' };
    const inB = { 'x-sluice-cache-namespace': 'b' };
    const keep = async () => {
      await askTwice('one', 'kept');
      await askTwice('two', 'kept');
      await askTwice('one', 'kept', inA);
      await askTwice('one', 'kept', inB);
    };
    const found = async () => [
      (await ask('one', 'kept')).cache,
      (await ask('two', 'kept')).cache,
      (await ask('one', 'kept', inA)).cache,
      (await ask('one', 'kept', inB)).cache,
    ];
    await keep();
    expect((await gateway.admin('DELETE', '/admin/cache?namespace=a')).body).toMatchObject({ in_effect_within_seconds: 5 });
    await pause(purgeLagMs);
    expect(await found()).toEqual(['hit', 'hit', 'miss', 'hit']);
    await keep();
    await gateway.admin('DELETE', '/admin/cache?model=two');
    await pause(purgeLagMs);
    expect(await found()).toEqual(['hit', 'miss', 'hit', 'hit']);
    await keep();
    await gateway.admin('DELETE', '/admin/cache?all=true');
    await pause(purgeLagMs);
    expect(await found()).toEqual(['miss', 'miss', 'miss', 'miss']);
    await keep();
  }, 40_000);

  it('refuses a purge that names nothing or two things, and leaves a trail of the others', async () => {
    for (const query of ['', '?namespace=a&model=b', '?key=abc', '?colour=red', '?all=false']) {
      expect((await gateway.admin('DELETE', `/admin/cache${query}`)).status).toBe(400);
    }
    const { body } = await gateway.admin('GET', '/admin/audit?action=cache.purge');
    expect(JSON.stringify(body)).toContain('namespace=a');
  });

  it('is there on the command line', async () => {
    const sluice = async (...args: string[]) =>
      (await promisify(execFile)(process.execPath, ['infra/cli/main.ts', ...args, '--url', gateway.url, '--admin-key', gateway.adminKey]))
        .stdout;
    expect(await sluice('cache', 'stats')).toMatch(/HIT RATE/);
    expect(await sluice('cache', 'purge', '--namespace', 'a')).toContain('in effect everywhere within 5 s');
    expect(await sluice('cache', 'purge', '--key', '0'.repeat(64))).toContain('no such answer');
    await expect(sluice('cache', 'purge')).rejects.toMatchObject({ code: 2 });
  });
});
