import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answerEvents } from '../support/event-upstream.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { answerJson, answerStream, startUpstream, type TestUpstream } from '../support/upstream.ts';

let upstream: TestUpstream;
let gateway: TestGateway;
let client: OpenAI;

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
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key, maxRetries: 0 });
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});
beforeEach(() => {
  upstream.received.length = 0;
});

type Request = OpenAI.Responses.ResponseCreateParamsNonStreaming;
const weather: OpenAI.Responses.Tool = {
  type: 'function',
  name: 'weather',
  description: 'Tells it',
  parameters: { type: 'object', properties: { city: { type: 'string' } } },
  strict: false,
};
const patch: OpenAI.Responses.Tool = {
  type: 'custom',
  name: 'apply_patch',
  description: 'Patches',
  format: { type: 'grammar', syntax: 'lark', definition: 'start: "*** Begin"' },
};
const user = { role: 'user' as const, content: 'Weather in Bern?' };
const ask = (model: string, more: Partial<Request> = {}): Request => ({
  model,
  input: [user],
  tools: [weather, patch],
  store: false,
  include: ['reasoning.encrypted_content'],
  ...more,
});
const sentBody = () => JSON.parse(upstream.received.at(-1)?.body ?? '');

/** As Codex and the Agents SDK do: every item of the output goes back as it came, without what the server alone assigns. */
function answerTo(response: OpenAI.Responses.Response, output: string): OpenAI.Responses.ResponseInputItem[] {
  const items = response.output.map(
    (item): OpenAI.Responses.ResponseInputItem => JSON.parse(JSON.stringify({ ...item, id: undefined, status: undefined })),
  );
  const results = response.output.flatMap((item): OpenAI.Responses.ResponseInputItem[] => {
    if (item.type === 'function_call') return [{ type: 'function_call_output', call_id: item.call_id, output }];
    return item.type === 'custom_tool_call' ? [{ type: 'custom_tool_call_output', call_id: item.call_id, output }] : [];
  });
  return [user, ...items, ...results];
}

describe('an agent that speaks Responses to Claude', () => {
  const content = [
    { type: 'thinking', thinking: 'Look it up.', signature: 'c2lnbmVkIGJ5IENsYXVkZQ==' },
    { type: 'redacted_thinking', data: 'aGlkZGVu' },
    { type: 'text', text: 'One moment.' },
    { type: 'tool_use', id: 'toolu_1', name: 'weather', input: { city: 'Bern' } },
    { type: 'tool_use', id: 'toolu_2', name: 'apply_patch', input: { input: '*** Begin "x"\n' } },
  ];
  const message = {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude-opus-4-5',
    content,
    stop_reason: 'tool_use',
    stop_sequence: null,
    usage: { input_tokens: 5, cache_read_input_tokens: 4, output_tokens: 7 },
  };
  const block = (index: number, start: object, ...deltas: object[]) => [
    { type: 'content_block_start', index, content_block: start },
    ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  ];
  const events = [
    { type: 'message_start', message: { ...message, content: [], stop_reason: null, usage: { ...message.usage, output_tokens: 1 } } },
    ...block(
      0,
      { type: 'thinking', thinking: '', signature: '' },
      { type: 'thinking_delta', thinking: 'Look ' },
      { type: 'thinking_delta', thinking: 'it up.' },
      { type: 'signature_delta', signature: 'c2lnbmVkIGJ5IENsYXVkZQ==' },
    ),
    ...block(1, { type: 'redacted_thinking', data: 'aGlkZGVu' }),
    ...block(2, { type: 'text', text: '' }, { type: 'text_delta', text: 'One ' }, { type: 'text_delta', text: 'moment.' }),
    ...block(
      3,
      { type: 'tool_use', id: 'toolu_1', name: 'weather', input: {} },
      { type: 'input_json_delta', partial_json: '{"city":' },
      { type: 'input_json_delta', partial_json: '"Bern"}' },
    ),
    ...block(
      4,
      { type: 'tool_use', id: 'toolu_2', name: 'apply_patch', input: {} },
      { type: 'input_json_delta', partial_json: '{"input": "*** Be' },
      { type: 'input_json_delta', partial_json: 'gin \\"x\\"\\n"}' },
    ),
    { type: 'message_delta', delta: { stop_reason: 'tool_use', stop_sequence: null }, usage: { output_tokens: 7 } },
    { type: 'message_stop' },
  ];

  it.each([false, true])('gets thoughts, calls and plain-text calls, and sends all back without loss (stream: %s)', async (stream) => {
    upstream.behave(stream ? answerEvents(events) : answerJson(200, message));
    const request = ask('anthropic/claude-opus-4-5', { reasoning: { effort: 'low', summary: 'auto' }, max_output_tokens: 8000 });
    const first = stream
      ? await client.responses.stream({ ...request, stream: true }).finalResponse()
      : await client.responses.create(request);
    expect(first.output).toMatchObject([
      {
        type: 'reasoning',
        summary: [{ type: 'summary_text', text: 'Look it up.' }],
        encrypted_content: expect.stringMatching(/^sluice\.v1\./),
      },
      { type: 'reasoning', summary: [], encrypted_content: expect.stringMatching(/^sluice\.v1\./) },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'One moment.' }] },
      { type: 'function_call', call_id: 'toolu_1', name: 'weather', arguments: expect.any(String), status: 'completed' },
      { type: 'custom_tool_call', call_id: 'toolu_2', name: 'apply_patch', input: '*** Begin "x"\n' },
    ]);
    expect(first).toMatchObject({
      status: 'completed',
      model: 'anthropic/claude-opus-4-5',
      usage: { input_tokens: 9, input_tokens_details: { cached_tokens: 4 }, output_tokens: 7 },
    });
    expect(sentBody().tools[1]).toMatchObject({
      name: 'apply_patch',
      input_schema: { properties: { input: { type: 'string' } }, required: ['input'] },
    });
    expect(sentBody().tools[1].input_schema.properties.input.description).toContain('start: "*** Begin"');

    upstream.behave(answerJson(200, message));
    await client.responses.create({ ...request, input: answerTo(first, 'Sunny') });
    expect(sentBody().messages[1]).toEqual({ role: 'assistant', content });
    expect(sentBody().messages[2]).toMatchObject({
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 'toolu_1', content: 'Sunny' },
        { type: 'tool_result', tool_use_id: 'toolu_2', content: 'Sunny' },
      ],
    });
  });

  it('gets the events of each item in OpenAI\u2019s order, numbered without a gap', async () => {
    upstream.behave(answerEvents(events));
    const seen: { type: string; sequence_number: number }[] = [];
    for await (const event of await client.responses.create({ ...ask('anthropic/claude-opus-4-5'), stream: true })) seen.push(event);
    expect(seen.map(({ sequence_number: number }) => number)).toEqual(seen.map((_, index) => index));
    expect(seen.map(({ type }) => type.slice('response.'.length))).toEqual([
      'created',
      'in_progress',
      'output_item.added',
      'reasoning_summary_part.added',
      'reasoning_summary_text.delta',
      'reasoning_summary_text.delta',
      'reasoning_summary_text.done',
      'reasoning_summary_part.done',
      'output_item.done',
      'output_item.added',
      'output_item.done',
      'output_item.added',
      'content_part.added',
      'output_text.delta',
      'output_text.delta',
      'output_text.done',
      'content_part.done',
      'output_item.done',
      'output_item.added',
      'function_call_arguments.delta',
      'function_call_arguments.delta',
      'function_call_arguments.done',
      'output_item.done',
      'output_item.added',
      'custom_tool_call_input.delta',
      'custom_tool_call_input.done',
      'output_item.done',
      'completed',
    ]);
  });

  it('may go on with a model of OpenAI\u2019s, which is not shown what only Claude can read', async () => {
    upstream.behave(answerJson(200, message));
    const first = await client.responses.create(ask('anthropic/claude-opus-4-5'));
    upstream.behave(
      answerJson(200, { id: 'resp_1', object: 'response', status: 'completed', output: [], usage: { input_tokens: 1, output_tokens: 1 } }),
    );
    await client.responses.create(ask('openai/gpt-5.2', { input: answerTo(first, 'Sunny') }));
    expect(sentBody().input.map(({ type }: { type?: string }) => type)).toEqual([
      undefined,
      'message',
      'function_call',
      'custom_tool_call',
      'function_call_output',
      'custom_tool_call_output',
    ]);
  });
});

describe('an agent that speaks Responses to Gemini', () => {
  const parts = [{ functionCall: { name: 'weather', args: { city: 'Bern' } }, thoughtSignature: 'c2lnbmVk' }];
  const answer = {
    candidates: [{ content: { role: 'model', parts }, finishReason: 'STOP', index: 0 }],
    usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 4, totalTokenCount: 9 },
  };

  it.each([false, true])('sends the thought signature of a call back with it (stream: %s)', async (stream) => {
    upstream.behave(stream ? answerStream([JSON.stringify(answer)], { done: false }) : answerJson(200, answer));
    const request = ask('google/gemini-3-pro-preview');
    const first = stream
      ? await client.responses.stream({ ...request, stream: true }).finalResponse()
      : await client.responses.create(request);
    upstream.behave(answerJson(200, answer));
    await client.responses.create({ ...request, input: answerTo(first, 'Sunny') });
    expect(sentBody().contents[1].parts).toMatchObject([
      { functionCall: { name: 'weather', args: { city: 'Bern' } }, thoughtSignature: 'c2lnbmVk' },
    ]);
    expect(sentBody().contents[2].parts).toMatchObject([{ functionResponse: { name: 'weather' } }]);
  });
});

describe('an agent that speaks Responses to an OpenAI-compatible server', () => {
  const completion = (message: object, finish: string) => ({
    id: 'c',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: finish }],
    usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
  });

  it('has its whole request understood there', async () => {
    upstream.behave(answerJson(200, completion({ content: '{"a":1}', reasoning_content: 'Hm.' }, 'length')));
    const { data, response } = await client.responses
      .create({
        ...ask('up/m'),
        instructions: 'Be brief.',
        temperature: 0.5,
        max_output_tokens: 50,
        metadata: { job: 'x' },
        truncation: 'auto',
        text: { format: { type: 'json_schema', name: 'answer', schema: { type: 'object' }, strict: true } },
        tools: [weather, { type: 'web_search' }],
        tool_choice: 'required',
        input: [
          { role: 'developer', content: 'Rules' },
          {
            role: 'user',
            content: [
              { type: 'input_text', text: 'See' },
              { type: 'input_image', image_url: 'data:image/png;base64,iVBORw0KGgo=', detail: 'low' },
            ],
          },
          { type: 'function_call', call_id: 'call_1', name: 'weather', arguments: '{"city":"Ulm"}' },
          { type: 'function_call_output', call_id: 'call_1', output: [{ type: 'input_text', text: 'Rain' }] },
        ],
      })
      .withResponse();
    expect(data).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      output_text: '{"a":1}',
      metadata: { job: 'x' },
      instructions: 'Be brief.',
    });
    expect(data.output.map(({ type }) => type)).toEqual(['reasoning', 'message']);
    expect(response.headers.get('x-sluice-dropped')?.split(', ').sort()).toEqual(['tools.web_search', 'truncation']);
    expect(sentBody()).toMatchObject({
      model: 'm',
      max_tokens: 50,
      temperature: 0.5,
      tool_choice: 'required',
      response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: { type: 'object' } } },
      tools: [{ type: 'function', function: { name: 'weather' } }],
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'system', content: 'Rules' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'See' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
          ],
        },
        { role: 'assistant', tool_calls: [{ id: 'call_1', function: { name: 'weather', arguments: '{"city":"Ulm"}' } }] },
        { role: 'tool', tool_call_id: 'call_1', content: 'Rain' },
      ],
    });
  });

  it('offers the tools that come with an item of the input, as Codex sends them to the newest models', async () => {
    const content = [{ type: 'tool_use', id: 'toolu_1', name: 'open', input: {} }];
    const usage = { input_tokens: 1, output_tokens: 1 };
    const said = { id: 'msg_1', type: 'message', role: 'assistant', model: 'm', stop_reason: 'tool_use', usage, content };
    upstream.behave(answerJson(200, said));
    const open = { type: 'function' as const, name: 'open', parameters: {} };
    const shelf = { type: 'namespace' as const, name: 'shelf', description: 'Books', tools: [open] };
    const input: OpenAI.Responses.ResponseInputItem[] = [
      { type: 'additional_tools', role: 'developer', tools: [shelf, weather, { type: 'web_search' }] },
      user,
    ];
    const { data, response } = await client.responses
      .create({ model: 'anthropic/claude-opus-4-8', input, tools: [weather], max_output_tokens: 100 })
      .withResponse();
    expect(sentBody().tools.map(({ name }: { name: string }) => name)).toEqual(['weather', 'open']);
    expect(data.output).toMatchObject([{ type: 'function_call', name: 'open', namespace: 'shelf', arguments: '{}' }]);
    expect(response.headers.get('x-sluice-dropped')).toBe('tools.web_search');
    await client.responses.create({ model: 'anthropic/claude-opus-4-8', input, max_output_tokens: 100 });
    expect(sentBody().tools.map(({ name }: { name: string }) => name)).toEqual(['open', 'weather']);
  });

  it('calls tools of the same name in two namespaces apart', async () => {
    upstream.behave(
      answerJson(
        200,
        completion(
          { content: null, tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'b__open', arguments: '{}' } }] },
          'tool_calls',
        ),
      ),
    );
    const open = { type: 'function', name: 'open', parameters: { type: 'object', properties: {} }, strict: false };
    const tools = ['a', 'b'].map((name) => ({ type: 'namespace', name, description: name, tools: [open] }));
    const answer = await client.responses.create({
      model: 'up/m',
      input: 'Open b',
      ...JSON.parse(JSON.stringify({ tools })),
    } satisfies Request);
    expect(sentBody().tools.map(({ function: { name } }: { function: { name: string } }) => name)).toEqual(['open', 'b__open']);
    expect(answer.output).toMatchObject([{ type: 'function_call', name: 'open', namespace: 'b', arguments: '{}' }]);
  });

  it.each([
    ['an earlier response', { previous_response_id: 'resp_0' }, 'previous_response_id'],
    ['a conversation', { conversation: 'conv_0' }, 'conversation'],
    ['a stored prompt', { prompt: { id: 'pmpt_0' } }, 'prompt'],
    ['an item by its id', { input: [{ type: 'item_reference' as const, id: 'msg_0' }] }, 'input.0'],
  ])('is refused for %s, which lies with OpenAI', async (_name, more, param) => {
    await expect(client.responses.create(ask('up/m', more))).rejects.toMatchObject({ status: 400, code: 'unsupported_parameter', param });
    expect(upstream.received).toHaveLength(0);
  });
});

describe('the built-in provider', () => {
  it('rehearses text, reasoning, tools, refusals and broken streams in Responses', async () => {
    expect((await client.responses.create({ model: 'echo/ok', input: 'Hello there' })).output_text).toBe('Hello there');
    const thought = await client.responses.stream({ model: 'echo/reasoning', input: 'Hello there' }).finalResponse();
    expect(thought.output).toMatchObject([{ type: 'reasoning', summary: [{ text: 'Let me think about that.' }] }, { type: 'message' }]);
    const called = await client.responses.stream({ ...ask('echo/tool-call'), stream: true }).finalResponse();
    expect(called.output).toMatchObject([{ type: 'function_call', name: 'weather', arguments: '{}' }]);
    await expect(client.responses.create(ask('echo/rate-limited'))).rejects.toMatchObject({ status: 429, code: 'rate_limit_exceeded' });
    for (const model of ['echo/cut-mid-stream', 'echo/error-mid-stream', 'echo/malformed-mid-stream'])
      await expect(client.responses.stream({ model, input: 'One two three four' }).finalResponse()).rejects.toMatchObject({
        code: 'provider_error',
      });
  });
});
