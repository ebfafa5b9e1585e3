import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { answerJson, answerStream, startUpstream, type TestUpstream } from '../support/upstream.ts';

let upstream: TestUpstream;
let gateway: TestGateway;
let client: OpenAI;

beforeAll(async () => {
  upstream = await startUpstream();
  gateway = await startGateway({
    config: {
      providers: { google: { base_url: upstream.url.replace('/v1', '/v1beta'), api_key: 'env:UP_KEY', allow_private_address: true } },
      defaults: { retries: 0, timeouts: { idle_ms: 1000 } },
    },
    environment: { UP_KEY: 'provider-secret' },
  });
  client = new OpenAI({ apiKey: gateway.key, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});
beforeEach(() => {
  upstream.received.length = 0;
});

const model = 'google/gemini-4-argon';
const messages = [{ role: 'user' as const, content: 'Write a book' }];
/** What Google answers at the limit of one request. */
const cut = {
  candidates: [
    { content: { role: 'model', parts: [{ text: 'Chapter one' }] }, finishReason: 'CONTINUATION', continuationToken: 'b3BhcXVl', index: 0 },
  ],
  usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 90, totalTokenCount: 100 },
  modelVersion: 'gemini-4-argon',
  responseId: 'r',
};

describe('a translated answer that reaches the limit of one request', () => {
  it('ends there, since nothing is held for another', async () => {
    upstream.behave(answerJson(200, cut));
    const answer = await client.chat.completions.create({ model, messages });
    expect(answer.choices[0]).toMatchObject({ message: { content: 'Chapter one' }, finish_reason: 'length' });
    expect(answer.usage).toMatchObject({ prompt_tokens: 10, completion_tokens: 90 });
    expect(upstream.received).toHaveLength(1);
  });

  it('ends there as a stream, too', async () => {
    upstream.behave(answerStream([JSON.stringify(cut)], { done: false }));
    const stream = await client.chat.completions.create({ model, messages, stream: true, stream_options: { include_usage: true } });
    let text = '';
    let finish: string | null | undefined;
    let output: number | undefined;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      finish = chunk.choices[0]?.finish_reason ?? finish;
      output = chunk.usage?.completion_tokens ?? output;
    }
    expect([text, finish, output]).toEqual(['Chapter one', 'length', 90]);
    expect(upstream.received).toHaveLength(1);
  });
});
