import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { answerJson, answerStream, pause, startUpstream, type TestUpstream, type UpstreamBehaviour } from '../support/upstream.ts';

let first: TestUpstream;
let second: TestUpstream;
let gateway: TestGateway;

interface Counts {
  readonly prompt: number;
  readonly completion: number;
}

function chunk(id: string, delta: object, more: { finish?: string; usage?: Counts } = {}): string {
  const { finish = null, usage } = more;
  return JSON.stringify({
    id,
    object: 'chat.completion.chunk',
    created: id === 'one' ? 1 : 2,
    model: `model-${id}`,
    choices: [{ index: 0, delta, finish_reason: finish }],
    ...(usage && { usage: usageOf(usage) }),
  });
}

function usageOf({ prompt, completion }: Counts): object {
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

function usageChunk(id: string, usage: Counts): string {
  return JSON.stringify({ id, object: 'chat.completion.chunk', created: 2, model: `model-${id}`, choices: [], usage: usageOf(usage) });
}

/** Sends events and then breaks the connection. */
function dies(...events: string[]): UpstreamBehaviour {
  return async (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const event of events) response.write(`data: ${event}\n\n`);
    await pause(30);
    response.destroy();
  };
}

const half = [
  chunk('one', { role: 'assistant', content: '' }),
  chunk('one', { content: 'The quick ' }),
  chunk('one', { content: 'brown ' }),
];
const rest = answerStream([
  chunk('two', { role: 'assistant', content: '' }),
  chunk('two', { content: 'fox ' }),
  chunk('two', { content: 'jumps.' }),
  chunk('two', {}, { finish: 'stop' }),
  usageChunk('two', { prompt: 14, completion: 4 }),
]);

beforeAll(async () => {
  first = await startUpstream();
  second = await startUpstream();
  const provider = {
    type: 'openai-compatible',
    allow_private_address: true,
    stops_billing_on_abort: true,
  };
  // Every call names a model of its own, so that no breaker knows of the calls before it.
  const route = (last: string) => ({ targets: ['up/*', `${last}/*`], retries: 0 });
  gateway = await startGateway({
    config: {
      defaults: { retries: 0 },
      streaming: { keep_alive_ms: 150 },
      providers: {
        up: { ...provider, base_url: first.url },
        next: { ...provider, base_url: second.url, continues_by: 'prefix' },
        local: { ...provider, base_url: second.url, type: 'vllm' },
        plain: { ...provider, base_url: second.url },
      },
      prices: { 'up/*': { input: 1, output: 2 }, 'next/*': { input: 3, output: 6 }, '*': { input: 1, output: 2 } },
      models: {
        'story-*': { ...route('next'), resume: true },
        'local-*': { ...route('local'), resume: true },
        'unable-*': { ...route('plain'), resume: true },
        'cut-*': route('next'),
      },
    },
  });
});
afterAll(async () => {
  await gateway?.close();
  await first?.close();
  await second?.close();
});
beforeEach(() => {
  first.received.length = 0;
  second.received.length = 0;
  first.behave(dies(...half));
  second.behave(rest);
});

interface Told {
  readonly text: string;
  readonly chunks: readonly OpenAI.ChatCompletionChunk[];
  readonly error: unknown;
  readonly requestId: string | null;
}

let calls = 0;
let model = '';

async function tell(key: string, route = 'story', more: Partial<OpenAI.ChatCompletionCreateParamsStreaming> = {}): Promise<Told> {
  calls += 1;
  model = `m${calls}`;
  const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key, maxRetries: 0 });
  const { data, response } = await client.chat.completions
    .create({
      model: `${route}-${model}`,
      messages: [{ role: 'user', content: 'Tell me.' }],
      stream: true,
      stream_options: { include_usage: true },
      max_tokens: 500,
      ...more,
    })
    .withResponse();
  const chunks: OpenAI.ChatCompletionChunk[] = [];
  let error: unknown;
  try {
    for await (const event of data) chunks.push(event);
  } catch (thrown) {
    error = thrown;
  }
  const text = chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('');
  return { text, chunks, error, requestId: response.headers.get('x-sluice-request-id') };
}

function receipt({ requestId }: Told): Promise<Record<string, unknown>> {
  return gateway.logged((line) => line.message === 'call' && line.request_id === requestId);
}

async function budgeted(amountUsd: number): Promise<{ id: string; key: string }> {
  return await gateway.createKey({ name: 'story', limits: { budgets: [{ amount_usd: amountUsd, period: 'total' }] } });
}

async function settled(key: string): Promise<{ spent_usd: number; held_usd: number }> {
  for (let turn = 0; turn < 100; turn += 1) {
    const response = await fetch(`${gateway.url}/v1/key`, { headers: { authorization: `Bearer ${key}` } });
    const { budgets } = JSON.parse(await response.text());
    if (budgets[0].held_usd === 0 && budgets[0].spent_usd > 0) return budgets[0];
    await pause(50);
  }
  throw new Error('never settled');
}

function lastUsage({ chunks }: Told) {
  const last = chunks.findLast(({ usage }) => usage != null);
  const cost = last !== undefined && 'cost_usd' in last ? last.cost_usd : undefined;
  return { ...last?.usage, cost };
}

describe('a stream that breaks off on a route with resume', () => {
  it('goes on from the next target as one answer', async () => {
    const told = await tell(gateway.key);
    expect(told.error).toBeUndefined();
    expect(told.text).toBe('The quick brown fox jumps.');
    expect(new Set(told.chunks.map(({ id }) => id))).toEqual(new Set(['one']));
    expect(new Set(told.chunks.map(({ model }) => model))).toEqual(new Set(['model-one']));
    expect(new Set(told.chunks.map(({ created }) => created))).toEqual(new Set([1]));
    expect(told.chunks.filter(({ choices }) => choices[0]?.delta.role !== undefined)).toHaveLength(1);
    expect(told.chunks.flatMap(({ choices }) => choices[0]?.finish_reason ?? [])).toEqual(['stop']);
    const asked = JSON.parse(second.received[0]?.body ?? '{}');
    expect(asked.messages).toEqual([
      { role: 'user', content: 'Tell me.' },
      { role: 'assistant', content: 'The quick brown ', prefix: true },
    ]);
    // Sixteen bytes are about four tokens of the five hundred.
    expect(asked.max_tokens).toBe(496);
  });

  it('is written down with both attempts', async () => {
    const line = await receipt(await tell(gateway.key));
    expect(line).toMatchObject({
      ending: 'answered',
      resumed: { from: `up/${model}`, at_output_bytes: 16 },
      finish_reason: 'stop',
      attempts: [
        { target: `up/${model}`, outcome: 'connection' },
        { target: `next/${model}`, outcome: 'answered' },
      ],
    });
  });

  it('spends the sum of both to the nano-dollar, where both report', async () => {
    first.behave(dies(...half, chunk('one', { content: 'red ' }, { usage: { prompt: 10, completion: 3 } })));
    const { key } = await budgeted(1);
    const told = await tell(key);
    expect(told.text).toBe('The quick brown red fox jumps.');
    expect(lastUsage(told)).toMatchObject({ prompt_tokens: 24, completion_tokens: 7, total_tokens: 31 });
    const nanoUsd = 10 * 1_000 + 3 * 2_000 + 14 * 3_000 + 4 * 6_000;
    expect(lastUsage(told).cost).toBe(nanoUsd / 1e9);
    expect((await settled(key)).spent_usd).toBe(nanoUsd / 1e9);
    expect(JSON.parse(second.received[0]?.body ?? '{}').max_tokens).toBe(497);
    expect((await receipt(told)).attempts).toMatchObject([
      { cost_nano_usd: 10 * 1_000 + 3 * 2_000 },
      { cost_nano_usd: 14 * 3_000 + 4 * 6_000 },
    ]);
  });

  it('spends the bound of the part that nobody counted', async () => {
    const { key } = await budgeted(1);
    const told = await tell(key);
    const usage = lastUsage(told);
    expect(usage.completion_tokens).toBe(16 + 4);
    const nanoUsd = ((usage.prompt_tokens ?? 0) - 14) * 1_000 + 16 * 2_000 + 14 * 3_000 + 4 * 6_000;
    expect(usage.cost).toBe(nanoUsd / 1e9);
    expect((await settled(key)).spent_usd).toBe(nanoUsd / 1e9);
    const { estimated, attempts } = await receipt(told);
    expect({ estimated, attempts }).toMatchObject({
      estimated: true,
      attempts: [{ estimated: true, cost_nano_usd: nanoUsd - 14 * 3_000 - 4 * 6_000 }, { cost_nano_usd: 14 * 3_000 + 4 * 6_000 }],
    });
  });

  it('is not carried on where the budget pays for one attempt alone, and never overspends', async () => {
    // 500 tokens at the dearer target and the prompt fit once, not twice.
    const { key } = await budgeted(0.0038);
    first.behave(dies(...half, chunk('one', { content: 'x'.repeat(1_000) })));
    const told = await tell(key);
    expect(told.error).toBeInstanceOf(OpenAI.APIError);
    expect(second.received).toHaveLength(0);
    expect((await settled(key)).spent_usd).toBeLessThanOrEqual(0.0038);
  });

  it('asks vLLM by the fields it has for it', async () => {
    const told = await tell(gateway.key, 'local');
    expect(told.text).toBe('The quick brown fox jumps.');
    expect(JSON.parse(second.received[0]?.body ?? '{}')).toMatchObject({
      continue_final_message: true,
      add_generation_prompt: false,
      messages: [{ role: 'user' }, { role: 'assistant', content: 'The quick brown ' }],
    });
  });

  it('withholds usage from a caller who did not ask for it', async () => {
    const told = await tell(gateway.key, 'story', { stream_options: null });
    expect(told.text).toBe('The quick brown fox jumps.');
    expect(told.chunks.filter(({ usage }) => usage != null)).toEqual([]);
  });

  it('ends in an error event when the second target fails too', async () => {
    second.behave(answerJson(500, { error: { message: 'down' } }));
    const { key } = await budgeted(1);
    const told = await tell(key);
    expect(told.text).toBe('The quick brown ');
    expect(told.error).toBeInstanceOf(OpenAI.APIError);
    const line = await receipt(told);
    expect(line.ending).toBe('failed');
    expect(line).not.toHaveProperty('resumed');
    expect(line.attempts).toMatchObject([
      { target: `up/${model}`, outcome: 'connection' },
      { target: `next/${model}`, outcome: 'server_error' },
    ]);
    expect((await settled(key)).spent_usd).toBeGreaterThan(0);
  });

  it('is carried on once: when the second stream breaks as well, an error event says so and both are paid', async () => {
    second.behave(dies(chunk('two', { role: 'assistant', content: 'fox ' }, { usage: { prompt: 14, completion: 1 } })));
    first.behave(dies(...half, chunk('one', { content: 'red ' }, { usage: { prompt: 10, completion: 3 } })));
    const { key } = await budgeted(1);
    const told = await tell(key);
    expect(told.text).toBe('The quick brown red fox ');
    expect(told.error).toBeInstanceOf(OpenAI.APIError);
    expect(second.received).toHaveLength(1);
    expect((await settled(key)).spent_usd).toBe((10 * 1_000 + 3 * 2_000 + 14 * 3_000 + 1 * 6_000) / 1e9);
    expect((await receipt(told)).attempts).toMatchObject([
      { target: `up/${model}`, outcome: 'connection', cost_nano_usd: 10 * 1_000 + 3 * 2_000 },
      { target: `next/${model}`, outcome: 'connection', cost_nano_usd: 14 * 3_000 + 1 * 6_000 },
    ]);
  });
});

describe('while the rest of an answer is looked for', () => {
  async function open(key: string, headers: Record<string, string> = {}): Promise<Response> {
    calls += 1;
    return await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ model: `story-m${calls}`, messages: [{ role: 'user', content: 'Tell me.' }], stream: true, max_tokens: 500 }),
    });
  }

  it('bridges the silence', async () => {
    second.behave(async (request, response) => {
      await pause(500);
      await rest(request, response);
    });
    const text = await (await open(gateway.key)).text();
    const [before = '', after = ''] = text.split('brown ');
    expect(before).not.toContain(': keep-alive');
    expect(after).toContain(': keep-alive');
    expect(after).toContain('jumps.');
    expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true);
  });

  it('gives up when the caller leaves, and charges what was made', async () => {
    second.behave(() => {});
    const { key } = await budgeted(1);
    const response = await open(key);
    const reader = response.body?.getReader();
    while (second.received.length === 0) await reader?.read();
    await reader?.cancel();
    await second.received[0]?.aborted;
    const { spent_usd } = await settled(key);
    // At least the sixteen bytes, at most their bound with the prompt.
    expect(spent_usd).toBeGreaterThan(32_000 / 1e9);
    expect(spent_usd).toBeLessThan(500_000 / 1e9);
  });

  it('remembers the whole answer for its Idempotency-Key', async () => {
    const headers = { 'idempotency-key': 'a-story' };
    const told = await (await open(gateway.key, headers)).text();
    calls -= 1;
    let replayed = await open(gateway.key, headers);
    for (let turn = 0; turn < 50 && replayed.status === 409; turn += 1) {
      await pause(50);
      calls -= 1;
      replayed = await open(gateway.key, headers);
    }
    const contents = (text: string) => [...text.matchAll(/"content":"([^"]*)"/g)].map(([, content]) => content).join('');
    expect(contents(told)).toBe('The quick brown fox jumps.');
    expect(contents(await replayed.text())).toBe('The quick brown fox jumps.');
    expect(first.received).toHaveLength(1);
    expect(second.received).toHaveLength(1);
  });
});

describe('a stream that breaks off is not carried on', () => {
  it.each([
    ['without the flag', 'cut', half, {}],
    ['at a provider that is not known to take a beginning', 'unable', half, {}],
    [
      'once a tool call has begun',
      'story',
      [...half, chunk('one', { tool_calls: [{ index: 0, id: 't', type: 'function', function: { name: 'f', arguments: '{' } }] })],
      {},
    ],
    ['once it reasons', 'story', [chunk('one', { reasoning_content: 'Hm' }), ...half], {}],
    ['where the answer has to be JSON', 'story', half, { response_format: { type: 'json_object' as const } }],
    ['where several answers are asked for', 'story', half, { n: 2 }],
  ])('%s', async (_case, route, events, more) => {
    first.behave(dies(...events));
    const told = await tell(gateway.key, route, more);
    expect(told.error).toBeInstanceOf(OpenAI.APIError);
    expect(told.text).toBe('The quick brown ');
    expect(second.received).toHaveLength(0);
  });
});
