import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { answerJson, answerStream, configFor, pause, startUpstream, type TestUpstream } from '../support/upstream.ts';

let upstream: TestUpstream;
let gateway: TestGateway;

const chunk = (content: string) =>
  JSON.stringify({
    id: 'c',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [{ index: 0, delta: { content }, finish_reason: null }],
  });
const finish = JSON.stringify({
  id: 'c',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  choices: [{ index: 0, delta: {}, finish_reason: 'stop' }],
});
const usageChunk = (input: number, output: number) =>
  JSON.stringify({
    id: 'c',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [],
    usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
  });
const completion = (input: number, output: number) => ({
  id: 'x',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
});
const messages = [{ role: 'user' as const, content: 'Hello' }];

beforeAll(async () => {
  upstream = await startUpstream();
  const config = configFor(upstream, { defaults: { retries: 0 } }) as { providers: Record<string, object> };
  gateway = await startGateway({
    config: {
      ...config,
      providers: {
        ...config.providers,
        // The same upstream at a provider that bills on whoever listens.
        stubborn: {
          type: 'openai-compatible',
          base_url: upstream.url,
          allow_private_address: true,
          models: { m: { max_output_tokens: 64_000 } },
        },
        unpriced: { type: 'openai-compatible', base_url: upstream.url, allow_private_address: true },
      },
      prices: { 'up/*': { input: 1, output: 2 }, 'stubborn/*': { input: 1, output: 2 } },
    },
  });
  // Before the first call, because limits are believed for ten seconds.
  await gateway.admin('PUT', '/admin/limits/end-users', { requests_per_minute: 1 });
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});
beforeEach(() => {
  upstream.received.length = 0;
});

async function clientWith(limits: object, options: { maxRetries?: number } = {}): Promise<OpenAI & { sluiceKey: string; id: string }> {
  const { id, key } = await gateway.createKey({ name: 'limited', limits });
  return Object.assign(new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key, maxRetries: options.maxRetries ?? 0 }), {
    sluiceKey: key,
    id,
  });
}

async function standing(key: string): Promise<{ budgets: { spent_usd: number; held_usd: number; remaining_usd: number }[] }> {
  const response = await fetch(`${gateway.url}/v1/key`, { headers: { authorization: `Bearer ${key}` } });
  return JSON.parse(await response.text());
}

/** Settling goes on after the last byte; what is spent is seen a moment later. */
async function settled(key: string): Promise<{ spent_usd: number; held_usd: number }> {
  for (let turn = 0; turn < 100; turn += 1) {
    const [budget] = (await standing(key)).budgets;
    if (budget?.held_usd === 0) return budget;
    await pause(20);
  }
  throw new Error('something is still held');
}

const budget = (amount_usd: number, more: object = {}) => ({ budgets: [{ amount_usd, period: 'total' }], ...more });

describe('a budget', () => {
  it('is charged exactly what the call cost, and says so on every answer', async () => {
    const client = await clientWith(budget(1));
    upstream.behave(answerJson(200, completion(1000, 500)));
    const { response } = await client.chat.completions.create({ model: 'up/m', messages, max_tokens: 1000 }).withResponse();
    expect(response.headers.get('x-sluice-budget-limit')).toBe('1');
    expect(response.headers.get('x-sluice-budget-spent')).toBe('0');
    expect(Number(response.headers.get('x-sluice-budget-held'))).toBeGreaterThan(0.002);
    expect(await settled(client.sluiceKey)).toMatchObject({ spent_usd: 0.002, held_usd: 0 });
  });

  it('that is spent refuses with 402, which no SDK retries', async () => {
    const client = await clientWith(budget(0.0001, { clamp: false }), { maxRetries: 3 });
    const refused = await client.chat.completions.create({ model: 'up/m', messages, max_tokens: 60_000 }).catch((error) => error);
    expect(refused).toMatchObject({ status: 402, code: 'budget_exceeded' });
    expect(refused.error.details).toMatchObject({ scope: 'key', limit: 'budget', limit_usd: 0.0001, spent_usd: 0 });
    expect(upstream.received).toHaveLength(0);

    let tries = 0;
    const counting: typeof fetch = (...args) => {
      tries += 1;
      return fetch(...args);
    };
    const impatient = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: client.sluiceKey, maxRetries: 3, fetch: counting });
    await expect(impatient.chat.completions.create({ model: 'up/m', messages, max_tokens: 60_000 })).rejects.toMatchObject({ status: 402 });
    expect(tries).toBe(1);
    const anthropic = new Anthropic({ baseURL: gateway.url, apiKey: client.sluiceKey, maxRetries: 3, fetch: counting });
    await expect(anthropic.messages.create({ model: 'up/m', max_tokens: 8_000, messages })).rejects.toMatchObject({ status: 402 });
    expect(tries).toBe(2);
  });

  it('lowers the output of a call to what fits, and says so', async () => {
    const client = await clientWith(budget(0.01));
    upstream.behave(answerJson(200, completion(10, 10)));
    const { response } = await client.chat.completions.create({ model: 'up/m', messages, max_tokens: 60_000 }).withResponse();
    const lowered = Number(response.headers.get('x-sluice-max-tokens'));
    expect(lowered).toBeGreaterThan(4_000);
    expect(lowered).toBeLessThan(5_000);
    expect(JSON.parse(upstream.received[0]?.body ?? '').max_tokens).toBe(lowered);
  });

  it('with clamp: false refuses instead of lowering', async () => {
    const client = await clientWith(budget(0.01, { clamp: false }));
    await expect(client.chat.completions.create({ model: 'up/m', messages, max_tokens: 60_000 })).rejects.toMatchObject({ status: 402 });
    expect(upstream.received).toHaveLength(0);
  });

  it('shortens no answer below the floor its scopes set, the highest of them', async () => {
    upstream.behave(answerJson(200, completion(10, 10)));
    const ask = (client: OpenAI, more: object = {}) =>
      client.chat.completions.create({ model: 'up/m', messages, max_tokens: 60_000, ...more }).withResponse();
    // A cent pays for some 4,700 tokens.
    const content = await clientWith(budget(0.01, { clamp_floor_tokens: 4_000 }));
    expect(Number((await ask(content)).response.headers.get('x-sluice-max-tokens'))).toBeGreaterThan(4_000);
    const strict = await clientWith(budget(0.01, { clamp_floor_tokens: 6_000 }));
    await expect(ask(strict)).rejects.toMatchObject({ status: 402, code: 'budget_exceeded' });
    await expect(ask(strict, { max_tokens: 4_000 })).resolves.toBeDefined();
    const modest = await clientWith(budget(0.0003, { clamp_floor_tokens: 16 }));
    expect(Number((await ask(modest)).response.headers.get('x-sluice-max-tokens'))).toBeLessThan(256);
    const perModel = await clientWith(
      budget(0.01, { clamp_floor_tokens: 1, per_model: { 'up/*': budget(5, { clamp_floor_tokens: 6_000 }) } }),
    );
    await expect(ask(perModel)).rejects.toMatchObject({ status: 402 });
  });

  it('holds at least the floor for a stream that is held in slices', async () => {
    const client = await clientWith(budget(0.01, { clamp_floor_tokens: 6_000 }));
    await expect(client.chat.completions.create({ model: 'up/m', messages, max_tokens: 60_000, stream: true })).rejects.toMatchObject({
      status: 402,
    });
  });

  it('refuses a model that nobody has priced', async () => {
    const client = await clientWith(budget(1));
    await expect(client.chat.completions.create({ model: 'unpriced/m', messages })).rejects.toMatchObject({
      status: 402,
      code: 'unpriced_model',
    });
    expect(upstream.received).toHaveLength(0);
  });

  it('tells contention from exhaustion: 429 budget_held while only others hold it', async () => {
    const client = await clientWith(budget(0.01));
    let release: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    upstream.behave(async (_request, response) => {
      await gate;
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(completion(10, 10)));
    });
    const first = client.chat.completions.create({ model: 'stubborn/m', messages, max_tokens: 60_000 });
    while (upstream.received.length === 0) await pause(10);
    const refused = await client.chat.completions.create({ model: 'stubborn/m', messages, max_tokens: 60_000 }).catch((error) => error);
    expect(refused).toMatchObject({ status: 429, code: 'budget_held' });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.error.details.held_usd).toBeGreaterThan(0.009);
    release();
    await first;
    expect(await settled(client.sluiceKey)).toMatchObject({ spent_usd: 0.00003 });
  });
});

describe('x-sluice-max-cost-usd', () => {
  it('caps one call the same way', async () => {
    const client = await clientWith({});
    upstream.behave(answerJson(200, completion(10, 10)));
    const { response } = await client.chat.completions
      .create({ model: 'up/m', messages, max_tokens: 60_000 }, { headers: { 'x-sluice-max-cost-usd': '0.002' } })
      .withResponse();
    expect(Number(response.headers.get('x-sluice-max-tokens'))).toBeLessThan(1_000);
    await expect(
      client.chat.completions.create({ model: 'up/m', messages, max_tokens: 60_000 }, { headers: { 'x-sluice-max-cost-usd': '0.0001' } }),
    ).rejects.toMatchObject({
      status: 402,
      code: 'max_cost_exceeded',
    });
  });
});

describe('slices', () => {
  it('let twenty parallel calls with a huge max_tokens share half a dollar', async () => {
    const client = await clientWith(budget(0.5));
    const words = Array.from({ length: 60 }, (_, index) => chunk(`word${index} `));
    upstream.behave(answerStream([...words, finish, usageChunk(100, 450)], { pauseMs: 5 }));
    const calls = Array.from({ length: 20 }, async () => {
      let text = '';
      for await (const part of await client.chat.completions.create({ model: 'up/m', messages, max_tokens: 64_000, stream: true }))
        text += part.choices[0]?.delta.content ?? '';
      return text.length;
    });
    const lengths = await Promise.all(calls);
    expect(new Set(lengths).size).toBe(1);
    expect(await settled(client.sluiceKey)).toMatchObject({ spent_usd: 0.02 });
  });

  it('grow with the answer, far past the first one', async () => {
    const client = await clientWith(budget(0.5));
    const words = Array.from({ length: 800 }, () => chunk('twenty characters ok'));
    upstream.behave(answerStream([...words, finish, usageChunk(100, 4_000)]));
    let text = '';
    for await (const part of await client.chat.completions.create({ model: 'up/m', messages, max_tokens: 64_000, stream: true }))
      text += part.choices[0]?.delta.content ?? '';
    expect(text.length).toBe(16_000);
    expect(await settled(client.sluiceKey)).toMatchObject({ spent_usd: 0.0081 });
  });

  it('end a stream with finish_reason length where no more can be held, and leave the provider', async () => {
    const client = await clientWith(budget(0.01));
    upstream.behave(
      answerStream(
        Array.from({ length: 5_000 }, () => chunk('twenty characters ok')),
        { pauseMs: 1 },
      ),
    );
    let text = '';
    let reason: string | null | undefined;
    let usage: object | null | undefined;
    for await (const part of await client.chat.completions.create({
      model: 'up/m',
      messages,
      max_tokens: 64_000,
      stream: true,
      stream_options: { include_usage: true },
    })) {
      text += part.choices[0]?.delta.content ?? '';
      reason = part.choices[0]?.finish_reason ?? reason;
      usage = part.usage ?? usage;
    }
    expect(reason).toBe('length');
    expect(usage).toMatchObject({ completion_tokens: text.length });
    const [sent] = upstream.received;
    await expect(Promise.race([sent?.aborted.then(() => 'aborted'), pause(3000).then(() => 'still open')])).resolves.toBe('aborted');
    const after = await settled(client.sluiceKey);
    expect(after.spent_usd).toBeLessThanOrEqual(0.01);
    expect(after.spent_usd).toBeGreaterThan(0.005);
  });

  it('are not for a provider that bills on: it gets the whole bound', async () => {
    const client = await clientWith(budget(0.2));
    upstream.behave(answerStream([chunk('Hi'), finish, usageChunk(10, 10)], { pauseMs: 150 }));
    const stream = await client.chat.completions.create({ model: 'stubborn/m', messages, max_tokens: 64_000, stream: true });
    expect((await standing(client.sluiceKey)).budgets[0]?.held_usd).toBeGreaterThan(0.128);
    for await (const _ of stream);
    expect(await settled(client.sluiceKey)).toMatchObject({ spent_usd: 0.00003 });
  });
});

describe('rates', () => {
  it('let in exactly what a minute allows, however many come at once, and tell by headers', async () => {
    const client = await clientWith({ requests_per_minute: 5 });
    upstream.behave(answerJson(200, completion(10, 10)));
    const answers = await Promise.allSettled(
      Array.from({ length: 20 }, () => client.chat.completions.create({ model: 'up/m', messages }).withResponse()),
    );
    const passed = answers.filter((answer) => answer.status === 'fulfilled');
    expect(passed).toHaveLength(5);
    expect(upstream.received).toHaveLength(5);
    expect(passed[0]?.value.response.headers.get('x-ratelimit-limit-requests')).toBe('5');
    const refused = answers.find((answer) => answer.status === 'rejected')?.reason;
    expect(refused).toMatchObject({ status: 429, code: 'rate_limit_exceeded' });
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(12);
    expect(refused.headers.get('x-ratelimit-remaining-requests')).toBe('0');
  });

  it('count parallel calls and give their places back', async () => {
    const client = await clientWith({ parallel_requests: 2 });
    upstream.behave(async (_request, response) => {
      await pause(200);
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(completion(10, 10)));
    });
    const answers = await Promise.allSettled(Array.from({ length: 6 }, () => client.chat.completions.create({ model: 'up/m', messages })));
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    await pause(50);
    await expect(client.chat.completions.create({ model: 'up/m', messages })).resolves.toBeDefined();
  });

  it('give unused tokens back', async () => {
    const client = await clientWith({ tokens_per_minute: 2_000 });
    upstream.behave(answerJson(200, completion(10, 10)));
    for (let turn = 0; turn < 5; turn += 1) {
      await client.chat.completions.create({ model: 'up/m', messages, max_tokens: 1_000 });
      await pause(30);
    }
    expect(upstream.received).toHaveLength(5);
  });
});

describe('an end user', () => {
  it('named by the caller is limited from the first call on', async () => {
    const client = await clientWith({});
    upstream.behave(answerJson(200, completion(10, 10)));
    const ask = (user: string) => client.chat.completions.create({ model: 'up/m', messages, user });
    const outcomes = await Promise.allSettled([ask('alice'), ask('alice'), ask('bob')]);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
  });
});
