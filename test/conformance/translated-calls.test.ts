import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { answerJson, startUpstream, type TestUpstream, type UpstreamBehaviour } from '../support/upstream.ts';
import { plainAnswer } from './plain-answers.ts';

const sonnet = 'anthropic/claude-sonnet-4-5';
const opening = [
  '{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"usage":{"input_tokens":3,"output_tokens":1,"cache_creation_input_tokens":8,"cache_read_input_tokens":4,"cache_creation":{"ephemeral_5m_input_tokens":2,"ephemeral_1h_input_tokens":6}}}}',
  '{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}',
  '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hel"}}',
];
const closing = [
  '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"lo"}}',
  '{"type":"content_block_stop","index":0}',
  '{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":5}}',
  '{"type":"message_stop"}',
];

let upstream: TestUpstream;
let gateway: TestGateway;
let client: OpenAI;

beforeAll(async () => {
  upstream = await startUpstream();
  const { origin } = new URL(upstream.url);
  const provider = { base_url: origin, api_key: 'env:KEY', allow_private_address: true };
  gateway = await startGateway({
    config: {
      providers: {
        anthropic: provider,
        // Each kind of trouble has a provider of its own: one in trouble is left alone for a while.
        ...Object.fromEntries(
          ['cut', 'silent', 'overloaded', 'refusing', 'limited'].map((name) => [name, { ...provider, type: 'anthropic' }]),
        ),
        google: { ...provider, base_url: `${origin}/v1beta` },
        bedrock: { base_url: origin, allow_private_address: true, options: { region: 'eu-west-1' } },
      },
      models: {
        patient: { targets: [{ model: 'silent/claude-sonnet-4-5', retries: 0, timeouts: { idle_ms: 200 } }] },
      },
      defaults: { retries: 0 },
    },
    environment: { KEY: 'k', AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret', AWS_SESSION_TOKEN: 'session' },
  });
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key, maxRetries: 0 });
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});

const messages = [{ role: 'user' as const, content: 'Hello.' }];

function events(lines: readonly string[], end: 'end' | 'break' | 'hang' = 'end'): UpstreamBehaviour {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const line of lines) response.write(`event: ${JSON.parse(line).type}\ndata: ${line}\n\n`);
    if (end === 'end') response.end();
    if (end === 'break') setTimeout(() => response.destroy(), 50);
  };
}

async function streamed(model: string): Promise<string> {
  const response = await raw({ model, messages, stream: true, stream_options: { include_usage: true } });
  return await response.text();
}

async function raw(body: object, headers: Record<string, string> = {}): Promise<Response> {
  return await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

describe('a translated stream', () => {
  it('comes in the order and framing of the OpenAI API', async () => {
    upstream.behave(events([...opening, ...closing]));
    const data = (await streamed(sonnet)).split('\n\n').filter((text) => text.startsWith('data: '));
    expect(data.at(-1)).toBe('data: [DONE]');
    const chunks = data.slice(0, -1).map((text) => JSON.parse(text.slice(6)));
    expect(chunks.map(({ choices }) => choices[0]?.delta)).toEqual([
      { role: 'assistant', content: '', refusal: null },
      { content: 'Hel' },
      { content: 'lo' },
      {},
      undefined,
    ]);
    expect(chunks.map(({ choices }) => choices[0]?.finish_reason)).toEqual([null, null, null, 'stop', undefined]);
    expect(new Set(chunks.map(({ id, object, model }) => `${id} ${object} ${model}`)).size).toBe(1);
    expect(chunks[0]).toMatchObject({
      id: expect.stringMatching(/^chatcmpl-[0-9a-f]{32}$/),
      object: 'chat.completion.chunk',
      model: sonnet,
    });
  });

  it('tells usage with what was read from and written to the cache, and its cost', async () => {
    upstream.behave(events([...opening, ...closing]));
    const text = await streamed(sonnet);
    const last = JSON.parse(text.split('\n\n').at(-3)?.slice(6) ?? '');
    expect(last.usage).toMatchObject({
      prompt_tokens: 15,
      completion_tokens: 5,
      prompt_tokens_details: { cached_tokens: 4, cache_write_tokens: 8, cache_write_1h_tokens: 6 },
    });
    // Claude Sonnet 4.5, USD per million: 3 in, 0.3 read, 3.75 and 6 written for 5 minutes and an hour, 15 out.
    expect(last.cost_usd).toBeCloseTo((3 * 3 + 4 * 0.3 + 2 * 3.75 + 6 * 6 + 5 * 15) / 1e6, 12);
  });

  it('keeps usage from those who did not ask', async () => {
    upstream.behave(events([...opening, ...closing]));
    const text = await (await raw({ model: sonnet, messages, stream: true })).text();
    expect(text).not.toContain('usage');
    expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true);
  });

  it.each([
    ['breaks off', 'break', 'cut'],
    ['ends without its last events', 'end', 'cut'],
  ] as const)('that %s ends in an error event and without [DONE]', async (_name, end, provider) => {
    upstream.behave(events(opening, end));
    const text = await streamed(`${provider}/claude-sonnet-4-5`);
    expect(text).toContain('"content":"Hel"');
    expect(text).toContain('"code":"provider_error"');
    expect(text).not.toContain('[DONE]');
    expect(text).not.toContain('"finish_reason":"');
  });

  it('that falls silent ends in a timeout', async () => {
    upstream.behave(events(opening, 'hang'));
    const text = await streamed('patient');
    expect(text).toContain('"code":"provider_timeout"');
    expect(text).not.toContain('[DONE]');
  });

  it('hands on an error that the provider reports in the middle', async () => {
    upstream.behave(events([...opening, '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}']));
    const text = await streamed('overloaded/claude-sonnet-4-5');
    expect(text).toContain('Overloaded');
    expect(text).not.toContain('[DONE]');
  });

  it('is let go at the provider when the caller leaves', async () => {
    upstream.behave(events(opening, 'hang'));
    const stream = await client.chat.completions.create({ model: sonnet, messages, stream: true });
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content === 'Hel') break;
    stream.controller.abort();
    await upstream.received.at(-1)?.aborted;
  });
});

describe('a refusal', () => {
  it('keeps status, message and Retry-After of the provider', async () => {
    upstream.behave(answerJson(429, { type: 'error', error: { type: 'rate_limit_error', message: 'Slow down.' } }, { 'retry-after': '7' }));
    const response = await raw({ model: 'limited/claude-sonnet-4-5', messages });
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBe('7');
    expect(await response.json()).toMatchObject({ error: { code: 'rate_limit_exceeded', message: expect.stringContaining('Slow down.') } });
  });

  it("of the gateway's key says nothing of the key, after a second look for a fresh one", async () => {
    const before = upstream.received.length;
    upstream.behave(answerJson(401, { type: 'error', error: { type: 'authentication_error', message: 'invalid x-api-key: k' } }));
    const response = await raw({ model: 'refusing/claude-sonnet-4-5', messages });
    expect(response.status).toBe(502);
    expect(await response.text()).not.toContain('invalid x-api-key');
    expect(upstream.received.length - before).toBe(2);
  });
});

describe('what a provider cannot honour', () => {
  it('is dropped and named', async () => {
    upstream.behave(plainAnswer);
    const response = await raw({ model: sonnet, messages, seed: 7, logit_bias: { '1': 2 }, temperature: 0.5 });
    expect(response.status).toBe(200);
    expect(response.headers.get('x-sluice-dropped')?.split(', ').sort()).toEqual(['logit_bias', 'seed']);
  });

  it('is named on a stream as well', async () => {
    upstream.behave(events([...opening, ...closing]));
    const response = await raw({ model: sonnet, messages, seed: 7, stream: true });
    expect(response.headers.get('x-sluice-dropped')).toBe('seed');
    await response.text();
  });

  it('is refused where the call is strict, and nothing is sent', async () => {
    const before = upstream.received.length;
    const response = await raw({ model: sonnet, messages, seed: 7, logprobs: true }, { 'x-sluice-strict': 'true' });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { code: 'unsupported_parameter', param: 'logprobs', message: expect.stringContaining('seed') },
    });
    expect(upstream.received.length).toBe(before);
  });

  it('does not stand in the way of a strict call that loses nothing', async () => {
    upstream.behave(plainAnswer);
    const response = await raw({ model: sonnet, messages, temperature: 0.5 }, { 'x-sluice-strict': 'true' });
    expect(response.status).toBe(200);
    expect(response.headers.get('x-sluice-dropped')).toBeNull();
  });

  it('counts as dropped where thought finds no room under the cap', async () => {
    upstream.behave(plainAnswer);
    const before = upstream.received.length;
    const response = await raw({ model: sonnet, messages, reasoning_effort: 'high', max_tokens: 1000 });
    expect(response.headers.get('x-sluice-dropped')).toBe('reasoning_effort');
    expect(JSON.parse(upstream.received[before]?.body ?? '')).toMatchObject({ max_tokens: 1000 });
  });
});

describe('a call to Bedrock', () => {
  it('is signed with the role of the function for the region of the provider', async () => {
    upstream.behave(plainAnswer);
    const answer = await client.chat.completions.create({ model: 'bedrock/eu.anthropic.claude-sonnet-4-5-20250929-v1:0', messages });
    expect(answer.choices[0]?.message.content).toBe('Hi.');
    const { headers, path } = upstream.received.at(-1) ?? { headers: undefined, path: undefined };
    expect(path).toBe('/model/eu.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse');
    expect(headers?.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-west-1\/bedrock\/aws4_request, SignedHeaders=host;x-amz-date;x-amz-security-token, /,
    );
    expect(headers?.['x-amz-security-token']).toBe('session');
  });

  it.each([
    ['us.anthropic.claude-sonnet-4-5-20250929-v1:0', { top_k: 40 }, null],
    ['eu.amazon.nova-pro-v1:0', { inferenceConfig: { topK: 40 } }, null],
    ['cohere.command-r-plus-v1:0', { k: 40 }, null],
    ['us.meta.llama3-3-70b-instruct-v1:0', undefined, 'top_k'],
  ])('puts top_k where %s takes it, or names it as dropped', async (model, fields, dropped) => {
    upstream.behave(plainAnswer);
    const response = await raw({ model: `bedrock/${model}`, messages, max_tokens: 50, top_k: 40 });
    expect(response.status).toBe(200);
    expect(response.headers.get('x-sluice-dropped')).toBe(dropped);
    const sent = JSON.parse(upstream.received.at(-1)?.body ?? '');
    expect(sent).toMatchObject({ inferenceConfig: { maxTokens: 50 } });
    expect(sent.inferenceConfig).not.toHaveProperty('topK');
    expect(sent.additionalModelRequestFields).toEqual(fields);
  });

  it('is refused before it is sent where the call is strict and the model has no top_k', async () => {
    const before = upstream.received.length;
    const body = { model: 'bedrock/us.meta.llama3-3-70b-instruct-v1:0', messages, top_k: 40 };
    const response = await raw(body, { 'x-sluice-strict': 'true' });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 'unsupported_parameter', param: 'top_k' } });
    expect(upstream.received.length).toBe(before);
  });
});

describe('a conversation', () => {
  it('carries thinking signatures back to the provider as they came', async () => {
    const thinking = { type: 'thinking', thinking: 'A greeting.', signature: 'c2lnbmF0dXJl' };
    const answer = {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'm',
      content: [thinking, { type: 'redacted_thinking', data: 'ZGF0YQ==' }, { type: 'tool_use', id: 'toolu_1', name: 'clock', input: {} }],
      stop_reason: 'tool_use',
      usage: { input_tokens: 3, output_tokens: 2 },
    };
    upstream.behave(answerJson(200, answer));
    const tools: OpenAI.Chat.ChatCompletionTool[] = [
      { type: 'function', function: { name: 'clock', parameters: { type: 'object', properties: {} } } },
    ];
    const first = await client.chat.completions.create({ model: sonnet, messages, tools, reasoning_effort: 'low' });
    const said = first.choices[0]?.message;
    if (said === undefined) throw new Error('no answer');
    await client.chat.completions.create({
      model: sonnet,
      messages: [...messages, said, { role: 'tool', tool_call_id: 'toolu_1', content: 'Noon.' }],
      tools,
      reasoning_effort: 'low',
    });
    const sent = JSON.parse(upstream.received.at(-1)?.body ?? '');
    expect(sent.messages[1].content).toEqual(answer.content);
  });

  it('carries thought signatures of Gemini back with the tool call they belong to', async () => {
    const call = { functionCall: { name: 'clock', args: {} }, thoughtSignature: 'c2lnbmF0dXJl' };
    upstream.behave(
      answerJson(200, {
        candidates: [{ content: { role: 'model', parts: [call] }, finishReason: 'STOP', index: 0 }],
        usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 2, totalTokenCount: 5 },
      }),
    );
    const model = 'google/gemini-3-pro-preview';
    const first = await client.chat.completions.create({ model, messages });
    const said = first.choices[0]?.message;
    expect(said?.tool_calls?.[0]).toMatchObject({ extra_content: { google: { thought_signature: 'c2lnbmF0dXJl' } } });
    if (said === undefined) throw new Error('no answer');
    const id = said.tool_calls?.[0]?.id ?? '';
    await client.chat.completions.create({ model, messages: [...messages, said, { role: 'tool', tool_call_id: id, content: 'Noon.' }] });
    const sent = JSON.parse(upstream.received.at(-1)?.body ?? '');
    expect(sent.contents[1].parts[0]).toMatchObject({ functionCall: { name: 'clock' }, thoughtSignature: 'c2lnbmF0dXJl' });
  });
});
