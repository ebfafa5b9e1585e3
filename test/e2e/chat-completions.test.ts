import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { answerJson, answerStream, configFor, pause, startUpstream, type TestUpstream } from '../support/upstream.ts';

const completion = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'm-2026',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'Hi there', refusal: null },
      logprobs: { content: [{ token: 'Hi', logprob: -0.1 }] },
      finish_reason: 'stop',
    },
  ],
  usage: { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15, prompt_tokens_details: { cached_tokens: 2 } },
  vendor_extension: { kept: true },
};
const chunk = (delta: object, finish: string | null = null) =>
  JSON.stringify({
    id: 'c',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm-2026',
    choices: [{ index: 0, delta, finish_reason: finish }],
  });
const usageChunk = JSON.stringify({
  id: 'c',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm-2026',
  choices: [],
  usage: completion.usage,
});
const streamOf = (...texts: string[]) => [
  chunk({ role: 'assistant', content: '' }),
  ...texts.map((content) => chunk({ content })),
  chunk({}, 'stop'),
  usageChunk,
];

let upstream: TestUpstream;
let gateway: TestGateway;
let client: OpenAI;

beforeAll(async () => {
  upstream = await startUpstream();
  gateway = await startGateway({
    config: configFor(upstream, {
      defaults: { retries: 0, timeouts: { first_byte_ms: 2000, idle_ms: 400 } },
      streaming: { keep_alive_ms: 150, commit_after_ms: 300 },
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
});

const hello = { model: 'up/m', messages: [{ role: 'user' as const, content: 'Hello' }] };

describe('a whole answer', () => {
  it('comes back byte for byte, with the cost in a header', async () => {
    upstream.behave(answerJson(200, completion));
    const { data, response } = await client.chat.completions.create(hello).withResponse();
    expect(data).toMatchObject(completion);
    // 10 fresh tokens at 1 µUSD, 2 cached at 0.1, 3 out at 2.
    expect(response.headers.get('x-sluice-cost-usd')).toBe('0.0000162');
    expect(response.headers.get('x-sluice-provider')).toBe('up');
    expect(response.headers.get('x-sluice-model')).toBe('up/m');
    expect(response.headers.get('x-sluice-attempts')).toBe('1');
    expect(response.headers.get('x-sluice-request-id')).toMatch(/^req_[0-9a-z]{16}$/);
    expect(response.headers.get('server-timing')).toMatch(/upstream;dur=/);
  });

  it('reaches the provider with its own key and model and every unknown field', async () => {
    upstream.behave(answerJson(200, completion));
    await client.chat.completions.create({ ...hello, seed: 7, ...{ vendor_knob: { deep: [1, null] } } });
    const [sent] = upstream.received;
    expect(sent?.path).toBe('/v1/chat/completions');
    expect(sent?.headers.authorization).toBe('Bearer provider-secret');
    expect(JSON.parse(sent?.body ?? '')).toEqual({ ...hello, model: 'm', seed: 7, vendor_knob: { deep: [1, null] } });
  });

  it('carries tools there and tool calls back', async () => {
    const toolCalls = [{ id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Ulm"}' } }];
    upstream.behave(
      answerJson(200, {
        ...completion,
        choices: [{ index: 0, message: { role: 'assistant', content: null, tool_calls: toolCalls }, finish_reason: 'tool_calls' }],
      }),
    );
    const tools = [
      {
        type: 'function' as const,
        function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
      },
    ];
    const answer = await client.chat.completions.create({ ...hello, tools, tool_choice: 'auto' });
    expect(answer.choices[0]?.message.tool_calls).toEqual(toolCalls);
    expect(JSON.parse(upstream.received[0]?.body ?? '').tools).toEqual(tools);
  });

  it('carries images there, by URL and inline', async () => {
    upstream.behave(answerJson(200, completion));
    const content = [
      { type: 'text' as const, text: 'What is this?' },
      { type: 'image_url' as const, image_url: { url: 'https://example.com/cat.png' } },
      { type: 'image_url' as const, image_url: { url: 'data:image/png;base64,iVBORw0KGgo=', detail: 'low' as const } },
    ];
    await client.chat.completions.create({ model: 'up/m', messages: [{ role: 'user', content }] });
    expect(JSON.parse(upstream.received[0]?.body ?? '').messages[0].content).toEqual(content);
  });

  it('tells of a provider error in the shape of the API, with the status and a stable code', async () => {
    upstream.behave(answerJson(400, { error: { message: 'temperature is too high', type: 'invalid_request_error', code: null } }));
    await expect(client.chat.completions.create(hello)).rejects.toMatchObject({
      status: 400,
      code: 'invalid_request',
      message: expect.stringContaining('temperature is too high'),
    });
    upstream.behave(answerJson(400, { error: { message: 'too high', type: 'invalid_request_error', param: 'temperature' } }));
    await expect(client.chat.completions.create(hello)).rejects.toMatchObject({ status: 400, param: 'temperature' });
    upstream.behave(answerJson(401, { error: { message: 'Incorrect API key provided: provider-secret' } }));
    const refused = await client.chat.completions.create(hello).catch((error) => error);
    expect(refused).toMatchObject({ status: 502, code: 'provider_error' });
    expect(JSON.stringify(refused.error)).not.toContain('provider-secret');
  });
});

describe('a stream', () => {
  it('hands each chunk on when it arrives', async () => {
    upstream.behave(answerStream(streamOf('One', ' two', ' three'), { pauseMs: 120 }));
    const times: number[] = [];
    let text = '';
    const begun = performance.now();
    for await (const part of await client.chat.completions.create({ ...hello, stream: true })) {
      times.push(performance.now() - begun);
      text += part.choices[0]?.delta.content ?? '';
    }
    expect(text).toBe('One two three');
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(Math.max(...gaps)).toBeLessThan(240);
    expect(Math.min(...gaps.slice(0, 3))).toBeGreaterThan(60);
  });

  it('asks the provider for usage and keeps it back unless the caller asked too', async () => {
    upstream.behave(answerStream(streamOf('Hi')));
    const withheld: unknown[] = [];
    for await (const part of await client.chat.completions.create({ ...hello, stream: true })) if (part.usage) withheld.push(part.usage);
    expect(withheld).toEqual([]);
    expect(JSON.parse(upstream.received[0]?.body ?? '').stream_options).toEqual({ include_usage: true });

    const told: object[] = [];
    for await (const part of await client.chat.completions.create({ ...hello, stream: true, stream_options: { include_usage: true } }))
      if (part.usage) told.push(part);
    expect(told).toMatchObject([{ usage: completion.usage, cost_usd: 0.0000162 }]);
  });

  it('bridges silence with comments and still fails over to an error event', async () => {
    upstream.behave(async (_request, response) => {
      await pause(900);
      response.writeHead(503, { 'content-type': 'application/json' }).end('{"error":{"message":"overloaded"}}');
    });
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ ...hello, stream: true }),
    });
    const text = await response.text();
    expect(response.status).toBe(200);
    expect(text.match(/^: keep-alive$/gm)?.length).toBeGreaterThan(2);
    const last = text.trim().split('\n\n').at(-1) ?? '';
    expect(JSON.parse(last.slice(6))).toMatchObject({ error: { code: 'provider_error', message: 'up/m: overloaded' } });
  });

  it.each([
    [
      'dies',
      async (_: unknown, response: import('node:http').ServerResponse) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(`data: ${chunk({ content: 'Half an' })}\n\n`);
        await pause(30);
        response.destroy();
      },
      'provider_error',
    ],
    [
      'ends cleanly but too early',
      (_: unknown, response: import('node:http').ServerResponse) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.end(`data: ${chunk({ content: 'Half an' })}\n\n`);
      },
      'provider_error',
    ],
    [
      'stalls',
      (_: unknown, response: import('node:http').ServerResponse) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(`data: ${chunk({ content: 'Half an' })}\n\n`);
      },
      'provider_timeout',
    ],
    [
      'sends what is no JSON',
      (_: unknown, response: import('node:http').ServerResponse) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.end(`data: ${chunk({ content: 'Half an' })}\n\ndata: {"choices": [{\n\ndata: [DONE]\n\n`);
      },
      'provider_error',
    ],
    [
      'reports an error inside',
      (_: unknown, response: import('node:http').ServerResponse) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.end(`data: ${chunk({ content: 'Half an' })}\n\ndata: {"error":{"message":"GPU on fire","type":"server_error"}}\n\n`);
      },
      'provider_error',
    ],
  ])('of a provider that %s ends in an error event, never in a clean end', async (_name, behaviour, code) => {
    upstream.behave(behaviour);
    let text = '';
    const reading = (async () => {
      for await (const part of await client.chat.completions.create({ ...hello, stream: true }))
        text += part.choices[0]?.delta.content ?? '';
    })();
    await expect(reading).rejects.toMatchObject({ code });
    expect(text).toBe('Half an');
  });

  it('is told to the provider as aborted when the caller leaves', async () => {
    upstream.behave(answerStream(streamOf(...Array.from({ length: 100 }, (_, index) => `${index} `)), { pauseMs: 50 }));
    const stream = await client.chat.completions.create({ ...hello, stream: true });
    for await (const part of stream) if (part.choices[0]?.delta.content) break;
    stream.controller.abort();
    const [sent] = upstream.received;
    await expect(Promise.race([sent?.aborted.then(() => 'aborted'), pause(3000).then(() => 'still open')])).resolves.toBe('aborted');
  });

  it('keeps its memory bounded and loses nothing when the caller reads slowly', async () => {
    const text = 'x'.repeat(10_000);
    const count = 2_000;
    upstream.behave(async (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (let index = 0; index < count; index += 1) {
        if (!response.write(`data: ${chunk({ content: text })}\n\n`)) await new Promise((resolve) => response.once('drain', resolve));
      }
      response.end(`data: ${chunk({}, 'stop')}\n\ndata: [DONE]\n\n`);
    });
    let bytes = 0;
    for await (const part of await client.chat.completions.create({ ...hello, stream: true })) {
      bytes += part.choices[0]?.delta.content?.length ?? 0;
      if (bytes % 2_000_000 === 0) await pause(20);
    }
    expect(bytes).toBe(count * text.length);
  });
});
