import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isJsonObject } from '../../shared/calls/json.ts';
import { answerEvents } from '../support/event-upstream.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { answerJson, pause, startUpstream, type TestUpstream } from '../support/upstream.ts';

const usage = {
  input_tokens: 10,
  cache_creation_input_tokens: 20,
  cache_read_input_tokens: 100,
  cache_creation: { ephemeral_5m_input_tokens: 5, ephemeral_1h_input_tokens: 15 },
  output_tokens: 7,
  service_tier: 'standard',
};
const message = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-opus-5',
  content: [
    { type: 'thinking', thinking: 'Hm.', signature: 'c2lnbmF0dXJl' },
    { type: 'text', text: 'Hello there' },
  ],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage,
  vendor_extension: { kept: true },
};
const start = {
  type: 'message_start',
  message: { ...message, content: [], stop_reason: null, usage: { ...usage, output_tokens: 1 } },
};
const text = (words: string) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: words } });
const begin = [start, { type: 'ping' }, { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }];
const finish = [
  { type: 'content_block_stop', index: 0 },
  { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 7 } },
  { type: 'message_stop' },
];

let upstream: TestUpstream;
let gateway: TestGateway;
let client: Anthropic;

beforeAll(async () => {
  upstream = await startUpstream();
  gateway = await startGateway({
    config: {
      providers: { anthropic: { base_url: upstream.url, api_key: 'env:UP_KEY', allow_private_address: true } },
      models: {
        smart: { targets: ['anthropic/claude-opus-5'] },
        careful: { targets: ['anthropic/claude-opus-5', 'anthropic/claude-opus-4-8'] },
      },
      prices: { 'anthropic/*': { input: 1, cached_input: 0.1, cache_write: 1.25, cache_write_1h: 2, output: 5 } },
      defaults: { retries: 0, timeouts: { first_byte_ms: 2000, idle_ms: 400 } },
      streaming: { keep_alive_ms: 150, commit_after_ms: 300 },
    },
    environment: { UP_KEY: 'provider-secret' },
  });
  client = new Anthropic({ baseURL: gateway.url, apiKey: gateway.key, maxRetries: 0 });
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});
beforeEach(() => {
  upstream.received.length = 0;
});

const hello = { model: 'anthropic/claude-opus-5', max_tokens: 100, messages: [{ role: 'user' as const, content: 'Hello' }] };
const sentBody = () => JSON.parse(upstream.received[0]?.body ?? '');

describe('a whole message', () => {
  it('comes back byte for byte, with the cost of each kind of token in a header', async () => {
    upstream.behave(answerJson(200, message, { 'request-id': 'req_provider' }));
    const { data, response } = await client.messages.create(hello).withResponse();
    expect(data).toMatchObject(message);
    // 10 fresh at 1 µUSD, 5 written at 1.25, 15 written for an hour at 2, 100 read at 0.1, 7 out at 5.
    expect(response.headers.get('x-sluice-cost-usd')).toBe('0.00009125');
    expect(response.headers.get('x-sluice-provider')).toBe('anthropic');
    expect(response.headers.get('request-id')).toBe('req_provider');
  });

  it('reaches the provider with its own key and model, every unknown field, the version and the betas', async () => {
    upstream.behave(answerJson(200, message));
    await client.beta.messages.create(
      { ...hello, betas: ['context-1m-2025-08-07', 'fine-grained'], ...{ vendor_knob: { deep: [1, null] } } },
      { query: { beta: 'true' } },
    );
    const [sent] = upstream.received;
    expect(sent?.path).toBe('/v1/messages?beta=true');
    expect(sent?.headers).toMatchObject({
      'x-api-key': 'provider-secret',
      // As the client says, whatever version that is.
      'anthropic-version': '2026-10-21',
      'anthropic-beta': 'context-1m-2025-08-07,fine-grained',
    });
    expect(sent?.headers.authorization).toBeUndefined();
    expect(sentBody()).toEqual({ ...hello, model: 'claude-opus-5', vendor_knob: { deep: [1, null] } });
  });

  it('is found under a bare name, dated names and names newer than the catalogue included, and under a route', async () => {
    upstream.behave(answerJson(200, message));
    for (const model of ['claude-opus-5', 'claude-sonnet-4-5-20250929', 'claude-next-99', 'smart'])
      await client.messages.create({ ...hello, model });
    expect(upstream.received.map(({ body }) => JSON.parse(body).model)).toEqual([
      'claude-opus-5',
      'claude-sonnet-4-5-20250929',
      'claude-next-99',
      'claude-opus-5',
    ]);
  });

  it('carries a whole agent turn there unchanged: system blocks, tools, thinking, images, documents, cache marks', async () => {
    upstream.behave(answerJson(200, message));
    const request = {
      ...hello,
      system: [{ type: 'text' as const, text: 'Be brief.', cache_control: { type: 'ephemeral' as const, ttl: '1h' as const } }],
      tools: [
        { name: 'look', description: 'Looks', input_schema: { type: 'object' as const, properties: { at: { type: 'string' } } } },
        { type: 'web_search_20250305' as const, name: 'web_search' as const, max_uses: 1 },
      ],
      tool_choice: { type: 'auto' as const, disable_parallel_tool_use: true },
      thinking: { type: 'enabled' as const, budget_tokens: 1024 },
      max_tokens: 4000,
      stop_sequences: ['END'],
      metadata: { user_id: 'user_1' },
      messages: [
        { role: 'user' as const, content: [{ type: 'text' as const, text: 'See' }] },
        {
          role: 'assistant' as const,
          content: [
            { type: 'thinking' as const, thinking: 'Let me see', signature: 'sig' },
            { type: 'redacted_thinking' as const, data: 'ZGF0YQ==' },
            { type: 'tool_use' as const, id: 'toolu_1', name: 'look', input: { at: 'it' } },
          ],
        },
        {
          role: 'user' as const,
          content: [
            {
              type: 'tool_result' as const,
              tool_use_id: 'toolu_1',
              is_error: false,
              content: [
                { type: 'image' as const, source: { type: 'base64' as const, media_type: 'image/png' as const, data: 'iVBORw0KGgo=' } },
              ],
            },
            { type: 'image' as const, source: { type: 'url' as const, url: 'https://example.com/cat.png' } },
            {
              type: 'document' as const,
              source: { type: 'base64' as const, media_type: 'application/pdf' as const, data: 'JVBERi0=' },
              citations: { enabled: true },
            },
          ],
        },
      ],
    };
    await client.messages.create(request);
    expect(sentBody()).toEqual({ ...request, model: 'claude-opus-5' });
  });

  it('that the provider refuses is an error of the same class, with a stable code', async () => {
    upstream.behave(
      answerJson(400, {
        type: 'error',
        error: { type: 'invalid_request_error', message: 'messages: roles must alternate' },
        request_id: 'req_p',
      }),
    );
    const refused = await client.messages.create(hello).catch((error) => error);
    expect(refused).toBeInstanceOf(Anthropic.BadRequestError);
    expect(refused).toMatchObject({ type: 'invalid_request_error', errorCode: 'invalid_request' });
    expect(refused.error).toMatchObject({
      type: 'error',
      error: { type: 'invalid_request_error', code: 'invalid_request', message: expect.stringContaining('roles must alternate') },
      request_id: expect.stringMatching(/^req_[0-9a-z]{16}$/),
    });
    expect(refused.requestID).toBe(refused.error.request_id);
    upstream.behave(
      answerJson(404, {
        type: 'error',
        error: { type: 'not_found_error', message: 'No such thread', details: { error_code: 'thread_not_found' } },
      }),
    );
    expect(await client.messages.create(hello).catch((error) => error)).toMatchObject({ status: 404, errorCode: 'thread_not_found' });
    upstream.behave(answerJson(529, { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }));
    expect(await client.messages.create(hello).catch((error) => error)).toMatchObject({ status: 502, errorCode: 'provider_error' });
    upstream.behave(
      answerJson(400, {
        type: 'error',
        error: { type: 'invalid_request_error', message: 'prompt is too long: 210000 tokens > 200000 maximum' },
      }),
    );
    expect(await client.messages.create(hello).catch((error) => error)).toMatchObject({
      status: 400,
      errorCode: 'context_length_exceeded',
    });
  });
});

describe('a budget', () => {
  it('lets a call fill the prompt cache that wants no answer', async () => {
    const nothing = { ...message, content: [], stop_reason: 'max_tokens', usage: { ...usage, output_tokens: 0 } };
    upstream.behave(answerJson(200, nothing));
    const { key } = await gateway.createKey({ name: 'warm', limits: { budgets: [{ amount_usd: 0.05, period: 'total' }] } });
    const warming = new Anthropic({ baseURL: gateway.url, apiKey: key, maxRetries: 0 });
    expect(await warming.messages.create({ ...hello, max_tokens: 0, cache_control: { type: 'ephemeral' } })).toMatchObject(nothing);
    expect(sentBody().max_tokens).toBe(0);
  });

  it('is for the model that was asked: no other takes the place of one that declines', async () => {
    upstream.behave(answerJson(200, message));
    const { key } = await gateway.createKey({ name: 'own model', limits: { budgets: [{ amount_usd: 0.05, period: 'total' }] } });
    const bound = new Anthropic({ baseURL: gateway.url, apiKey: key, maxRetries: 0 });
    const declinable = { ...hello, fallbacks: 'default' as const };
    await bound.beta.messages.create(declinable);
    await client.beta.messages.create(declinable);
    expect(upstream.received.map(({ body }) => JSON.parse(body).fallbacks)).toEqual([undefined, 'default']);
  });

  it('that is spent is a 402 that the client does not retry', async () => {
    const { key } = await gateway.createKey({ name: 'poor', limits: { budgets: [{ amount_usd: 0.000001, period: 'total' }] } });
    const poor = new Anthropic({ baseURL: gateway.url, apiKey: key, maxRetries: 3 });
    const begun = performance.now();
    const refused = await poor.messages.create(hello).catch((error) => error);
    expect(refused).toBeInstanceOf(Anthropic.PaymentRequiredError);
    expect(refused).toMatchObject({ type: 'billing_error', errorCode: 'budget_exceeded' });
    expect(performance.now() - begun).toBeLessThan(1500);
    expect(upstream.received).toHaveLength(0);
  });

  it('that is short lowers max_tokens and the thinking budget with it', async () => {
    upstream.behave(answerJson(200, message));
    const { key } = await gateway.createKey({ name: 'short', limits: { budgets: [{ amount_usd: 0.02, period: 'total' }] } });
    const short = new Anthropic({ baseURL: gateway.url, apiKey: key, maxRetries: 0 });
    await short.messages.create(
      { ...hello, max_tokens: 60_000, thinking: { type: 'enabled', budget_tokens: 50_000 } },
      { timeout: 10_000 },
    );
    const { max_tokens: lowered, thinking } = sentBody();
    expect(lowered).toBeGreaterThan(1024);
    expect(lowered).toBeLessThan(4000);
    expect(thinking).toEqual({ type: 'enabled', budget_tokens: lowered - 1 });
  });

  it.each([
    ['a list of other models', { fallbacks: [{ model: 'claude-fable-5' }] }, 'fallbacks'],
    ['an advisor', { tools: [{ type: 'advisor_20260301', name: 'advisor', model: 'claude-fable-5' }] }, 'tools.0'],
  ])('cannot be passed by with %s', async (_name, more, param) => {
    const refused = await client.messages.create({ ...hello, ...more } as typeof hello).catch((error) => error);
    expect(refused.error.error).toMatchObject({ code: 'unsupported_parameter', param });
    expect(upstream.received).toHaveLength(0);
  });
});

describe('a stream', () => {
  const stream = (key = gateway.key) =>
    fetch(`${gateway.url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': key, 'content-type': 'application/json' },
      body: JSON.stringify({ ...hello, stream: true }),
    });

  it('passes byte for byte, pings included, but for the cost beside the final usage', async () => {
    const events = [...begin, text('One'), text(' two'), ...finish];
    upstream.behave(answerEvents(events));
    const received = await (await stream()).text();
    // 10 fresh, 5 + 15 written, 100 read; the output counted by message_delta.
    const priced = events.map((event) => (event.type === 'message_delta' ? { ...event, cost_usd: 0.00009125 } : event));
    expect(received).toBe(priced.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''));
  });

  it('is put together by the official client', async () => {
    upstream.behave(answerEvents([...begin, text('One'), text(' two'), ...finish], { pauseMs: 20 }));
    const pieces: string[] = [];
    const running = client.messages.stream(hello).on('text', (piece) => pieces.push(piece));
    const final = await running.finalMessage();
    expect(pieces).toEqual(['One', ' two']);
    expect(final.content).toEqual([{ type: 'text', text: 'One two' }]);
    expect(final).toMatchObject({ stop_reason: 'end_turn', usage: { input_tokens: 10, output_tokens: 7, cache_read_input_tokens: 100 } });
    expect(sentBody()).toEqual({ ...hello, model: 'claude-opus-5', stream: true });
  });

  it.each([
    [
      'dies',
      async (response: import('node:http').ServerResponse) => {
        await pause(30);
        response.destroy();
      },
      'provider_error',
    ],
    ['ends cleanly but too early', (response: import('node:http').ServerResponse) => void response.end(), 'provider_error'],
    ['stalls', () => {}, 'provider_timeout'],
    [
      'sends what is no JSON',
      (response: import('node:http').ServerResponse) => void response.end('event: message_delta\ndata: {"del\n\n'),
      'provider_error',
    ],
    [
      'reports an error inside',
      (response: import('node:http').ServerResponse) =>
        void response.end('event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'),
      'provider_error',
    ],
  ])('of a provider that %s ends in an error that the client raises', async (_name, accident, code) => {
    upstream.behave(async (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const event of [...begin, text('Half an')]) response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
      await accident(response);
    });
    let seen = '';
    const reading = (async () => {
      for await (const event of await client.messages.create({ ...hello, stream: true }))
        if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') seen += event.delta.text;
    })();
    const raised = await reading.then(
      () => undefined,
      (error) => error,
    );
    expect(raised).toBeInstanceOf(Anthropic.APIError);
    expect(raised).toMatchObject({ errorCode: code });
    expect(seen).toBe('Half an');
  });

  it('bridges silence with comments, which the client does not see', async () => {
    upstream.behave(async (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const event of [...begin, text('Late')]) response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
      await pause(350);
      response.end(finish.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''));
    });
    expect(await client.messages.stream(hello).finalText()).toBe('Late');
    expect(await (await stream()).text()).toContain(': keep-alive\n\n');
  });

  it('is told to the provider as aborted when the caller leaves, and settles what was made by then', async () => {
    const { key, id } = await gateway.createKey({ name: 'leaver' });
    upstream.behave(answerEvents([...begin, ...Array.from({ length: 100 }, (_, index) => text(`${index} `)), ...finish], { pauseMs: 40 }));
    const leaving = new Anthropic({ baseURL: gateway.url, apiKey: key, maxRetries: 0 });
    const running = await leaving.messages.create({ ...hello, stream: true });
    for await (const event of running) if (event.type === 'content_block_delta') break;
    const [sent] = upstream.received;
    await expect(Promise.race([sent?.aborted.then(() => 'aborted'), pause(3000).then(() => 'still open')])).resolves.toBe('aborted');
    const line = await gateway.logged((entry) => entry.message === 'call' && entry.key === id);
    expect(line).toMatchObject({ ending: 'client_gone', usage: { inputTokens: 130, outputTokens: expect.any(Number) }, estimated: true });
  });

  it('that its caller leaves while the model thinks unseen is charged for what it can have thought by then', async () => {
    const pings = Array.from({ length: 30 }, () => ({ type: 'ping' }));
    const thinking = { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } };
    upstream.behave(answerEvents([start, thinking, ...pings, ...finish], { pauseMs: 50 }));
    const outputOf = async (model: string): Promise<unknown> => {
      const { key, id } = await gateway.createKey({ name: model });
      const leaving = new Anthropic({ baseURL: gateway.url, apiKey: key, maxRetries: 0 });
      const running = await leaving.messages.create({ ...hello, model: `anthropic/${model}`, max_tokens: 10_000, stream: true });
      setTimeout(() => running.controller.abort(), 500);
      for await (const event of running) if (event.type === 'message_stop') break;
      const line = await gateway.logged((entry) => entry.message === 'call' && entry.key === id);
      expect(line).toMatchObject({ ending: 'client_gone', estimated: true, usage: { inputTokens: 130 } });
      return isJsonObject(line.usage) ? line.usage.outputTokens : undefined;
    };
    expect(await outputOf('claude-opus-4-8')).toBe(1);
    expect(await outputOf('claude-opus-5')).toSatisfy((tokens: number) => tokens > 200 && tokens < 10_000);
  });

  it.each([
    ['at once', 200],
    ['once its status has gone out', 600],
  ])('that its caller leaves %s, while another target could still take over, is charged for as well', async (_name, afterMs) => {
    const pings = Array.from({ length: 30 }, () => ({ type: 'ping' }));
    upstream.behave(answerEvents([start, ...pings, ...finish], { pauseMs: 50 }));
    const { key, id } = await gateway.createKey({ name: `left after ${afterMs} ms` });
    const leaving = new Anthropic({ baseURL: gateway.url, apiKey: key, maxRetries: 0 });
    const controller = new AbortController();
    const asked = upstream.received.length;
    const left = (async () => {
      while (upstream.received.length === asked) await pause(5);
      await pause(afterMs);
      controller.abort();
    })();
    const running = leaving.messages.create(
      { ...hello, model: 'careful', max_tokens: 10_000, stream: true },
      { signal: controller.signal },
    );
    await running.then(
      async (events) => {
        for await (const event of events) if (event.type === 'message_stop') break;
      },
      () => undefined,
    );
    await left;
    const line = await gateway.logged((entry) => entry.message === 'call' && entry.key === id);
    expect(line).toMatchObject({ estimated: true, usage: { inputTokens: 130 } });
    expect(isJsonObject(line.usage) && line.usage.outputTokens).toSatisfy((tokens: number) => tokens >= 20 && tokens < 10_000);
  });

  it('ends as if max_tokens was reached where the budget affords no more', async () => {
    const { key } = await gateway.createKey({ name: 'small', limits: { budgets: [{ amount_usd: 0.05, period: 'total' }] } });
    const words = 'x'.repeat(1000);
    upstream.behave(answerEvents([...begin, ...Array.from({ length: 40 }, () => text(words)), ...finish], { pauseMs: 5 }));
    const small = new Anthropic({ baseURL: gateway.url, apiKey: key, maxRetries: 0 });
    const final = await small.messages.stream({ ...hello, model: 'anthropic/claude-opus-4-8', max_tokens: 60_000 }).finalMessage();
    expect(final.stop_reason).toBe('max_tokens');
    expect(final.usage.output_tokens).toBeGreaterThan(2000);
    expect(final.usage.output_tokens).toBeLessThan(12_000);
  });

  it('of a model that thinks unasked, and shows nothing of it, is held for whole', async () => {
    const { key } = await gateway.createKey({ name: 'thinking', limits: { budgets: [{ amount_usd: 0.05, period: 'total' }] } });
    upstream.behave(answerEvents([...begin, text('One'), ...finish]));
    const small = new Anthropic({ baseURL: gateway.url, apiKey: key, maxRetries: 0 });
    await small.messages.stream({ ...hello, max_tokens: 60_000 }).finalMessage();
    expect(sentBody().max_tokens).toBeGreaterThan(2000);
    expect(sentBody().max_tokens).toBeLessThan(12_000);
  });
});

describe('counting tokens', () => {
  it('is the provider\u2019s business where it can', async () => {
    upstream.behave(answerJson(200, { input_tokens: 4321 }));
    const { max_tokens: _, ...prompt } = hello;
    const { data, response } = await client.beta.messages
      .countTokens({ ...prompt, betas: ['token-counting-x'] }, { query: { beta: 'true' } })
      .withResponse();
    expect(data).toEqual({ input_tokens: 4321 });
    expect(response.headers.get('x-sluice-estimated')).toBeNull();
    const [sent] = upstream.received;
    expect(sent?.path).toBe('/v1/messages/count_tokens?beta=true');
    expect(sent?.headers['anthropic-beta']).toContain('token-counting-x');
    expect(sentBody()).toEqual({ ...prompt, model: 'claude-opus-5' });
  });

  it('is an estimate, and says so, where the provider has no count', async () => {
    upstream.behave(answerJson(404, { type: 'error', error: { type: 'not_found_error', message: 'Not found' } }));
    const prompt = { model: hello.model, messages: [{ role: 'user' as const, content: 'word '.repeat(300) }] };
    const { data, response } = await client.messages.countTokens(prompt).withResponse();
    expect(response.headers.get('x-sluice-estimated')).toBe('true');
    expect(data.input_tokens).toBeGreaterThan(300);
    expect(data.input_tokens).toBeLessThan(800);
  });

  it('counts as a request and costs nothing', async () => {
    upstream.behave(answerJson(200, { input_tokens: 5 }));
    const { key } = await gateway.createKey({
      name: 'counter',
      limits: { requests_per_minute: 2, budgets: [{ amount_usd: 0.000001, period: 'total' }] },
    });
    const counter = new Anthropic({ baseURL: gateway.url, apiKey: key, maxRetries: 0 });
    const prompt = { model: hello.model, messages: hello.messages };
    expect(await counter.messages.countTokens(prompt)).toEqual({ input_tokens: 5 });
    expect(await counter.messages.countTokens(prompt)).toEqual({ input_tokens: 5 });
    await expect(counter.messages.countTokens(prompt)).rejects.toMatchObject({ status: 429, errorCode: 'rate_limit_exceeded' });
  });

  it('refuses what is no prompt, in the shape of the API', async () => {
    const refused = await client.messages.countTokens({ model: hello.model, messages: [] }).catch((error) => error);
    expect(refused).toMatchObject({ status: 400, type: 'invalid_request_error', errorCode: 'invalid_request' });
  });
});
