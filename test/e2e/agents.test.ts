import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RecordedUpstream, startRecordedUpstream } from '../conformance/recorded-upstream.ts';
import type { Recording } from '../conformance/recordings.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type AgentRequest, agentRequests } from './agent-requests.ts';

let upstream: RecordedUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startRecordedUpstream();
  const { origin } = new URL(upstream.url);
  const provider = { base_url: origin, api_key: 'env:KEY', allow_private_address: true };
  const compatible = { ...provider, type: 'openai-compatible', base_url: upstream.url };
  gateway = await startGateway({
    config: {
      providers: { anthropic: provider, openai: provider, google: provider, bedrock: provider, compatible },
      models: { calm: { targets: [{ model: 'openai/gpt-5.6', overrides: { reasoning_effort: 'none' } }] } },
      defaults: { retries: 0 },
    },
    environment: { KEY: 'k' },
  });
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});

/** The shortest streamed answer of each format: "Heron." */
const answers: Readonly<Record<string, Recording>> = {
  chat: {
    family: 'openai-chat',
    name: 'answer',
    body: undefined,
    events: [
      '{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"Heron."},"finish_reason":null}]}',
      '{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}',
      '{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}}',
    ],
  },
  messages: {
    family: 'anthropic-messages',
    name: 'answer',
    body: undefined,
    events: [
      '{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":1}}}',
      '{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}',
      '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Heron."}}',
      '{"type":"content_block_stop","index":0}',
      '{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":2}}',
      '{"type":"message_stop"}',
    ],
  },
  responses: {
    family: 'openai-responses',
    name: 'answer',
    body: undefined,
    events: [
      '{"type":"response.created","sequence_number":0,"response":{"id":"resp_1","object":"response","created_at":1,"status":"in_progress","model":"m","output":[]}}',
      '{"type":"response.output_item.added","sequence_number":1,"output_index":0,"item":{"id":"msg_1","type":"message","role":"assistant","status":"in_progress","content":[]}}',
      '{"type":"response.output_text.delta","sequence_number":2,"item_id":"msg_1","output_index":0,"content_index":0,"delta":"Heron.","logprobs":[]}',
      '{"type":"response.output_item.done","sequence_number":3,"output_index":0,"item":{"id":"msg_1","type":"message","role":"assistant","status":"completed","content":[{"type":"output_text","text":"Heron.","annotations":[],"logprobs":[]}]}}',
      '{"type":"response.completed","sequence_number":4,"response":{"id":"resp_1","object":"response","created_at":1,"status":"completed","model":"m","output":[{"id":"msg_1","type":"message","role":"assistant","status":"completed","content":[{"type":"output_text","text":"Heron.","annotations":[],"logprobs":[]}]}],"usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":0},"output_tokens":2,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":11}}}',
    ],
  },
  google: {
    family: 'google-generate-content',
    name: 'answer',
    body: undefined,
    events: [
      '{"candidates":[{"content":{"role":"model","parts":[{"text":"Heron."}]},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":2,"totalTokenCount":11}}',
    ],
  },
  bedrock: {
    family: 'bedrock-converse',
    name: 'answer',
    body: undefined,
    events: [
      '{"messageStart":{"role":"assistant"}}',
      '{"contentBlockDelta":{"contentBlockIndex":0,"delta":{"text":"Heron."}}}',
      '{"contentBlockStop":{"contentBlockIndex":0}}',
      '{"messageStop":{"stopReason":"end_turn"}}',
      '{"metadata":{"usage":{"inputTokens":9,"outputTokens":2,"totalTokens":11},"metrics":{"latencyMs":1}}}',
    ],
  },
};

/** The format in which a model of each kind is called, by the path of the request. */
const models: readonly { readonly model: string; readonly format: (path: string) => string }[] = [
  { model: 'compatible/m', format: () => 'chat' },
  { model: 'anthropic/claude-sonnet-4-5', format: () => 'messages' },
  { model: 'google/gemini-3-pro-preview', format: () => 'google' },
  { model: 'bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0', format: () => 'bedrock' },
  { model: 'openai/gpt-4.1', format: (path) => (path === '/v1/chat/completions' ? 'chat' : 'responses') },
  { model: 'openai/gpt-5.6', format: () => 'responses' },
];

async function post(path: string, body: object): Promise<string> {
  const response = await fetch(gateway.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return text;
}

/** The end of a stream in the dialect of the path, and the text on the way there. */
const endings: Readonly<Record<AgentRequest['path'], RegExp>> = {
  '/v1/chat/completions': /"content":"Heron\."[\s\S]*"finish_reason":"stop"[\s\S]*"usage":\{[\s\S]*data: \[DONE\]\n\n$/,
  '/v1/messages': /"text":"Heron\."[\s\S]*"stop_reason":"end_turn"[\s\S]*event: message_stop\n/,
  '/v1/responses': /"delta":"Heron\."[\s\S]*event: response\.completed\n[\s\S]*"usage":\{/,
};

describe.each(agentRequests)('$client', ({ path, body }) => {
  it.each(models)('is answered by $model', async ({ model, format }) => {
    const answer = answers[format(path)];
    if (answer === undefined) throw new Error('no such format');
    upstream.play(answer);
    expect(await post(path, { ...body, model })).toMatch(endings[path]);
    const sent = upstream.received.at(-1)?.body ?? '';
    expect(sent).toContain('heron');
    // The call before the result is still there, and so is the tool.
    expect(sent).toMatch(/Let me look|call_1/);
    expect(sent).toMatch(/Reads\.|"Read"/);
  });
});

describe("tools of OpenAI's models that reason", () => {
  const tools = [{ type: 'function', function: { name: 'clock', parameters: { type: 'object', properties: {} } } }];
  const ask = async (more: object) => {
    const before = upstream.received.length;
    upstream.behave(({ path }, response) => {
      response.writeHead(400, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { message: `seen at ${path}`, type: 'invalid_request_error', param: null, code: null } }));
    });
    await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ messages: [{ role: 'user', content: 'Hi.' }], ...more }),
    });
    return upstream.received[before]?.path;
  };

  it('go by Responses, because Chat Completions refuses them', async () => {
    expect(await ask({ model: 'openai/gpt-5.6-terra', tools })).toBe('/v1/responses');
    expect(await ask({ model: 'openai/gpt-5.5', tools, reasoning_effort: 'high' })).toBe('/v1/responses');
    expect(await ask({ model: 'openai/gpt-5.4', tools, reasoning_effort: 'low' })).toBe('/v1/responses');
  });

  it('stay where they lose nothing', async () => {
    expect(await ask({ model: 'openai/gpt-5.6', tools, reasoning_effort: 'none' })).toBe('/v1/chat/completions');
    expect(await ask({ model: 'openai/gpt-5.6', reasoning_effort: 'high' })).toBe('/v1/chat/completions');
    expect(await ask({ model: 'openai/gpt-5.4', tools })).toBe('/v1/chat/completions');
    expect(await ask({ model: 'openai/gpt-4.1', tools })).toBe('/v1/chat/completions');
    expect(await ask({ model: 'calm', tools })).toBe('/v1/chat/completions');
  });
});
