import { existsSync, readFileSync } from 'node:fs';
import { createOpenAI } from '@ai-sdk/openai';
import { OpenAIEmbeddings } from '@langchain/openai';
import { embedMany } from 'ai';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { answerJson, answerStream, configFor, startUpstream, type TestUpstream } from '../support/upstream.ts';

const recording = '../shared/recordings/openai-embeddings/openai-embedding.json';

let upstream: TestUpstream;
let gateway: TestGateway;
let client: OpenAI;

beforeAll(async () => {
  upstream = await startUpstream();
  gateway = await startGateway({
    config: configFor(upstream, { defaults: { retries: 0 } }),
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

describe.skipIf(!existsSync(recording))('a recorded embedding', () => {
  const source = existsSync(recording) ? JSON.parse(readFileSync(recording, 'utf8')) : {};

  it('reaches the OpenAI client number for number, with its cost', async () => {
    upstream.behave(answerJson(200, source));
    const { data, response } = await client.embeddings
      .create({ model: 'up/m', input: ['One', 'Two'], encoding_format: 'float', dimensions: 5 })
      .withResponse();
    expect(data.data).toEqual(source.data);
    expect(data.usage).toEqual(source.usage);
    expect(response.headers.get('x-sluice-cost-usd')).toBe('0.000012');
    const [sent] = upstream.received;
    expect(sent?.path).toBe('/v1/embeddings');
    expect(JSON.parse(sent?.body ?? '')).toEqual({ model: 'm', input: ['One', 'Two'], encoding_format: 'float', dimensions: 5 });
  });

  it('reaches LangChain and the AI SDK', async () => {
    upstream.behave(answerJson(200, source));
    const vectors = source.data.map(({ embedding }: { embedding: number[] }) => embedding);
    const langchain = new OpenAIEmbeddings({ model: 'up/m', apiKey: gateway.key, configuration: { baseURL: `${gateway.url}/v1` } });
    expect(await langchain.embedDocuments(['One', 'Two'])).toEqual(vectors);
    const provider = createOpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key });
    const { embeddings, usage } = await embedMany({ model: provider.embeddingModel('up/m'), values: ['One', 'Two'] });
    expect(embeddings).toEqual(vectors);
    expect(usage.tokens).toBe(12);
  });
});

describe('an embedding of the echo provider', () => {
  it('is the same for the same text, and decodes from base64 as the client asks by default', async () => {
    const [one, other] = await Promise.all([
      client.embeddings.create({ model: 'echo/ok', input: ['Hello', 'World'] }),
      client.embeddings.create({ model: 'echo/ok', input: 'Hello', encoding_format: 'float', dimensions: 256 }),
    ]);
    expect(one.data).toHaveLength(2);
    expect(one.data[0]?.embedding).toHaveLength(256);
    for (const [index, value] of (other.data[0]?.embedding ?? []).entries()) expect(one.data[0]?.embedding[index]).toBeCloseTo(value, 6);
    expect(Math.hypot(...(other.data[0]?.embedding ?? []))).toBeCloseTo(1, 5);
    expect(one.data[1]?.embedding).not.toEqual(one.data[0]?.embedding);
  });

  it('fails to order like any other call', async () => {
    await expect(client.embeddings.create({ model: 'echo/error-503', input: 'Hi' })).rejects.toMatchObject({
      status: 502,
      code: 'provider_error',
    });
  });

  it('is held and settled under a budget by its input alone', async () => {
    const { key } = await gateway.createKey({ name: 'small', limits: { budgets: [{ amount_usd: 0.01, period: 'day' }] } });
    const budgeted = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key, maxRetries: 0 });
    const { response } = await budgeted.embeddings.create({ model: 'echo/ok', input: 'Hello' }).withResponse();
    expect(Number(response.headers.get('x-sluice-cost-usd'))).toBeGreaterThan(0);
    await expect(budgeted.embeddings.create({ model: 'echo/ok', input: 'x'.repeat(20_000) })).rejects.toMatchObject({ status: 402 });
    const own = await fetch(`${gateway.url}/v1/key`, { headers: { authorization: `Bearer ${key}` } });
    expect(JSON.stringify(await own.json())).toMatch(/"held_usd":0\b/);
  });

  it('is refused by x-sluice-max-cost-usd where its input alone costs more', async () => {
    const options = { headers: { 'x-sluice-max-cost-usd': '0.000001' } };
    await expect(client.embeddings.create({ model: 'echo/ok', input: 'Hello' }, options)).rejects.toMatchObject({
      status: 402,
      code: 'max_cost_exceeded',
    });
  });
});

describe('a request', () => {
  it.each([
    ['without input', { model: 'up/m' }, 'input'],
    ['with an empty list', { model: 'up/m', input: [] }, 'input'],
    ['without a model', { input: 'Hi' }, 'model'],
  ])('%s is refused with the field', async (_what, body, param) => {
    const response = await fetch(`${gateway.url}/v1/embeddings`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(400);
    expect(JSON.parse(await response.text()).error).toMatchObject({ code: 'invalid_request', param });
    expect(upstream.received).toEqual([]);
  });

  it('of tokens or of objects passes as it is', async () => {
    upstream.behave(answerJson(200, { data: [], usage: { total_tokens: 3 } }));
    for (const input of [[1, 2, 3], [[1], [2, 3]], [{ image: 'https://example.com/cat.png' }]]) {
      const response = await fetch(`${gateway.url}/v1/embeddings`, {
        method: 'POST',
        headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'up/m', input }),
      });
      expect(response.status).toBe(200);
      expect(JSON.parse(upstream.received.at(-1)?.body ?? '').input).toEqual(input);
    }
  });
});

describe('a legacy completion', () => {
  const completion = {
    id: 'cmpl-1',
    object: 'text_completion',
    created: 1,
    model: 'm',
    choices: [{ text: ' world', index: 0, logprobs: null, finish_reason: 'stop' }],
    usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
  };

  it('reaches the OpenAI client whole and streamed', async () => {
    upstream.behave(answerJson(200, completion));
    const { data, response } = await client.completions.create({ model: 'up/m', prompt: 'Hello', max_tokens: 5 }).withResponse();
    expect(data).toMatchObject(completion);
    expect(response.headers.get('x-sluice-cost-usd')).toBe('0.000009');
    const chunk = (text: string, finish: string | null) =>
      JSON.stringify({ ...completion, usage: undefined, choices: [{ text, index: 0, logprobs: null, finish_reason: finish }] });
    upstream.behave(
      answerStream([chunk(' wor', null), chunk('ld', null), chunk('', 'stop'), JSON.stringify({ ...completion, choices: [] })]),
    );
    let text = '';
    let chunks = 0;
    for await (const part of await client.completions.create({ model: 'up/m', prompt: 'Hello', stream: true })) {
      text += part.choices[0]?.text ?? '';
      chunks += 1;
    }
    expect(text).toBe(' world');
    expect(chunks).toBe(3);
    expect(JSON.parse(upstream.received.at(-1)?.body ?? '')).toMatchObject({ stream: true, stream_options: { include_usage: true } });
  });

  it('of a model that only chats is the answer to its prompt', async () => {
    const whole = await client.completions.create({ model: 'echo/ok', prompt: 'One two three' });
    expect(whole).toMatchObject({ object: 'text_completion', choices: [{ text: 'One two three', finish_reason: 'stop' }] });
    let text = '';
    for await (const part of await client.completions.create({ model: 'echo/ok', prompt: 'One two three', stream: true }))
      text += part.choices[0]?.text ?? '';
    expect(text).toBe('One two three');
    await expect(client.completions.create({ model: 'echo/ok', prompt: ['One', 'Two'] })).rejects.toMatchObject({
      code: 'unsupported_parameter',
      param: 'prompt',
    });
  });

  it('that is cut ends in an error', async () => {
    const reading = (async () => {
      for await (const _ of await client.completions.create({ model: 'echo/cut-mid-stream', prompt: 'One two three four', stream: true }));
    })();
    await expect(reading).rejects.toMatchObject({ code: 'provider_error' });
  });
});
