import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { plainAnswer } from '../conformance/plain-answers.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startUpstream, type TestUpstream } from '../support/upstream.ts';
import { type AgentRequest, agentRequests } from './agent-requests.ts';

let upstream: TestUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startUpstream();
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

/** A model behind each format that calls leave in. */
const models = [
  'compatible/m',
  'anthropic/claude-sonnet-4-5',
  'google/gemini-3-pro-preview',
  'bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0',
  'openai/gpt-4.1',
  'openai/gpt-5.6',
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
  '/v1/chat/completions': /"content":"Hi\."[\s\S]*"finish_reason":"stop"[\s\S]*"usage":\{[\s\S]*data: \[DONE\]\n\n$/,
  '/v1/messages': /"text":"Hi\."[\s\S]*"stop_reason":"end_turn"[\s\S]*event: message_stop\n/,
  '/v1/responses': /"delta":"Hi\."[\s\S]*event: response\.completed\n[\s\S]*"usage":\{/,
};

describe.each(agentRequests)('$client', ({ path, body }) => {
  it.each(models)('is answered by %s', async (model) => {
    upstream.behave(plainAnswer);
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
    expect(await ask({ model: 'openai/gpt-6.1-terra', tools, reasoning_effort: 'none' })).toBe('/v1/responses');
  });

  it('stay where they lose nothing', async () => {
    expect(await ask({ model: 'openai/gpt-5.6', tools, reasoning_effort: 'none' })).toBe('/v1/chat/completions');
    expect(await ask({ model: 'openai/gpt-5.6', reasoning_effort: 'high' })).toBe('/v1/chat/completions');
    expect(await ask({ model: 'openai/gpt-5.4', tools })).toBe('/v1/chat/completions');
    expect(await ask({ model: 'openai/gpt-4.1', tools })).toBe('/v1/chat/completions');
    expect(await ask({ model: 'calm', tools })).toBe('/v1/chat/completions');
  });
});
