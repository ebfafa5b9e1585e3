import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { answerJson, startUpstream, type TestUpstream } from '../support/upstream.ts';

let upstream: TestUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startUpstream();
  gateway = await startGateway({
    config: {
      providers: {
        'azure-claude': {
          base_url: new URL(upstream.url).origin,
          options: { resource: 'my-resource' },
          api_key: 'env:UP_KEY',
          allow_private_address: true,
        },
      },
      defaults: { retries: 0 },
    },
    environment: { UP_KEY: 'provider-secret' },
  });
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});
beforeEach(() => {
  upstream.received.length = 0;
});

const answer = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-opus-5',
  content: [{ type: 'text', text: 'Hi' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 1_000_000, output_tokens: 0 },
};
const messages = [{ role: 'user' as const, content: 'Hello' }];

describe('Claude in Microsoft Foundry', () => {
  it("is asked in Anthropic's own format, by the key in Microsoft's header", async () => {
    upstream.behave(answerJson(200, answer));
    const client = new Anthropic({ apiKey: gateway.key, baseURL: gateway.url, maxRetries: 0 });
    const { data, response } = await client.messages
      .create({ model: 'azure-claude/claude-opus-5', max_tokens: 9, messages })
      .withResponse();
    expect(data.content).toMatchObject([{ type: 'text', text: 'Hi' }]);
    expect(response.headers.get('x-sluice-cost-usd')).toBe('5');
    const [sent] = upstream.received;
    expect(sent).toMatchObject({ method: 'POST', path: '/anthropic/v1/messages' });
    expect(sent?.headers).toMatchObject({ 'api-key': 'provider-secret', 'anthropic-version': expect.any(String) });
    expect(sent?.headers['x-api-key']).toBeUndefined();
  });

  it('serves callers of chat completions by translation', async () => {
    upstream.behave(answerJson(200, answer));
    const client = new OpenAI({ apiKey: gateway.key, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
    const chat = await client.chat.completions.create({ model: 'azure-claude/claude-opus-5', max_tokens: 9, messages });
    expect(chat.choices[0]?.message.content).toBe('Hi');
    expect(upstream.received[0]).toMatchObject({ method: 'POST', path: '/anthropic/v1/messages' });
    expect(upstream.received[0]?.headers['api-key']).toBe('provider-secret');
  });
});
