import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { takesPrefill } from '../../shared/providers/prefill.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { answerJson, pause, startUpstream, type TestUpstream, type UpstreamBehaviour } from '../support/upstream.ts';

/** Breaks off in the middle; `second` carries on. */
let first: TestUpstream;
let second: TestUpstream;
let gateway: TestGateway;

/** Streams events, each under its type where that is the dialect's habit, and then ends or breaks the connection. */
function streams(events: readonly object[], end: 'whole' | 'broken'): UpstreamBehaviour {
  return async (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const event of events) {
      const type = 'type' in event ? `event: ${String(event.type)}\n` : '';
      response.write(`${type}data: ${JSON.stringify(event)}\n\n`);
    }
    await pause(30);
    if (end === 'whole') response.end();
    else response.destroy();
  };
}

const started = (id: string, input: number) => ({
  type: 'message_start',
  message: {
    id,
    type: 'message',
    role: 'assistant',
    model: 'claude',
    content: [],
    stop_reason: null,
    usage: { input_tokens: input, output_tokens: 1 },
  },
});
const blockStarted = { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } };
const wrote = (text: string) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } });
const stopped = (index: number) => ({ type: 'content_block_stop', index });
const ended = (output: number, reason = 'end_turn') => [
  { type: 'message_delta', delta: { stop_reason: reason, stop_sequence: null }, usage: { output_tokens: output } },
  { type: 'message_stop' },
];
const halfMessage = [started('msg_one', 10), blockStarted, wrote('The quick '), wrote('brown ')];
const restOfMessage = [started('msg_two', 14), blockStarted, wrote(' fox '), wrote('jumps.'), stopped(0), ...ended(4)];

beforeAll(async () => {
  first = await startUpstream();
  second = await startUpstream();
  const at = (upstream: TestUpstream, more: object) => ({
    base_url: upstream.url,
    api_key: 'env:KEY',
    allow_private_address: true,
    stops_billing_on_abort: true,
    ...more,
  });
  gateway = await startGateway({
    environment: { KEY: 'a-key', AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' },
    config: {
      defaults: { retries: 0 },
      providers: {
        up: at(first, { type: 'anthropic' }),
        next: at(second, { type: 'anthropic' }),
        compatible: at(first, { type: 'openai-compatible' }),
        other: at(second, { type: 'openai-compatible' }),
        openai: at(first, {}),
        bedrock: { base_url: second.url.replace(/\/v1$/, ''), allow_private_address: true },
        gem: at(first, { type: 'google' }),
        gem2: at(second, { type: 'google', continues_by: 'assistant_message' }),
      },
      prices: {
        'next/*': { input: 3, output: 6 },
        'other/*': { input: 3, output: 6 },
        'gem2/*': { input: 3, output: 6 },
        '*': { input: 1, output: 2 },
      },
      models: {
        story: { targets: ['up/claude-sonnet-4-5', 'next/claude-sonnet-4-5'], resume: true },
        tool: { targets: ['up/claude-haiku-4-5', 'next/claude-haiku-4-5'], resume: true },
        cloud: { targets: ['up/claude-opus-4-5', 'bedrock/us.anthropic.claude-opus-4-5-20251101-v1:0'], resume: true },
        newer: { targets: ['up/claude-opus-4-6', 'next/claude-opus-4-6'], resume: true },
        chat: { targets: ['compatible/chat', 'next/claude-opus-4-1'], resume: true },
        text: { targets: ['compatible/text', 'other/text'], resume: true },
        reply: { targets: ['openai/gpt-4o', 'next/claude-3-5-haiku'], resume: true },
        turn: { targets: ['gem/gemini-2.0-flash', 'gem2/gemini-2.0-flash'], resume: true },
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
  first.behave(streams(halfMessage, 'broken'));
  second.behave(streams(restOfMessage, 'whole'));
});

function askedOfSecond() {
  return JSON.parse(second.received[0]?.body ?? '{}');
}

async function receipt(requestId: string | null): Promise<Record<string, unknown>> {
  return await gateway.logged((line) => line.message === 'call' && line.request_id === requestId);
}

describe('Messages that break off on a route with resume', () => {
  async function tell(model: string, more: Partial<Anthropic.MessageCreateParamsStreaming> = {}) {
    const client = new Anthropic({ baseURL: gateway.url, apiKey: gateway.key, maxRetries: 0 });
    const { data, response } = await client.messages
      .create({ model, max_tokens: 500, messages: [{ role: 'user', content: 'Tell me.' }], stream: true, ...more })
      .withResponse();
    const events: Anthropic.RawMessageStreamEvent[] = [];
    let error: unknown;
    try {
      for await (const event of data) events.push(event);
    } catch (thrown) {
      error = thrown;
    }
    const text = events
      .flatMap((event) => (event.type === 'content_block_delta' && 'text' in event.delta ? event.delta.text : []))
      .join('');
    return { text, events, error, requestId: response.headers.get('x-sluice-request-id') };
  }

  it('go on from the next target as one message, without the space that a beginning may not end in', async () => {
    const { text, events, error, requestId } = await tell('story');
    expect(error).toBeUndefined();
    expect(text).toBe('The quick brown fox jumps.');
    expect(askedOfSecond().messages).toEqual([
      { role: 'user', content: 'Tell me.' },
      { role: 'assistant', content: 'The quick brown' },
    ]);
    expect(events.map(({ type }) => type)).toEqual([
      'message_start',
      'content_block_start',
      ...Array.from({ length: 4 }, () => 'content_block_delta'),
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
    const last = events.find((event) => event.type === 'message_delta');
    // Sixteen bytes that nobody had counted, at most a token each, and four tokens.
    expect(last).toMatchObject({
      usage: { input_tokens: 24, output_tokens: 20 },
      cost_usd: (10 * 1_000 + 16 * 2_000 + 14 * 3_000 + 4 * 6_000) / 1e9,
    });
    expect(await receipt(requestId)).toMatchObject({
      resumed: { from: 'up/claude-sonnet-4-5', at_output_bytes: 16 },
      served_by: 'next/claude-sonnet-4-5',
      estimated: true,
      attempts: [
        { outcome: 'connection', estimated: true, cost_nano_usd: 10 * 1_000 + 16 * 2_000 },
        { outcome: 'answered', cost_nano_usd: 14 * 3_000 + 4 * 6_000 },
      ],
    });
  });

  it('put what is no text behind the text that had begun', async () => {
    const call = { type: 'content_block_start', index: 0, content_block: { type: 'tool_use', id: 'toolu_1', name: 'look_up', input: {} } };
    const input = { type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: '{}' } };
    second.behave(streams([started('msg_two', 14), call, input, stopped(0), ...ended(4, 'tool_use')], 'whole'));
    const { events, error } = await tell('tool', { tools: [{ name: 'look_up', input_schema: { type: 'object' } }] });
    expect(error).toBeUndefined();
    const shown = events.flatMap((event) => ('index' in event ? [`${event.type} ${event.index}`] : []));
    expect(shown).toEqual([
      'content_block_start 0',
      'content_block_delta 0',
      'content_block_delta 0',
      'content_block_stop 0',
      'content_block_start 1',
      'content_block_delta 1',
      'content_block_stop 1',
    ]);
  });

  it('are carried on by Claude at Bedrock, in its own words', async () => {
    second.behave(answerJson(500, { message: 'down' }));
    const { error } = await tell('cloud');
    expect(error).toBeInstanceOf(Anthropic.APIError);
    expect(second.received[0]?.path).toBe('/anthropic/v1/messages');
    expect(askedOfSecond().messages.at(-1)).toEqual({ role: 'assistant', content: 'The quick brown' });
  });

  it.each([
    ['at a model that refuses a beginning', 'newer', {}],
    ['where thinking was asked for', 'story', { thinking: { type: 'enabled', budget_tokens: 1_024 }, max_tokens: 2_000 }],
    [
      'where the caller has begun the answer himself',
      'story',
      {
        messages: [
          { role: 'user', content: 'Tell me.' },
          { role: 'assistant', content: 'Well,' },
        ],
      },
    ],
  ] as const satisfies readonly (readonly [string, string, object])[])('end in an error event %s', async (_when, model, more) => {
    const { text, error } = await tell(model, more as Partial<Anthropic.MessageCreateParamsStreaming>);
    expect(text).toBe('The quick brown ');
    expect(error).toBeInstanceOf(Anthropic.APIError);
    expect(second.received).toHaveLength(0);
  });
});

describe('Chat Completions that break off', () => {
  it('are carried on by a Claude that takes a beginning, by way of Messages', async () => {
    const chunk = (content: string) => ({
      id: 'one',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'm',
      choices: [{ index: 0, delta: { content }, finish_reason: null }],
    });
    first.behave(streams([chunk('The quick '), chunk('brown ')], 'broken'));
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key, maxRetries: 0 });
    let text = '';
    const stream = await client.chat.completions.create({
      model: 'chat',
      max_tokens: 500,
      messages: [{ role: 'user', content: 'Tell me.' }],
      stream: true,
    });
    for await (const { choices, id } of stream) {
      expect(id).toBe('one');
      text += choices[0]?.delta.content ?? '';
    }
    expect(text).toBe('The quick brown fox jumps.');
    expect(askedOfSecond().messages.at(-1)).toEqual({ role: 'assistant', content: [{ type: 'text', text: 'The quick brown' }] });
  });
});

describe('Completions that break off', () => {
  const chunk = (id: string, text: string, more: object = {}) => ({
    id,
    object: 'text_completion',
    created: 1,
    model: `model-${id}`,
    choices: [{ index: 0, text, logprobs: null, finish_reason: null, ...more }],
  });
  const usage = { prompt_tokens: 14, completion_tokens: 4, total_tokens: 18 };

  it.each([
    ['any provider carries on with the text', 'Once upon', {}, 'Once upon a time there was.'],
    ['nobody does where what comes after the gap is fixed', 'Once upon', { suffix: ' The end.' }, undefined],
  ])('%s', async (_what, prompt, more, whole) => {
    first.behave(streams([chunk('one', ' a time'), chunk('one', ' there')], 'broken'));
    second.behave(streams([chunk('two', ' was.', { finish_reason: 'stop' }), { ...chunk('two', ''), choices: [], usage }], 'whole'));
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key, maxRetries: 0 });
    const stream = await client.completions.create({
      model: 'text',
      prompt,
      max_tokens: 100,
      stream: true,
      stream_options: { include_usage: true },
      ...more,
    });
    let text = prompt;
    let error: unknown;
    try {
      for await (const event of stream) {
        expect(event).toMatchObject({ id: 'one', model: 'model-one' });
        text += event.choices[0]?.text ?? '';
        if (event.usage) expect(event.usage.completion_tokens).toBe(4 + ' a time there'.length);
      }
    } catch (thrown) {
      error = thrown;
    }
    if (whole === undefined) expect(error).toBeInstanceOf(OpenAI.APIError);
    else {
      expect(text).toBe(whole);
      expect(askedOfSecond()).toMatchObject({ prompt: 'Once upon a time there' });
    }
  });
});

describe('Responses that break off', () => {
  const item = { id: 'msg_1', type: 'message', role: 'assistant', status: 'in_progress', content: [] };
  const response = { id: 'resp_one', object: 'response', created_at: 7, model: 'gpt-4o', status: 'in_progress', output: [] };
  const here = { item_id: 'msg_1', output_index: 0, content_index: 0 };
  const half = [
    { type: 'response.created', sequence_number: 0, response },
    { type: 'response.output_item.added', sequence_number: 1, output_index: 0, item },
    { type: 'response.content_part.added', sequence_number: 2, ...here, part: { type: 'output_text', text: '', annotations: [] } },
    { type: 'response.output_text.delta', sequence_number: 3, ...here, delta: 'The quick ' },
    { type: 'keepalive', sequence_number: 4 },
    { type: 'response.output_text.delta', sequence_number: 5, ...here, delta: 'brown ' },
  ];

  it('go on as one response of one message, its events numbered on', async () => {
    first.behave(streams(half, 'broken'));
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key, maxRetries: 0 });
    const events: OpenAI.Responses.ResponseStreamEvent[] = [];
    const stream = await client.responses.create({ model: 'reply', input: 'Tell me.', max_output_tokens: 500, stream: true });
    for await (const event of stream) events.push(event);
    expect(events.map(({ sequence_number: number }) => number)).toEqual(events.map((_, index) => index));
    expect(events.slice(6).map(({ type }) => type)).toEqual([
      'response.output_text.delta',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
    const ids = new Set(events.flatMap((event) => ('item_id' in event ? [event.item_id] : [])));
    expect(ids).toEqual(new Set(['msg_1']));
    const last = events.at(-1);
    if (last?.type !== 'response.completed') throw new Error('it did not complete');
    expect(last.response).toMatchObject({
      id: 'resp_one',
      model: 'gpt-4o',
      status: 'completed',
      output: [{ id: 'msg_1', content: [{ type: 'output_text', text: 'The quick brown fox jumps.' }] }],
    });
    expect(last.response.usage?.output_tokens).toBe(16 + 4);
    expect(askedOfSecond().messages.at(-1)).toEqual({ role: 'assistant', content: [{ type: 'text', text: 'The quick brown' }] });
  });
});

describe('Gemini answers that break off', () => {
  const chunk = (id: string, text: string, more: object = {}, usage: object = {}) => ({
    candidates: [{ index: 0, content: { role: 'model', parts: [{ text }] }, ...more }],
    modelVersion: `version-${id}`,
    responseId: id,
    ...usage,
  });

  it('go on where the operator says that a last turn of the model is carried on', async () => {
    const usageMetadata = { promptTokenCount: 14, candidatesTokenCount: 4, totalTokenCount: 18 };
    first.behave(streams([chunk('one', 'The quick '), chunk('one', 'brown ')], 'broken'));
    second.behave(streams([chunk('two', 'fox '), chunk('two', 'jumps.', { finishReason: 'STOP' }, { usageMetadata })], 'whole'));
    const client = new GoogleGenAI({ apiKey: gateway.key, httpOptions: { baseUrl: gateway.url } });
    const stream = await client.models.generateContentStream({ model: 'turn', contents: 'Tell me.', config: { maxOutputTokens: 500 } });
    let text = '';
    let last: unknown;
    for await (const piece of stream) {
      expect(piece).toMatchObject({ responseId: 'one', modelVersion: 'version-one' });
      text += piece.text ?? '';
      last = piece.usageMetadata;
    }
    expect(text).toBe('The quick brown fox jumps.');
    expect(last).toMatchObject({ candidatesTokenCount: 16 + 4 });
    expect(askedOfSecond().contents).toEqual([
      { role: 'user', parts: [{ text: 'Tell me.' }] },
      { role: 'model', parts: [{ text: 'The quick brown ' }] },
    ]);
  });
});

describe('a beginning', () => {
  it.each([
    ['claude-3-5-haiku-20241022', true],
    ['claude-3-opus-latest', true],
    ['claude-2.1', true],
    ['claude-opus-4-20250514', true],
    ['claude-sonnet-4-5-20250929', true],
    ['us.anthropic.claude-haiku-4-5-20251001-v1:0', true],
    ['claude-opus-4-6', false],
    ['claude-sonnet-4-6', false],
    ['claude-opus-4-10', false],
    ['claude-opus-5', false],
    ['claude-sonnet-latest', false],
  ])('is taken by %s: %s', (model, takes) => {
    expect(takesPrefill('anthropic', model)).toBe(takes);
  });

  it('is taken on no other provider’s word', () => {
    expect(takesPrefill('openrouter', 'anthropic/claude-sonnet-4-5')).toBe(false);
  });
});
