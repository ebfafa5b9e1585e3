import { existsSync, readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answerEvents } from '../support/event-upstream.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { answerJson, pause, startUpstream, type TestUpstream } from '../support/upstream.ts';

const usage = {
  input_tokens: 100,
  input_tokens_details: { cached_tokens: 40 },
  output_tokens: 20,
  output_tokens_details: { reasoning_tokens: 12 },
  total_tokens: 120,
};
const item = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text: 'One two', annotations: [], logprobs: [] }],
};
const base = {
  id: 'resp_1',
  object: 'response',
  created_at: 1,
  model: 'gpt-5.2-2026',
  error: null,
  incomplete_details: null,
  instructions: null,
  metadata: { usage: 'a trap' },
  parallel_tool_calls: true,
  temperature: 1,
  tool_choice: 'auto',
  tools: [],
  top_p: 1,
};
const response = { ...base, status: 'completed', output: [item], usage, user: null, vendor_extension: { usage: { kept: true } } };
const at = { item_id: 'msg_1', output_index: 0, content_index: 0 };
const text = (delta: string) => ({ type: 'response.output_text.delta', ...at, delta, logprobs: [] });
const begin = [
  { type: 'response.created', response: { ...base, status: 'in_progress', output: [], usage: null } },
  { type: 'response.in_progress', response: { ...base, status: 'in_progress', output: [], usage: null } },
  { type: 'response.output_item.added', output_index: 0, item: { ...item, status: 'in_progress', content: [] } },
  { type: 'response.content_part.added', ...at, part: { type: 'output_text', text: '', annotations: [], logprobs: [] } },
];
const finish = [
  { type: 'response.output_text.done', ...at, text: 'One two', logprobs: [] },
  { type: 'response.content_part.done', ...at, part: item.content[0] },
  { type: 'response.output_item.done', output_index: 0, item },
  { type: 'response.completed', response },
];
const numbered = (events: readonly { type: string }[]) => events.map((event, index) => ({ ...event, sequence_number: index }));

let upstream: TestUpstream;
let gateway: TestGateway;
let client: OpenAI;

beforeAll(async () => {
  upstream = await startUpstream();
  gateway = await startGateway({
    config: {
      providers: { openai: { base_url: upstream.url, api_key: 'env:UP_KEY', allow_private_address: true } },
      prices: { 'openai/*': { input: 1, cached_input: 0.1, output: 5 } },
      defaults: { retries: 0, timeouts: { first_byte_ms: 2000, idle_ms: 400 } },
      streaming: { keep_alive_ms: 150, commit_after_ms: 300 },
    },
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
});

const hello = { model: 'openai/gpt-5.2', input: 'Hello' };
const sentBody = () => JSON.parse(upstream.received[0]?.body ?? '');

describe('a whole response', () => {
  it('comes back byte for byte, with the cost in a header', async () => {
    upstream.behave(answerJson(200, response));
    const { data, response: http } = await client.responses.create(hello).withResponse();
    expect(data).toMatchObject(response);
    expect(data.output_text).toBe('One two');
    // 60 fresh at 1 µUSD, 40 cached at 0.1, 20 out at 5.
    expect(http.headers.get('x-sluice-cost-usd')).toBe('0.000164');
  });

  it('reaches the provider with every item, tool and unknown field as it came', async () => {
    upstream.behave(answerJson(200, response));
    const request = {
      model: 'gpt-5.2',
      instructions: 'Be brief.',
      store: false,
      include: ['reasoning.encrypted_content' as const],
      parallel_tool_calls: true,
      reasoning: { effort: 'low' as const, summary: 'auto' as const },
      text: { format: { type: 'json_schema' as const, name: 'answer', schema: { type: 'object' }, strict: true } },
      truncation: 'auto' as const,
      max_output_tokens: 500,
      tools: [
        { type: 'function' as const, name: 'look', description: 'Looks', parameters: { type: 'object', properties: {} }, strict: false },
        {
          type: 'custom' as const,
          name: 'apply_patch',
          format: { type: 'grammar' as const, syntax: 'lark' as const, definition: 'start: "x"' },
        },
      ],
      input: [
        { type: 'message' as const, role: 'developer' as const, content: [{ type: 'input_text' as const, text: 'Rules' }] },
        {
          role: 'user' as const,
          content: [{ type: 'input_image' as const, image_url: 'data:image/png;base64,iVBORw0KGgo=', detail: 'low' as const }],
        },
        { type: 'reasoning' as const, id: 'rs_1', summary: [], encrypted_content: 'gAAAA' },
        { type: 'function_call' as const, call_id: 'call_1', name: 'look', arguments: '{}' },
        { type: 'function_call_output' as const, call_id: 'call_1', output: 'seen' },
        { type: 'custom_tool_call' as const, call_id: 'call_2', name: 'apply_patch', input: '*** Begin' },
        { type: 'custom_tool_call_output' as const, call_id: 'call_2', output: 'done' },
      ],
      ...{ vendor_knob: { deep: [1, null] } },
    };
    await client.responses.create(request);
    const [sent] = upstream.received;
    expect(sent?.path).toBe('/v1/responses');
    expect(sent?.headers.authorization).toBe('Bearer provider-secret');
    expect(sentBody()).toEqual(request);
  });

  it('keeps what lies with the provider: an earlier response, a conversation', async () => {
    upstream.behave(answerJson(200, response));
    await client.responses.create({ ...hello, previous_response_id: 'resp_0' });
    expect(sentBody()).toMatchObject({ previous_response_id: 'resp_0' });
  });

  it.each([
    ['has no input', { input: undefined }, 'invalid_request', 'input'],
    ['has an unknown role', { input: [{ role: 'wizard', content: 'x' }] }, 'invalid_request', 'input.0.role'],
    ['has a call without its id', { input: [{ type: 'function_call', name: 'f', arguments: '{}' }] }, 'invalid_request', 'input.0.call_id'],
    ['runs in the background', { background: true }, 'unsupported_parameter', 'background'],
  ])('that %s is refused with the name of the field', async (_name, more, code, param) => {
    await expect(client.responses.create({ ...hello, ...more } as typeof hello)).rejects.toMatchObject({ status: 400, code, param });
    expect(upstream.received).toHaveLength(0);
  });

  it('that the provider reports as failed is an error', async () => {
    upstream.behave(
      answerJson(200, { ...response, status: 'failed', error: { code: 'server_error', message: 'GPU on fire' }, output: [] }),
    );
    await expect(client.responses.create(hello)).rejects.toMatchObject({ status: 502, code: 'provider_error' });
  });

  it('under a spent budget is a 402 that the client does not retry', async () => {
    const { key } = await gateway.createKey({ name: 'poor', limits: { budgets: [{ amount_usd: 0.000001, period: 'total' }] } });
    const poor = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key, maxRetries: 3 });
    const begun = performance.now();
    await expect(poor.responses.create(hello)).rejects.toMatchObject({ status: 402, code: 'budget_exceeded' });
    expect(performance.now() - begun).toBeLessThan(1500);
  });
});

describe('a stream', () => {
  it('passes byte for byte, but for the cost inside the final response', async () => {
    const events = numbered([...begin, text('One'), text(' two'), ...finish]);
    upstream.behave(answerEvents(events));
    const received = await (
      await fetch(`${gateway.url}/v1/responses`, {
        method: 'POST',
        headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ ...hello, stream: true }),
      })
    ).text();
    const priced = events.map((event) =>
      event.type === 'response.completed' ? { ...event, response: { ...response, cost_usd: 0.000164 } } : event,
    );
    expect(received).toBe(priced.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''));
  });

  it('is put together by the official client', async () => {
    upstream.behave(answerEvents(numbered([...begin, text('One'), text(' two'), ...finish]), { pauseMs: 10 }));
    const running = client.responses.stream(hello);
    const types: string[] = [];
    for await (const event of running) types.push(event.type);
    expect((await running.finalResponse()).output_text).toBe('One two');
    expect(types).toEqual([...begin, text(''), text(''), ...finish].map(({ type }) => type));
    expect(sentBody()).toEqual({ model: 'gpt-5.2', input: 'Hello', stream: true });
  });

  it.each([
    [
      'dies',
      async (http: ServerResponse) => {
        await pause(30);
        http.destroy();
      },
      'provider_error',
    ],
    ['ends cleanly but too early', (http: ServerResponse) => void http.end(), 'provider_error'],
    ['stalls', () => {}, 'provider_timeout'],
    ['sends what is no JSON', (http: ServerResponse) => void http.end('event: response.completed\ndata: {"typ\n\n'), 'provider_error'],
    [
      'reports an error inside',
      (http: ServerResponse) =>
        void http.end('event: error\ndata: {"type":"error","sequence_number":6,"error":{"code":"server_error","message":"on fire"}}\n\n'),
      'provider_error',
    ],
    [
      'fails the response',
      (http: ServerResponse) =>
        void http.end(
          `event: response.failed\ndata: ${JSON.stringify({ type: 'response.failed', response: { ...base, status: 'failed', error: { code: 'server_error', message: 'on fire' } } })}\n\n`,
        ),
      'provider_error',
    ],
  ])('of a provider that %s ends in an error that the client raises', async (_name, accident, code) => {
    upstream.behave(async (_request, http) => {
      http.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const event of numbered([...begin, text('Half an')])) http.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
      await accident(http);
    });
    let seen = '';
    const reading = (async () => {
      for await (const event of await client.responses.create({ ...hello, stream: true }))
        if (event.type === 'response.output_text.delta') seen += event.delta;
    })();
    await expect(reading).rejects.toMatchObject({ code });
    expect(seen).toBe('Half an');
  });

  it('that fails ends in response.failed too, under the id and the number that follow, for clients that wait for it', async () => {
    upstream.behave(answerEvents(numbered([...begin, text('Half an')])));
    const http = await fetch(`${gateway.url}/v1/responses`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ ...hello, stream: true }),
    });
    const last = (await http.text()).trim().split('\n\n').slice(-2);
    expect(last.map((event) => event.split('\n')[0])).toEqual(['event: error', 'event: response.failed']);
    const [error, failed] = last.map((event) => JSON.parse(event.split('\n')[1]?.slice(6) ?? ''));
    expect(error).toMatchObject({ type: 'error', code: 'provider_error', sequence_number: 5 });
    expect(failed).toMatchObject({ sequence_number: 6, response: { id: 'resp_1', status: 'failed', error: { code: 'provider_error' } } });
  });

  it('ends as incomplete where the budget affords no more, with every open item closed in order', async () => {
    const { key } = await gateway.createKey({ name: 'small', limits: { budgets: [{ amount_usd: 0.05, period: 'total' }] } });
    const words = 'x'.repeat(1000);
    upstream.behave(answerEvents(numbered([...begin, ...Array.from({ length: 40 }, () => text(words)), ...finish]), { pauseMs: 5 }));
    const small = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key, maxRetries: 0 });
    // A model that does not reason: what reasons unseen is held whole, and never ended in the middle.
    const running = small.responses.stream({ ...hello, model: 'openai/gpt-4.1', max_output_tokens: 60_000 });
    const events: { type: string; sequence_number: number }[] = [];
    for await (const event of running) events.push(event);
    const final = await running.finalResponse();
    expect(final).toMatchObject({ id: 'resp_1', status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } });
    expect(final.output_text.length).toBeGreaterThan(2000);
    expect(final.usage?.output_tokens).toBe(final.output_text.length);
    expect(events.slice(-4).map(({ type }) => type)).toEqual([
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.incomplete',
    ]);
    expect(events.map(({ sequence_number: number }) => number)).toEqual(events.map((_, index) => index));
  });

  const recording = '../shared/recordings/openai-responses/openai-custom-tool.1.chunks.txt';
  it.skipIf(!existsSync(recording))('recorded from OpenAI, with a custom tool, is read by the official client', async () => {
    const events = readFileSync(recording, 'utf8')
      .trim()
      .split('\n')
      .map((line): { type: string } => JSON.parse(line));
    upstream.behave(answerEvents(events));
    const { key, id } = await gateway.createKey({ name: 'recorded' });
    const final = await new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key }).responses.stream(hello).finalResponse();
    expect(final.output).toMatchObject([{ type: 'custom_tool_call', name: 'write_sql', input: 'SELECT * FROM users WHERE age > 25' }]);
    const line = await gateway.logged((entry) => entry.message === 'call' && entry.key === id);
    expect(line).toMatchObject({ finish_reason: 'tool_calls', tools: ['write_sql'], usage: { inputTokens: 50, outputTokens: 20 } });
  });
});
