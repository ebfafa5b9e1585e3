import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answerEvents } from '../support/event-upstream.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { answerJson, answerStream, startUpstream, type TestUpstream } from '../support/upstream.ts';

let upstream: TestUpstream;
let gateway: TestGateway;
let client: Anthropic;

beforeAll(async () => {
  upstream = await startUpstream();
  const provider = { base_url: new URL(upstream.url).origin, api_key: 'env:KEY', allow_private_address: true };
  gateway = await startGateway({
    config: {
      providers: {
        google: provider,
        openai: provider,
        anthropic: provider,
        up: { ...provider, type: 'openai-compatible', base_url: upstream.url, models: { m: { context_length: 1000 } } },
      },
      defaults: { retries: 0 },
    },
    environment: { KEY: 'k' },
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

const user = { role: 'user' as const, content: 'Weather in Bern?' };
const weather = {
  name: 'weather',
  description: 'Tells it',
  input_schema: { type: 'object' as const, properties: { city: { type: 'string' } } },
};
const ask = (model: string, more: object = {}) => ({ model, max_tokens: 4000, messages: [user], tools: [weather], ...more });
const sentBody = () => JSON.parse(upstream.received.at(-1)?.body ?? '');
const answerTo = (message: Anthropic.Message, output: string) => [
  user,
  { role: 'assistant' as const, content: message.content },
  {
    role: 'user' as const,
    content: message.content.flatMap((block) =>
      block.type === 'tool_use' ? [{ type: 'tool_result' as const, tool_use_id: block.id, content: output }] : [],
    ),
  },
];

describe('an agent that speaks Messages to a model of OpenAI\u2019s', () => {
  const reasoning = {
    type: 'reasoning',
    id: 'rs_1',
    summary: [{ type: 'summary_text', text: 'Look it up.' }],
    encrypted_content: 'gAAAAsecret',
  };
  const call = { type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'weather', arguments: '{"city":"Bern"}', status: 'completed' };
  const usage = {
    input_tokens: 9,
    input_tokens_details: { cached_tokens: 4 },
    output_tokens: 7,
    output_tokens_details: { reasoning_tokens: 3 },
    total_tokens: 16,
  };
  const response = {
    id: 'resp_1',
    object: 'response',
    created_at: 1,
    model: 'gpt-5.2',
    status: 'completed',
    error: null,
    incomplete_details: null,
    output: [reasoning, call],
    usage,
  };

  it.each([false, true])('gets reasoning and calls, and sends both back without loss (stream: %s)', async (stream) => {
    const item = (type: string, output_index: number, it: object) => ({ type: `response.output_item.${type}`, output_index, item: it });
    upstream.behave(
      stream
        ? answerEvents([
            { type: 'response.created', response: { ...response, status: 'in_progress', output: [] } },
            item('added', 0, { ...reasoning, summary: [], encrypted_content: null }),
            {
              type: 'response.reasoning_summary_part.added',
              item_id: 'rs_1',
              output_index: 0,
              summary_index: 0,
              part: { type: 'summary_text', text: '' },
            },
            { type: 'response.reasoning_summary_text.delta', item_id: 'rs_1', output_index: 0, summary_index: 0, delta: 'Look ' },
            { type: 'response.reasoning_summary_text.delta', item_id: 'rs_1', output_index: 0, summary_index: 0, delta: 'it up.' },
            {
              type: 'response.reasoning_summary_part.done',
              item_id: 'rs_1',
              output_index: 0,
              summary_index: 0,
              part: reasoning.summary[0],
            },
            item('done', 0, reasoning),
            item('added', 1, { ...call, arguments: '', status: 'in_progress' }),
            { type: 'response.function_call_arguments.delta', item_id: 'fc_1', output_index: 1, delta: '{"city":' },
            { type: 'response.function_call_arguments.delta', item_id: 'fc_1', output_index: 1, delta: '"Bern"}' },
            { type: 'response.function_call_arguments.done', item_id: 'fc_1', output_index: 1, arguments: call.arguments },
            item('done', 1, call),
            { type: 'response.completed', response },
          ])
        : answerJson(200, response),
    );
    const request = ask('openai/gpt-5.2', { thinking: { type: 'enabled', budget_tokens: 2048 } });
    const first = stream ? await client.messages.stream(request).finalMessage() : await client.messages.create(request);
    expect(first.content).toEqual([
      { type: 'thinking', thinking: 'Look it up.', signature: expect.stringMatching(/^sluice\.v1\./) },
      { type: 'tool_use', id: 'call_1', name: 'weather', input: { city: 'Bern' } },
    ]);
    expect(first).toMatchObject({ stop_reason: 'tool_use', usage: { input_tokens: 5, cache_read_input_tokens: 4, output_tokens: 7 } });
    expect(first.usage.output_tokens_details).toEqual({ thinking_tokens: 3 });
    expect(sentBody()).toMatchObject({ reasoning: { effort: 'low' }, max_output_tokens: 4000, store: false });

    upstream.behave(answerJson(200, response));
    await client.messages.create({ ...request, messages: answerTo(first, 'Sunny') });
    expect(sentBody().input.slice(1)).toEqual([
      { type: 'reasoning', id: 'rs_1', encrypted_content: 'gAAAAsecret', summary: reasoning.summary },
      { type: 'function_call', call_id: 'call_1', name: 'weather', arguments: '{"city":"Bern"}' },
      { type: 'function_call_output', call_id: 'call_1', output: 'Sunny' },
    ]);
  });

  it('may go on with Claude, who is not shown what only OpenAI can read', async () => {
    upstream.behave(answerJson(200, response));
    const first = await client.messages.create(ask('openai/gpt-5.2'));
    upstream.behave(
      answerJson(200, {
        type: 'message',
        id: 'msg_1',
        role: 'assistant',
        model: 'c',
        content: [],
        stop_reason: 'end_turn',
        usage: { input_tokens: 1, output_tokens: 1 },
      }),
    );
    await client.messages.create(ask('anthropic/claude-opus-5', { messages: answerTo(first, 'Sunny') }));
    expect(sentBody().messages[1]).toEqual({
      role: 'assistant',
      content: [{ type: 'tool_use', id: 'call_1', name: 'weather', input: { city: 'Bern' } }],
    });
  });
});

describe('an agent that speaks Messages to Gemini', () => {
  const parts = [
    { text: 'Look it up.', thought: true },
    { functionCall: { name: 'weather', args: { city: 'Bern' } }, thoughtSignature: 'c2lnbmVk' },
  ];
  const answer = {
    candidates: [{ content: { role: 'model', parts }, finishReason: 'STOP', index: 0 }],
    usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 4, thoughtsTokenCount: 2, totalTokenCount: 11 },
  };

  it.each([false, true])('sends the thought signature of a call back with it (stream: %s)', async (stream) => {
    upstream.behave(stream ? answerStream([JSON.stringify(answer)], { done: false }) : answerJson(200, answer));
    const request = ask('google/gemini-3-pro-preview', { thinking: { type: 'adaptive' } });
    const first = stream ? await client.messages.stream(request).finalMessage() : await client.messages.create(request);
    expect(first.content).toEqual([
      { type: 'thinking', thinking: 'Look it up.', signature: expect.stringMatching(/^sluice\.v1\./) },
      { type: 'tool_use', id: expect.any(String), name: 'weather', input: { city: 'Bern' } },
      { type: 'redacted_thinking', data: expect.stringMatching(/^sluice\.v1\./) },
    ]);
    expect(first.usage.output_tokens).toBe(6);

    upstream.behave(answerJson(200, answer));
    await client.messages.create({ ...request, messages: answerTo(first, 'Sunny') });
    const sent = sentBody();
    expect(sent.contents[1].parts.at(-1)).toMatchObject({
      functionCall: { name: 'weather', args: { city: 'Bern' } },
      thoughtSignature: 'c2lnbmVk',
    });
    expect(sent.contents[2].parts[0]).toMatchObject({ functionResponse: { name: 'weather' } });
    expect(sent.generationConfig.thinkingConfig).toMatchObject({ includeThoughts: true });
  });
});

describe('an agent that speaks Messages to an OpenAI-compatible server', () => {
  it('has its whole request understood there', async () => {
    upstream.behave(
      answerJson(200, {
        id: 'c',
        object: 'chat.completion',
        created: 1,
        model: 'm',
        choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'length' }],
        usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
      }),
    );
    const { data, response } = await client.messages
      .create({
        ...ask('up/m'),
        system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
        stop_sequences: ['END'],
        ...{ temperature: 0.5 },
        tool_choice: { type: 'tool', name: 'weather' },
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'See' },
              { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' } },
              { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'Facts' }, title: 'Notes' },
            ],
          },
          { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'weather', input: { city: 'Ulm' } }] },
          {
            role: 'user',
            content: [
              { type: 'tool_result', tool_use_id: 'toolu_1', is_error: true, content: 'No such city' },
              { type: 'text', text: 'Go on' },
            ],
          },
        ],
        ...{ container: 'c_1' },
      })
      .withResponse();
    expect(data).toMatchObject({ type: 'message', role: 'assistant', content: [{ type: 'text', text: 'Hi' }], stop_reason: 'max_tokens' });
    expect(data.id).toMatch(/^msg_\w+$/);
    expect(response.headers.get('x-sluice-dropped')).toBe('container');
    expect(sentBody()).toMatchObject({
      model: 'm',
      max_tokens: 4000,
      temperature: 0.5,
      stop: ['END'],
      tool_choice: { type: 'function', function: { name: 'weather' } },
      messages: [
        { role: 'system', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'See' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
            { type: 'text', text: 'Notes\n\nFacts' },
          ],
        },
        { role: 'assistant', tool_calls: [{ id: 'toolu_1', function: { name: 'weather', arguments: '{"city":"Ulm"}' } }] },
        { role: 'tool', tool_call_id: 'toolu_1', content: 'No such city' },
        { role: 'user' },
      ],
    });
  });

  it.each([
    ['a thread that lies with Anthropic', { thread: { type: 'continue', previous_message_id: 'msg_0' } }, 'thread'],
    ['servers that Anthropic reaches', { mcp_servers: [{ type: 'url', url: 'https://example.com', name: 'x' }] }, 'mcp_servers'],
    [
      'a block nobody else knows',
      { messages: [{ role: 'user', content: [{ type: 'container_upload', file_id: 'f' }] }] },
      'messages.0.content.0',
    ],
  ])('is refused for %s', async (_name, more, param) => {
    const refused = await client.messages.create(ask('up/m', more)).catch((error) => error);
    expect(refused).toMatchObject({ status: 400, errorCode: 'unsupported_parameter', error: { error: { param } } });
    expect(upstream.received).toHaveLength(0);
  });

  it('counts tokens by an estimate', async () => {
    const { data, response } = await client.messages.countTokens({ model: 'up/m', messages: [user] }).withResponse();
    expect(data.input_tokens).toBeGreaterThan(4);
    expect(response.headers.get('x-sluice-estimated')).toBe('true');
    expect(upstream.received).toHaveLength(0);
  });

  it('gets calls made at once one after the other, however their pieces came', async () => {
    const piece = (calls: object[], finish: string | null = null) =>
      JSON.stringify({
        id: 'c',
        object: 'chat.completion.chunk',
        created: 1,
        model: 'm',
        choices: [{ index: 0, delta: { tool_calls: calls }, finish_reason: finish }],
      });
    upstream.behave(
      answerStream([
        piece([
          { index: 0, id: 'a', type: 'function', function: { name: 'weather', arguments: '' } },
          { index: 1, id: 'b', type: 'function', function: { name: 'weather', arguments: '' } },
        ]),
        piece([{ index: 1, function: { arguments: '{"city":' } }]),
        piece([{ index: 0, function: { arguments: '{"city":"Ulm"}' } }]),
        piece([{ index: 1, function: { arguments: '"Bern"}' } }]),
        piece([], 'tool_calls'),
      ]),
    );
    const final = await client.messages.stream(ask('up/m')).finalMessage();
    expect(final.content).toEqual([
      { type: 'tool_use', id: 'a', name: 'weather', input: { city: 'Ulm' } },
      { type: 'tool_use', id: 'b', name: 'weather', input: { city: 'Bern' } },
    ]);
    expect(final.stop_reason).toBe('tool_use');
  });
});

describe('the built-in provider', () => {
  it('rehearses text, reasoning, tools, refusals and broken streams in Messages', async () => {
    expect((await client.messages.create({ model: 'echo/ok', max_tokens: 100, messages: [user] })).content).toMatchObject([
      { type: 'text', text: 'Weather in Bern?' },
    ]);
    const thought = await client.messages.stream({ model: 'echo/reasoning', max_tokens: 100, messages: [user] }).finalMessage();
    expect(thought.content).toMatchObject([{ type: 'thinking', thinking: 'Let me think about that.' }, { type: 'text' }]);
    const called = await client.messages.stream(ask('echo/tool-call')).finalMessage();
    expect(called).toMatchObject({ stop_reason: 'tool_use', content: [{ type: 'tool_use', name: 'weather' }] });
    await expect(client.messages.create(ask('echo/rate-limited'))).rejects.toMatchObject({ status: 429, type: 'rate_limit_error' });
    for (const model of ['echo/cut-mid-stream', 'echo/error-mid-stream', 'echo/malformed-mid-stream'])
      await expect(client.messages.stream({ model, max_tokens: 100, messages: [user] }).finalMessage()).rejects.toMatchObject({
        errorCode: 'provider_error',
      });
  });
});
