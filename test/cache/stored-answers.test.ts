import { type IncomingMessage, request } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { answerJson, configFor, pause, startUpstream, type TestUpstream } from '../support/upstream.ts';

let answers = 0;
let questions = 0;
let upstream: TestUpstream;
let gateway: TestGateway;

const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
const completion = () => ({
  id: `chatcmpl-${++answers}`,
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: `answer ${answers}` }, finish_reason: 'stop' }],
  usage,
});
const cached = (cache: object, overrides = {}) => ({ targets: [{ model: 'up/m', overrides }], cache });

beforeAll(async () => {
  upstream = await startUpstream();
  gateway = await startGateway({
    config: configFor(upstream, {
      defaults: { retries: 0 },
      models: {
        kept: cached({ ttl_seconds: 3600 }),
        enduring: cached({ ttl_seconds: 1, stale_if_error_seconds: 60 }),
        warmed: cached({ ttl_seconds: 3600 }, { temperature: 0.9 }),
        cooled: cached({ ttl_seconds: 3600 }, { temperature: 0 }),
        own: cached({ ttl_seconds: 3600, scope: 'key' }),
        company: cached({ ttl_seconds: 3600, scope: 'organization' }),
      },
    }),
    environment: { UP_KEY: 'provider-secret' },
  });
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});
beforeEach(() => {
  upstream.received.length = 0;
  upstream.behave((request, response) => answerJson(200, completion())(request, response));
});

const fresh = (model = 'kept') => ({ model, messages: [{ role: 'user', content: `question ${++questions}` }] });

async function ask(body: object, headers: Record<string, string> = {}, key = gateway.key) {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}`, ...headers },
    body: JSON.stringify(body),
  });
  const header = (name: string) => response.headers.get(name);
  return { status: response.status, cache: header('x-sluice-cache'), header, text: await response.text() };
}

async function stored(body: object, headers: Record<string, string> = {}, key = gateway.key) {
  const first = await ask(body, headers, key);
  await expect.poll(async () => (await ask(body, { ...headers, 'cache-control': 'only-if-cached' }, key)).status).toBe(200);
  return first;
}

describe('a stored answer', () => {
  it('says which call it was given to first, and for how long it stays fresh', async () => {
    const question = fresh();
    const first = await stored(question);
    const hit = await ask(question, { 'x-sluice-cache-ttl': '60' });
    const id = first.header('x-sluice-request-id') ?? '';
    expect(hit.cache).toBe('hit');
    expect(hit.header('x-sluice-cache-source')).toBe(id);
    expect(Number(hit.header('x-sluice-cache-ttl'))).toBeGreaterThan(55);
    expect(Number(hit.header('x-sluice-cache-ttl'))).toBeLessThanOrEqual(60);
    expect(first.header('x-sluice-cache-source')).toBeNull();
    const receipt = await gateway.admin('GET', `/admin/requests/${hit.header('x-sluice-request-id')}`);
    expect(receipt.body).toMatchObject({ cache: 'hit', cache_source: id, cost_usd: 0 });
    expect((await gateway.admin('GET', `/admin/requests/${id}`)).body).toMatchObject({ cache: 'miss', cache_source: null });
  });

  it('has a strong entity tag as a body, and a weak one as a stream, and is given whole whatever the caller has', async () => {
    const question = fresh();
    await stored(question);
    const etag = (await ask(question)).header('etag') ?? '';
    expect(etag).toMatch(/^"[0-9a-f]{32}"$/);
    expect((await ask({ ...question, stream: true })).header('etag')).toBe(`W/${etag}`);
    // RFC 9110 section 13.1.2: a 304 is for GET and HEAD. A fetch() would add `no-cache` of its own.
    const conditional = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${gateway.key}`, 'if-none-match': etag };
      const sent = request(`${gateway.url}/v1/chat/completions`, { method: 'POST', headers }, resolve).on('error', reject);
      sent.end(JSON.stringify(question));
    });
    conditional.resume();
    expect(conditional.statusCode).toBe(200);
    expect(conditional.headers['x-sluice-cache']).toBe('hit');
  });

  it('costs nothing as a stream either, and says so in its usage', async () => {
    const question = fresh();
    await stored(question);
    const { text, header } = await ask({ ...question, stream: true, stream_options: { include_usage: true } });
    expect(header('x-sluice-cost-usd')).toBe('0');
    expect(text).toContain('"prompt_tokens":10');
    expect(text).toMatch(/"cost_usd":"?0"?\D/);
  });

  it('is served to a call in vain waiting for the one that leads, where it may be in need', async () => {
    const question = fresh('enduring');
    const first = await stored(question);
    await pause(1_100);
    upstream.behave(() => {});
    const leading = ask(question, { 'x-sluice-timeout-ms': '4000' });
    await expect.poll(() => upstream.received.length).toBe(2);
    const waiting = await ask(question, { 'x-sluice-timeout-ms': '1000' });
    expect(waiting).toMatchObject({ status: 200, cache: 'stale', text: first.text });
    expect(Number(waiting.header('age'))).toBeGreaterThanOrEqual(1);
    // Whoever wants nothing old is told instead.
    expect((await ask(question, { 'x-sluice-timeout-ms': '1000', 'cache-control': 'max-age=1' })).status).toBe(504);
    expect(await leading).toMatchObject({ status: 200, cache: 'stale' });
  });

  it('is no stale answer to whoever minds its age, unless they allow it in need', async () => {
    const question = fresh('enduring');
    await stored(question);
    await pause(1_100);
    upstream.behave(answerJson(500, { error: { message: 'down' } }));
    for (const wish of ['no-cache', 'max-age=600', 'min-fresh=1']) {
      expect((await ask(question, { 'cache-control': wish })).status).toBe(502);
      expect(await ask(question, { 'cache-control': `${wish}, stale-if-error=30` })).toMatchObject({ status: 200, cache: 'stale' });
    }
    expect((await ask(question, { 'cache-control': 'stale-if-error=0' })).status).toBe(502);
  });

  it.each([
    ['no message', [{ index: 0, finish_reason: 'stop' }]],
    ['a message of no kind', [{ index: 0, message: 7, finish_reason: 'stop' }]],
    ['content in parts', [{ index: 0, message: { role: 'assistant', content: [{ type: 'text', text: 'x' }] }, finish_reason: 'stop' }]],
    ['choices without an index', [{ message: { role: 'assistant', content: 'x', tool_calls: [null] }, finish_reason: 'stop' }]],
  ])('fails no stream, however odd its body: %s', async (_what, choices) => {
    upstream.behave((request, response) => answerJson(200, { ...completion(), choices })(request, response));
    const question = fresh();
    const first = await ask(question);
    await pause(150);
    expect((await ask(question)).text).toBe(first.text);
    upstream.behave((request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const delta = { index: 0, delta: { role: 'assistant', content: 'anew' }, finish_reason: 'stop' };
      response.end(
        `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [delta] })}\n\ndata: [DONE]\n\n`,
      );
      void request;
    });
    const streamed = await ask({ ...question, stream: true });
    expect(streamed.status).toBe(200);
    expect(streamed.text).not.toContain('"error"');
    expect(streamed.text.trimEnd().endsWith('data: [DONE]')).toBe(true);
  });

  it('is not kept where the operator warms the model, and is where they cool it', async () => {
    expect((await ask(fresh('warmed'))).cache).toBe('bypass');
    const question = { ...fresh('cooled'), temperature: 0.8 };
    await stored(question);
    expect((await ask(question)).cache).toBe('hit');
  });

  it('is shared as far as the scope of its route says', async () => {
    const keyOf = async (team: string, organization: string) =>
      (await gateway.createKey({ name: `${team} of ${organization}`, team, organization })).key;
    const [one, two, other, stranger] = await Promise.all([
      keyOf('red', 'acme'),
      keyOf('red', 'acme'),
      keyOf('blue', 'acme'),
      keyOf('blue', 'evil'),
    ]);
    const company = fresh('company');
    await stored(company, {}, one);
    expect((await ask(company, {}, other)).cache).toBe('hit');
    expect((await ask(company, {}, stranger)).cache).toBe('miss');
    const own = fresh('own');
    await stored(own, {}, one);
    expect((await ask(own, {}, one)).cache).toBe('hit');
    expect((await ask(own, {}, two)).cache).toBe('miss');
  });
});

describe('a call that waits for another', () => {
  it('counts as a hit: a request, no money, no tokens, and its hold is given back', async () => {
    upstream.behave(async (request, response) => {
      await pause(400);
      await answerJson(200, completion())(request, response);
    });
    const limits = { requests_per_minute: 100, tokens_per_minute: 100_000, budgets: [{ amount_usd: 1, period: 'day' }] };
    const [lead, follower] = await Promise.all(['lead', 'follower'].map((name) => gateway.createKey({ name, team: 'flight', limits })));
    const question = { ...fresh(), max_tokens: 100 };
    const first = ask(question, {}, lead?.key);
    await expect.poll(() => upstream.received.length).toBe(1);
    const replies = await Promise.all([1, 2, 3].map(() => ask(question, {}, follower?.key)));
    expect(replies.map(({ cache }) => cache)).toEqual(['coalesced', 'coalesced', 'coalesced']);
    expect(replies.map(({ header }) => header('x-sluice-cost-usd'))).toEqual(['0', '0', '0']);
    await first;
    const standing = async (key = '') => {
      const response = await fetch(`${gateway.url}/v1/key`, { headers: { authorization: `Bearer ${key}` } });
      return (await response.json()) as object;
    };
    await expect.poll(async () => JSON.stringify(await standing(lead?.key))).toContain('"spent_usd":0.00002');
    await expect.poll(async () => JSON.stringify(await standing(follower?.key))).toContain('"held_usd":0');
    expect(JSON.stringify(await standing(follower?.key))).toContain('"spent_usd":0,');
    const { header } = await ask({ ...fresh('up/m'), max_tokens: 100 }, {}, follower?.key);
    // Four requests of the minute are used, and the tokens of one.
    expect(Number(header('x-ratelimit-remaining-requests'))).toBeLessThanOrEqual(97);
    expect(Number(header('x-ratelimit-remaining-tokens'))).toBeGreaterThan(90_000);
  });
});
