import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { answerJson, pause, startUpstream, type TestUpstream } from '../support/upstream.ts';
import { answer, modelOf, requestsFor, wellBehaved } from './provider-farm.ts';

let one: TestUpstream;
let two: TestUpstream;
let gateway: TestGateway;

const contextTooLong = answerJson(400, { error: { message: 'too long', type: 'invalid_request_error', code: 'context_length_exceeded' } });
const refusedContent = answerJson(400, { error: { message: 'no', type: 'invalid_request_error', code: 'content_policy_violation' } });

beforeAll(async () => {
  [one, two] = await Promise.all([
    startUpstream(async (request, response) => {
      const model = modelOf(request);
      if (model === 'short') return contextTooLong(request, response);
      if (model === 'prim') return refusedContent(request, response);
      if (model === 'keyed' && request.headers.authorization === 'Bearer first-key')
        return answerJson(429, { error: { message: 'slow down' } }, { 'retry-after': '30' })(request, response);
      if (model === 'slow') await pause(400);
      if (model === 'dear')
        return answerJson(200, { ...answer, usage: { prompt_tokens: 49, completion_tokens: 1, total_tokens: 50 } })(request, response);
      return wellBehaved(request, response);
    }),
    startUpstream(wellBehaved),
  ]);
  const provider = (url: string, more: object = {}) => ({
    type: 'openai-compatible',
    base_url: url,
    api_key: 'env:FIRST',
    allow_private_address: true,
    ...more,
  });
  gateway = await startGateway({
    environment: { FIRST: 'first-key', SECOND: 'second-key' },
    config: {
      providers: {
        one: provider(one.url),
        two: provider(two.url, { data_collection: 'deny' }),
        many: { ...provider(one.url), api_key: undefined, api_keys: ['env:FIRST', 'env:SECOND'] },
      },
      prices: { 'one/*': { input: 10, output: 10 }, 'two/*': { input: 1, output: 1 }, 'many/*': { input: 1, output: 1 } },
      models: {
        both: { targets: ['one/a', 'two/a'] },
        alias: 'both',
        'open/*': 'two/*',
        cheap: { strategy: 'cheapest', targets: ['one/c', 'two/c'] },
        fits: { targets: ['one/short', 'two/never'], context_length_fallbacks: ['two/long'] },
        allows: { targets: ['one/prim', 'two/never'], content_policy_fallbacks: ['two/free'] },
        keyed: { targets: ['many/keyed'] },
        limited: { targets: [{ model: 'one/limited', limits: { requests_per_minute: 2, burst: 1 } }, 'two/limited'] },
        alone: { targets: [{ model: 'one/alone', limits: { parallel_requests: 1, requests_per_minute: 1 } }] },
        narrow: { targets: [{ model: 'one/slow', limits: { parallel_requests: 1 } }, 'two/slow'] },
        chatty: { targets: [{ model: 'one/chatty', limits: { tokens_per_minute: 2_000 } }, 'two/chatty'] },
        dear: { targets: [{ model: 'one/dear', limits: { budgets: [{ amount_usd: 0.004, period: 'day' }] } }, 'two/dear'] },
        shadowed: { targets: ['one/seen'], mirror: { target: 'two/shadow' } },
        canaried: { targets: ['one/stable'], canary: { target: 'two/canary', percent: 30, sticky: 'user' } },
        sticky: { strategy: 'weighted', sticky: 'user', targets: [{ model: 'one/s', weight: 3 }, 'two/s'] },
        nested: {
          targets: [
            { when: { tags: { tier: ['gold', 'silver'] } }, strategy: 'cheapest', targets: ['one/gold', 'two/gold'] },
            { model: 'one/tools', when: { parameters: { tools: { present: true } } } },
            { model: 'one/hot', when: { parameters: { temperature: { min: 1 } } } },
            { model: 'one/picture', when: { modality: 'image' } },
            { model: 'one/long', when: { input_tokens: { min: 500 } } },
            { model: 'two/plain', overrides: { temperature: 0.5 } },
          ],
        },
      },
    },
  });
});

afterAll(async () => {
  await gateway?.close();
  await Promise.all([one?.close(), two?.close()]);
});

beforeEach(() => {
  one.received.length = 0;
  two.received.length = 0;
});

async function call(body: object, headers: Record<string, string> = {}, key = gateway.key) {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ messages: [{ role: 'user', content: 'hello' }], ...body }),
  });
  const text = await response.text();
  return { status: response.status, servedBy: response.headers.get('x-sluice-model'), headers: response.headers, json: JSON.parse(text) };
}

const servedBy = async (...parameters: Parameters<typeof call>) => (await call(...parameters)).servedBy;

describe('names', () => {
  it('lead to routes, aliases, wildcards and models', async () => {
    expect(await servedBy({ model: 'both' })).toBe('one/a');
    expect(await servedBy({ model: 'alias' })).toBe('one/a');
    expect(await servedBy({ model: 'open/llama-4' })).toBe('two/llama-4');
    expect(await servedBy({ model: 'two/direct' })).toBe('two/direct');
    expect((await call({ model: 'bothe' })).json.error.message).toContain("Did you mean 'both'");
  });
});

describe('conditions', () => {
  const image = { role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://example.com/a.png' } }] };
  it.each([
    ['a tag', {}, { 'x-sluice-tags': '{"tier": "gold"}' }, 'two/gold'],
    ['another value of the tag', {}, { 'x-sluice-tags': '{"tier": "silver"}' }, 'two/gold'],
    ['no condition', {}, { 'x-sluice-tags': '{"tier": "bronze"}' }, 'two/plain'],
    ['a parameter', { tools: [{ type: 'function', function: { name: 'f' } }] }, {}, 'one/tools'],
    ['the range of a parameter', { temperature: 1.5 }, {}, 'one/hot'],
    ['a modality', { messages: [image] }, {}, 'one/picture'],
    ['the length of the input', { messages: [{ role: 'user', content: 'word '.repeat(600) }] }, {}, 'one/long'],
  ])('choose by %s', async (_what, body, headers, expected) => {
    expect(await servedBy({ model: 'nested', ...body }, headers)).toBe(expected);
  });

  it("count the key's own tags over the caller's", async () => {
    const { key } = await gateway.createKey({ name: 'bronze', tags: { tier: 'bronze' } });
    expect(await servedBy({ model: 'nested' }, { 'x-sluice-tags': '{"tier": "gold"}' }, key)).toBe('two/plain');
  });

  it('lay the overrides of the target over the body', async () => {
    await call({ model: 'nested', temperature: 0 });
    expect(JSON.parse(two.received[0]?.body ?? '{}').temperature).toBe(0.5);
  });
});

describe('fallbacks of a kind', () => {
  it('take over a call that is too long, in place of the rest of the route', async () => {
    expect(await servedBy({ model: 'fits' })).toBe('two/long');
    expect(requestsFor(two, 'never')).toBe(0);
  });

  it('take over a call whose content was refused', async () => {
    expect(await servedBy({ model: 'allows' })).toBe('two/free');
    expect(requestsFor(two, 'never')).toBe(0);
  });
});

describe("a request's own routing", () => {
  it('tries the further models it names', async () => {
    const { servedBy: served, headers } = await call({ model: 'one/short', models: ['two/b'] });
    expect(served).toBe('two/b');
    expect(headers.get('x-sluice-attempts')).toBe('2');
    expect(headers.get('x-sluice-attempt-list')).toMatch(
      /^"one\/short";outcome=context_length;status=400;ms=\d+, "two\/b";outcome=answered;status=200;ms=\d+;cost_usd="0\.000006"$/,
    );
  });

  it.each([
    ['order', { order: ['two'] }, 'two/a'],
    ['only', { only: ['two'] }, 'two/a'],
    ['ignore', { ignore: ['one'] }, 'two/a'],
    ['sort by price', { sort: 'price' }, 'two/a'],
    ['max_price', { max_price: { prompt: 5 } }, 'two/a'],
    ['data_collection', { data_collection: 'deny' }, 'two/a'],
  ])('heeds %s', async (_what, provider, expected) => {
    expect(await servedBy({ model: 'both', provider })).toBe(expected);
  });

  it('does not fall back where it says so', async () => {
    const { status, json } = await call({ model: 'one/short', models: ['two/b'], provider: { allow_fallbacks: false } });
    expect(status).toBe(400);
    expect(json.error.code).toBe('context_length_exceeded');
    expect(two.received).toHaveLength(0);
  });

  it('stays here: no provider sees it', async () => {
    await call({ model: 'both', models: ['two/b'], provider: { order: ['one'] } });
    const sent = JSON.parse(one.received[0]?.body ?? '{}');
    expect(sent).not.toHaveProperty('models');
    expect(sent).not.toHaveProperty('provider');
  });

  it('is refused where it is malformed or leaves nothing', async () => {
    expect((await call({ model: 'both', provider: { order: 'one' } })).json.error.param).toBe('provider.order');
    const { status, json } = await call({ model: 'both', provider: { max_price: { prompt: 0.1 } } });
    expect(status).toBe(400);
    expect(json.error.message).toContain('above max_price');
  });

  it("bends to the key's", async () => {
    const pinned = await gateway.createKey({ name: 'pinned', defaults: { provider: { only: ['two'] }, models: ['two/z'] } });
    expect(await servedBy({ model: 'both' }, {}, pinned.key)).toBe('two/a');
    expect((await call({ model: 'both', provider: { only: ['one'] } }, {}, pinned.key)).status).toBe(400);
    const strict = await gateway.createKey({ name: 'strict', defaults: { request_routing: 'refuse' } });
    expect((await call({ model: 'both', provider: { order: ['two'] } }, {}, strict.key)).json.error.message).toContain(
      'may not choose its own routing',
    );
    const deaf = await gateway.createKey({ name: 'deaf', defaults: { request_routing: 'ignore' } });
    expect(await servedBy({ model: 'both', provider: { order: ['two'] } }, {}, deaf.key)).toBe('one/a');
  });
});

describe('what a team says of routing', () => {
  it('holds for all its keys, and none of them can widen it', async () => {
    const put = await gateway.admin('PUT', '/admin/teams/careful', {
      defaults: { provider: { only: ['two'] }, request_routing: 'ignore' },
    });
    expect(put.body.defaults).toEqual({ provider: { only: ['two'] }, request_routing: 'ignore' });
    const { key } = await gateway.createKey({
      name: 'theirs',
      team: 'careful',
      defaults: { provider: { only: ['one', 'two'] }, request_routing: 'allow' },
    });
    expect(await servedBy({ model: 'both', provider: { only: ['one'] } }, {}, key)).toBe('two/a');
    expect((await gateway.admin('PUT', '/admin/teams/careful', { defaults: { cache: { ttl_seconds: 1 } } })).status).toBe(400);
  });
});

describe('several keys of a provider', () => {
  it('rest one by one: a refused key is passed over, the next is used at once', async () => {
    for (let count = 0; count < 8; count += 1) expect((await call({ model: 'keyed' })).status).toBe(200);
    const used = one.received.map(({ headers }) => headers.authorization);
    expect(used.filter((key) => key === 'Bearer first-key')).toHaveLength(1);
    expect(used.filter((key) => key === 'Bearer second-key')).toHaveLength(8);
  });
});

describe('limits of a target', () => {
  it('send calls past it once they are used up', async () => {
    const served = [];
    for (let count = 0; count < 4; count += 1) served.push(await servedBy({ model: 'limited' }));
    expect(served).toEqual(['one/limited', 'one/limited', 'two/limited', 'two/limited']);
  });

  it('send calls past it while it has as many as it may', async () => {
    const atOnce = await Promise.all([1, 2, 3].map(() => servedBy({ model: 'narrow' })));
    expect(atOnce.toSorted()).toEqual(['one/slow', 'two/slow', 'two/slow']);
    await pause(100);
    expect(await servedBy({ model: 'narrow' })).toBe('one/slow');
  });

  it('send calls past it that have more tokens than it has left', async () => {
    expect(await servedBy({ model: 'chatty', max_tokens: 100 })).toBe('one/chatty');
    expect(await servedBy({ model: 'chatty', max_tokens: 1_999 })).toBe('two/chatty');
  });

  it('refuse with 429 where there is no other target', async () => {
    expect((await call({ model: 'alone' })).status).toBe(200);
    const { status, json, headers } = await call({ model: 'alone' });
    expect(status).toBe(429);
    expect(json.error.details.passed_over).toEqual([{ target: 'one/alone', reason: 'limit_reached' }]);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(30);
  });

  it('bound what is spent there, and count what was really used', async () => {
    const served = [];
    // Each call is held for its bytes, some $0.001, and settled for 50 tokens, $0.0005, after its last byte.
    for (let count = 0; count < 10; count += 1) {
      served.push(await servedBy({ model: 'dear', max_tokens: 1 }));
      await pause(50);
    }
    expect(served.slice(0, 3)).toEqual(['one/dear', 'one/dear', 'one/dear']);
    expect(served.filter((name) => name === 'one/dear').length).toBeLessThanOrEqual(8);
    expect(served.at(-1)).toBe('two/dear');
  });
});

describe('a mirror', () => {
  it('gets a copy whose answer is written down and not returned', async () => {
    const { servedBy: served, json } = await call({ model: 'shadowed' });
    expect(served).toBe('one/seen');
    expect(json.model).toBe('m');
    const line = await gateway.logged(({ message }) => message === 'mirrored call');
    expect(line).toMatchObject({ model: 'shadowed', target: 'two/shadow', outcome: 'answered', finish_reason: 'stop', output_tokens: 1 });
    expect(requestsFor(two, 'shadow')).toBe(1);
  });
});

describe('shares', () => {
  const users = Array.from({ length: 60 }, (_, index) => `user-${index}`);
  const spread = async (model: string) => Promise.all(users.map((user) => servedBy({ model, user })));

  it('of a canary hold about, and for one user always alike', async () => {
    const first = await spread('canaried');
    const share = first.filter((name) => name === 'two/canary').length / users.length;
    expect(share).toBeGreaterThan(0.1);
    expect(share).toBeLessThan(0.5);
    expect(await spread('canaried')).toEqual(first);
  });

  it('of weights hold about, and stick to the user', async () => {
    const first = await spread('sticky');
    const share = first.filter((name) => name === 'one/s').length / users.length;
    expect(share).toBeGreaterThan(0.55);
    expect(share).toBeLessThan(0.92);
    expect(await spread('sticky')).toEqual(first);
  });
});
