import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { answerJson, answerStream, configFor, pause, startUpstream, type TestUpstream } from '../support/upstream.ts';

/** Requests are answered with text of their own, so that it shows which upstream call an answer came from. */
let answers = 0;
const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
const head = { created: 1, model: 'm-2026' };
const nextText = () => `answer ${++answers}`;
const bodyOf = (content: string, finish = 'stop') => ({
  ...head,
  id: `chatcmpl-${answers}`,
  object: 'chat.completion',
  choices: [{ index: 0, message: { role: 'assistant', content, refusal: null }, logprobs: null, finish_reason: finish }],
  usage,
});
const chunksOf = (text: string, finish = 'stop') => {
  const chunk = (delta: object, end: string | null = null) =>
    JSON.stringify({
      ...head,
      id: `chatcmpl-${answers}`,
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta, finish_reason: end }],
    });
  const words = text.split(/(?<= )/);
  return [
    chunk({ role: 'assistant', content: '' }),
    ...words.map((content) => chunk({ content })),
    chunk({}, finish),
    JSON.stringify({ ...head, id: `chatcmpl-${answers}`, object: 'chat.completion.chunk', choices: [], usage }),
  ];
};

let upstream: TestUpstream;
let gateway: TestGateway;
let client: OpenAI;

const cached = (cache: object) => ({ targets: ['up/m'], cache });

beforeAll(async () => {
  upstream = await startUpstream();
  gateway = await startGateway({
    config: configFor(upstream, {
      defaults: { retries: 0, timeouts: { first_byte_ms: 2000, idle_ms: 1000 } },
      models: {
        kept: cached({ ttl_seconds: 3600 }),
        brief: cached({ ttl_seconds: 1 }),
        allowed: cached({ ttl_seconds: 0, max_ttl_seconds: 60 }),
        lively: cached({ ttl_seconds: 3600, nondeterministic: true }),
        everybody: cached({ ttl_seconds: 3600, scope: 'gateway' }),
        renewed: cached({ ttl_seconds: 1, stale_while_revalidate_seconds: 60 }),
        enduring: cached({ ttl_seconds: 1, stale_if_error_seconds: 60 }),
        paced: cached({ ttl_seconds: 3600, replay: 'paced' }),
        spent: cached({ ttl_seconds: 3600, serve_when_exhausted: true }),
      },
    }),
    environment: { UP_KEY: 'provider-secret' },
  });
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key, maxRetries: 0 });
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});
beforeEach(() => {
  upstream.received.length = 0;
  upstream.behave((request, response) =>
    request.body.includes('"stream":true')
      ? answerStream(chunksOf(nextText()))(request, response)
      : answerJson(200, bodyOf(nextText()))(request, response),
  );
});

let questions = 0;
/** A question that was never asked before. */
const fresh = (model = 'kept') => ({ model, messages: [{ role: 'user' as const, content: `question ${++questions}` }] });

interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

async function ask(body: object, headers: Record<string, string> = {}, key = gateway.key): Promise<Reply> {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}`, ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** Asks until the answer comes from the cache: it is stored after the last byte of the first one has left. */
async function askUntilStored(body: object, headers: Record<string, string> = {}, key = gateway.key): Promise<Reply> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const reply = await ask(body, { ...headers, 'cache-control': 'only-if-cached' }, key);
    if (reply.status === 200) return reply;
    await pause(20);
  }
  throw new Error('it was never stored');
}

const outcome = (reply: Reply) => reply.headers.get('x-sluice-cache');

describe('the cache', () => {
  it('is off where nobody turned it on, and says so', async () => {
    const question = fresh('up/m');
    expect(outcome(await ask(question))).toBe('bypass');
    expect(outcome(await ask(question, { 'x-sluice-cache-ttl': '60' }))).toBe('bypass');
    expect(upstream.received).toHaveLength(2);
  });

  it('serves the same bytes again, with their age, for nothing', async () => {
    const question = fresh();
    const first = await ask(question);
    expect(outcome(first)).toBe('miss');
    const second = await askUntilStored(question);
    expect(outcome(second)).toBe('hit');
    expect(second.text).toBe(first.text);
    expect(second.headers.get('age')).toMatch(/^[01]$/);
    expect(second.headers.get('etag')).toMatch(/^"[0-9a-f]{32}"$/);
    expect(second.headers.get('x-sluice-cache-key')).toBe(first.headers.get('x-sluice-cache-key'));
    expect(second.headers.get('x-sluice-cost-usd')).toBe('0');
    expect(second.headers.get('x-sluice-model')).toBe('up/m');
    expect(upstream.received).toHaveLength(1);
  });

  it('does not mind the order of members, stream, user or metadata', async () => {
    const question = fresh();
    await ask(question);
    await askUntilStored(question);
    const { model, messages } = question;
    const again = await ask({ user: 'u', metadata: { a: 'b' }, messages, stream: false, model });
    expect(outcome(again)).toBe('hit');
    expect(upstream.received).toHaveLength(1);
  });

  it('fills from a stream and serves a body, and the other way round', async () => {
    const streamed = fresh();
    const stream = await client.chat.completions.create({ ...streamed, stream: true });
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    const whole = JSON.parse((await askUntilStored(streamed)).text);
    expect(whole).toMatchObject({ object: 'chat.completion', choices: [{ message: { content: text }, finish_reason: 'stop' }], usage });

    const asked = fresh();
    const body = JSON.parse((await ask(asked)).text);
    await askUntilStored(asked);
    const { data, response } = await client.chat.completions
      .create({ ...asked, stream: true, stream_options: { include_usage: true } })
      .withResponse();
    let replayed = '';
    let last: OpenAI.ChatCompletionChunk | undefined;
    for await (const chunk of data) {
      replayed += chunk.choices[0]?.delta.content ?? '';
      last = chunk;
    }
    expect(response.headers.get('x-sluice-cache')).toBe('hit');
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect(replayed).toBe(body.choices[0].message.content);
    expect(last).toMatchObject({ usage, cost_usd: 0 });
    expect(upstream.received).toHaveLength(2);
  });

  it('streams a hit at the pace of a model where that is configured', async () => {
    const question = fresh('paced');
    upstream.behave(answerJson(200, bodyOf('one word after the other, '.repeat(4))));
    const { choices } = JSON.parse((await ask(question)).text);
    await askUntilStored(question);
    const begunAtMs = performance.now();
    const { data, response } = await client.chat.completions.create({ ...question, stream: true }).withResponse();
    const texts: string[] = [];
    for await (const chunk of data) if (chunk.choices[0]?.delta.content) texts.push(chunk.choices[0].delta.content);
    expect(response.headers.get('x-sluice-cache')).toBe('hit');
    expect(texts).toHaveLength(20);
    expect(texts.join('')).toBe(choices[0].message.content);
    expect(performance.now() - begunAtMs).toBeGreaterThanOrEqual(400);
  });

  it('keeps usage from a caller of a replayed stream who did not ask for it', async () => {
    const question = fresh();
    await ask(question);
    await askUntilStored(question);
    const reply = await ask({ ...question, stream: true });
    expect(outcome(reply)).toBe('hit');
    expect(reply.text).not.toContain('prompt_tokens');
    expect(reply.text.trimEnd().endsWith('data: [DONE]')).toBe(true);
  });

  it('is shared by the keys of a team, and by nobody else', async () => {
    const [one, two, other, alone] = await Promise.all([
      gateway.createKey({ name: 'one', team: 'red' }),
      gateway.createKey({ name: 'two', team: 'red' }),
      gateway.createKey({ name: 'other', team: 'blue' }),
      gateway.createKey({ name: 'alone' }),
    ]);
    const question = fresh();
    await ask(question, {}, one.key);
    expect(outcome(await askUntilStored(question, {}, two.key))).toBe('hit');
    expect(outcome(await ask(question, {}, other.key))).toBe('miss');
    expect(outcome(await ask(question, {}, alone.key))).toBe('miss');
    expect(upstream.received).toHaveLength(3);
  });

  it('is shared by everybody where the route says so, but never under a name of the caller', async () => {
    const [one, two] = await Promise.all([
      gateway.createKey({ name: 'one', team: 'red' }),
      gateway.createKey({ name: 'two', team: 'blue' }),
    ]);
    const question = fresh('everybody');
    await ask(question, {}, one.key);
    expect(outcome(await askUntilStored(question, {}, two.key))).toBe('hit');
    const named = { 'x-sluice-cache-key': 'faq-1' };
    await ask(question, named, one.key);
    expect(outcome(await askUntilStored(fresh('everybody'), named, one.key))).toBe('hit');
    expect(outcome(await ask(question, named, two.key))).toBe('miss');
  });

  it('keeps namespaces apart', async () => {
    const question = fresh();
    await ask(question, { 'x-sluice-cache-namespace': 'a' });
    expect(outcome(await askUntilStored(question, { 'x-sluice-cache-namespace': 'a' }))).toBe('hit');
    expect(outcome(await ask(question, { 'x-sluice-cache-namespace': 'b' }))).toBe('miss');
  });

  it('lets a key have settings of its own', async () => {
    const off = await gateway.createKey({ name: 'evaluation', defaults: { cache: { ttl_seconds: 0 } } });
    const on = await gateway.createKey({ name: 'eager', defaults: { cache: { ttl_seconds: 60 } } });
    const question = fresh();
    expect(outcome(await ask(question, {}, off.key))).toBe('bypass');
    const direct = fresh('up/m');
    expect(outcome(await ask(direct, {}, on.key))).toBe('miss');
    expect(outcome(await askUntilStored(direct, {}, on.key))).toBe('hit');
  });

  it('lets a caller ask for a shorter time only, unless the operator allows a longer one', async () => {
    const question = fresh('allowed');
    expect(outcome(await ask(question))).toBe('bypass');
    await ask(question, { 'x-sluice-cache-ttl': '30' });
    expect(outcome(await askUntilStored(question, { 'x-sluice-cache-ttl': '30' }))).toBe('hit');
    expect(outcome(await ask(question, { 'x-sluice-cache-ttl': '0' }))).toBe('bypass');
  });

  it('does not serve what has expired', async () => {
    const question = fresh('brief');
    const first = await ask(question);
    await askUntilStored(question);
    await pause(1100);
    const second = await ask(question);
    expect(outcome(second)).toBe('miss');
    expect(second.text).not.toBe(first.text);
  });

  it('honours no-store, no-cache, max-age and min-fresh', async () => {
    const question = fresh();
    const first = await ask(question);
    await askUntilStored(question);
    expect(outcome(await ask(question, { 'cache-control': 'no-store' }))).toBe('bypass');
    expect((await ask(question)).text).toBe(first.text);
    const renewed = await ask(question, { 'cache-control': 'no-cache' });
    expect(outcome(renewed)).toBe('miss');
    await pause(200);
    const stored = await ask(question);
    expect(outcome(stored)).toBe('hit');
    expect(stored.text).toBe(renewed.text);
    expect(outcome(await ask(question, { 'cache-control': 'min-fresh=60' }))).toBe('hit');
    expect(outcome(await ask(question, { 'cache-control': 'min-fresh=4000' }))).toBe('miss');
    await pause(1100);
    expect(outcome(await ask(question, { 'cache-control': 'max-age=60' }))).toBe('hit');
    expect(outcome(await ask(question, { 'cache-control': 'max-age=1' }))).toMatch(/hit|miss/);
  });

  it('answers 504 to only-if-cached where there is nothing, without a call', async () => {
    const reply = await ask(fresh(), { 'cache-control': 'only-if-cached' });
    expect(reply.status).toBe(504);
    expect(JSON.parse(reply.text).error.code).toBe('only_if_cached_miss');
    expect(upstream.received).toHaveLength(0);
  });

  it('serves an expired answer at once and fetches a fresh one behind it', async () => {
    const question = fresh('renewed');
    const first = await ask(question);
    await askUntilStored(question);
    await pause(1100);
    const stale = await ask(question);
    expect(outcome(stale)).toBe('stale');
    expect(stale.text).toBe(first.text);
    expect(Number(stale.headers.get('age'))).toBeGreaterThanOrEqual(1);
    const renewed = await askUntilStored(question);
    expect(outcome(renewed)).toMatch(/hit|stale/);
    await expect.poll(async () => (await ask(question)).text, { timeout: 3000 }).not.toBe(first.text);
  });

  it('serves an expired answer when the provider fails, and only then', async () => {
    const question = fresh('enduring');
    const first = await ask(question);
    await askUntilStored(question);
    await pause(1100);
    upstream.behave(answerJson(500, { error: { message: 'down' } }));
    const stale = await ask(question);
    expect(stale.status).toBe(200);
    expect(outcome(stale)).toBe('stale');
    expect(stale.text).toBe(first.text);
    expect((await ask(fresh('enduring'))).status).toBe(502);
    upstream.behave(answerJson(400, { error: { message: 'bad temperature' } }));
    expect((await ask(question)).status).toBe(400);
  });

  it.each([
    ['a length-cut answer', answerJson(200, bodyOf('cut', 'length'))],
    ['a filtered answer', answerJson(200, bodyOf('filtered', 'content_filter'))],
    [
      'an answer without an end',
      answerJson(200, { ...bodyOf('odd'), choices: [{ index: 0, message: { role: 'assistant', content: 'x' } }] }),
    ],
    [
      'an answer of which one choice was cut',
      answerJson(200, { ...bodyOf('a'), choices: [...bodyOf('a').choices, ...bodyOf('b', 'length').choices] }),
    ],
    ['an error', answerJson(500, { error: { message: 'down' } })],
    ['an error with status 200', answerJson(200, { error: { message: 'down', code: 500 } })],
  ])('never keeps %s', async (_what, behaviour) => {
    upstream.behave(behaviour);
    const question = fresh();
    await ask(question);
    await pause(100);
    await ask(question);
    expect(upstream.received.length).toBeGreaterThanOrEqual(2);
    await pause(100);
    expect((await ask(question, { 'cache-control': 'only-if-cached' })).status).toBe(504);
  });

  it.each([
    ['cut off', (events: string[]) => answerStream(events.slice(0, 3), { done: false })],
    ['cut by length', () => answerStream(chunksOf('a b c', 'length'))],
  ])('never keeps a stream that was %s', async (_what, behaviour) => {
    upstream.behave(behaviour(chunksOf('one two three')));
    const question = { ...fresh(), stream: true };
    await ask(question);
    await pause(150);
    expect((await ask(question, { 'cache-control': 'only-if-cached' })).status).toBe(504);
  });

  it('caches a call with a temperature above 0 only where somebody wants that', async () => {
    const warm = { ...fresh(), temperature: 0.7 };
    expect(outcome(await ask(warm))).toBe('bypass');
    await ask(warm, { 'x-sluice-cache-ttl': '60' });
    expect(outcome(await askUntilStored(warm, { 'x-sluice-cache-ttl': '60' }))).toBe('hit');
    const lively = { ...fresh('lively'), temperature: 0.7 };
    await ask(lively);
    expect(outcome(await askUntilStored(lively))).toBe('hit');
    const cold = { ...fresh(), temperature: 0 };
    await ask(cold);
    expect(outcome(await askUntilStored(cold))).toBe('hit');
  });

  it('keeps tool calls, and refuses a key before it serves it', async () => {
    upstream.behave(
      answerJson(200, {
        ...bodyOf('', 'tool_calls'),
        choices: [
          {
            index: 0,
            message: {
              role: 'assistant',
              content: null,
              tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }],
            },
            finish_reason: 'tool_calls',
          },
        ],
      }),
    );
    const question = fresh();
    await ask(question);
    await askUntilStored(question);
    const stream = client.chat.completions.stream(question);
    const final = await stream.finalChatCompletion();
    expect(final.choices[0]?.message.tool_calls?.[0]).toMatchObject({ id: 'c', function: { name: 'f', arguments: '{}' } });
    const narrow = await gateway.createKey({ name: 'narrow', models: ['other/*'] });
    expect((await ask(question, {}, narrow.key)).status).toBe(403);
  });

  it('costs a hit nothing but the request, and serves it past a spent budget only where that is wanted', async () => {
    const { key } = await gateway.createKey({ name: 'poor', limits: { budgets: [{ amount_usd: 0.0004, period: 'day' }] } });
    const spent = async (): Promise<string> => {
      const response = await fetch(`${gateway.url}/v1/key`, { headers: { authorization: `Bearer ${key}` } });
      return JSON.stringify(await response.json());
    };
    upstream.behave(answerJson(200, { ...bodyOf('dear'), usage: { prompt_tokens: 340, completion_tokens: 5, total_tokens: 345 } }));
    const question = { ...fresh('spent'), max_tokens: 5 };
    expect((await ask(question, {}, key)).status).toBe(200);
    // 340 tokens at 1 µUSD and 5 at 2: hits add nothing, hold nothing for long, and are not refused though little is left.
    await expect.poll(spent).toContain('"spent_usd":0.00035');
    for (let hit = 0; hit < 3; hit += 1) expect(outcome(await ask(question, {}, key))).toBe('hit');
    expect(await spent()).toContain('"spent_usd":0.00035');
    expect((await ask({ ...fresh('kept'), max_tokens: 5 }, {}, key)).status).toBe(402);
    expect(outcome(await ask(question, {}, key))).toBe('hit');
  });
});
