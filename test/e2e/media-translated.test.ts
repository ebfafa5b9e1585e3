import { Buffer } from 'node:buffer';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { answerJson, type ReceivedRequest, startUpstream, type TestUpstream } from '../support/upstream.ts';

let upstream: TestUpstream;
let gateway: TestGateway;
let client: OpenAI;

beforeAll(async () => {
  upstream = await startUpstream();
  const origin = new URL(upstream.url).origin;
  const pointed = { base_url: origin, api_key: 'env:UP_KEY', allow_private_address: true };
  gateway = await startGateway({
    config: {
      providers: { bedrock: pointed, google: pointed, anthropic: pointed },
      prices: { 'bedrock/*': { input: 1, per_search: 0.002, per_image: 0.04 }, 'google/*': { input: 1, output: 2 } },
      defaults: { retries: 0 },
    },
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

const sentBodies = () => upstream.received.map(({ body }) => JSON.parse(body));

describe('embeddings on Bedrock', () => {
  it('take one request for each text where the model takes one, and come back in order with all tokens', async () => {
    upstream.behave((request: ReceivedRequest, response) => {
      const { inputText } = JSON.parse(request.body);
      answerJson(200, { embedding: [inputText.length, 0.5], inputTextTokenCount: 4 })(request, response);
    });
    const input = Array.from({ length: 11 }, (_, index) => 'x'.repeat(index + 1));
    const { data, response } = await client.embeddings
      .create({ model: 'bedrock/amazon.titan-embed-text-v2:0', input, dimensions: 256, encoding_format: 'float' })
      .withResponse();
    expect(data.data.map(({ embedding }) => embedding)).toEqual(input.map(({ length }) => [length, 0.5]));
    expect(data.usage).toEqual({ prompt_tokens: 44, total_tokens: 44 });
    expect(response.headers.get('x-sluice-cost-usd')).toBe('0.000044');
    expect(upstream.received).toHaveLength(11);
    expect(upstream.received[0]?.path).toBe('/model/amazon.titan-embed-text-v2%3A0/invoke');
    expect(upstream.received[0]?.headers.authorization).toBe('Bearer provider-secret');
    expect(sentBodies()[0]).toMatchObject({ dimensions: 256 });
  });

  it('decode from base64, as the OpenAI client asks by default', async () => {
    upstream.behave(
      answerJson(
        200,
        {
          embeddings: [
            [0.25, -1],
            [0.5, 2],
          ],
          response_type: 'embeddings_floats',
        },
        { 'x-amzn-bedrock-input-token-count': '7' },
      ),
    );
    const { data, usage } = await client.embeddings.create({ model: 'bedrock/cohere.embed-english-v3', input: ['a', 'b'] });
    expect(data.map(({ embedding }) => embedding)).toEqual([
      [0.25, -1],
      [0.5, 2],
    ]);
    expect(usage.total_tokens).toBe(7);
    expect(sentBodies()).toEqual([{ input_type: 'search_query', texts: ['a', 'b'] }]);
  });

  it('of tokens are refused, and a refusal of the provider keeps its status', async () => {
    await expect(client.embeddings.create({ model: 'bedrock/amazon.titan-embed-text-v2:0', input: [1, 2] })).rejects.toMatchObject({
      status: 400,
      code: 'unsupported_parameter',
      param: 'input',
    });
    upstream.behave(answerJson(400, { message: 'Malformed input request' }));
    await expect(client.embeddings.create({ model: 'bedrock/amazon.titan-embed-text-v2:0', input: 'a' })).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('Malformed input request'),
    });
  });
});

describe('reranking and images on Bedrock', () => {
  it('come back in the form of Cohere and of OpenAI', async () => {
    upstream.behave(answerJson(200, { results: [{ index: 1, relevanceScore: 0.9 }] }));
    const ranked = await fetch(`${gateway.url}/v1/rerank`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'bedrock/cohere.rerank-v3-5:0',
        query: 'q',
        documents: ['a', 'b'],
        top_n: 1,
        return_documents: true,
        rank_fields: ['x'],
      }),
    });
    expect(JSON.parse(await ranked.text())).toMatchObject({
      results: [{ index: 1, relevance_score: 0.9, document: { text: 'b' } }],
      meta: { billed_units: { search_units: 1 } },
    });
    expect(ranked.headers.get('x-sluice-dropped')).toBe('rank_fields');
    expect(ranked.headers.get('x-sluice-cost-usd')).toBe('0.002');
    expect(upstream.received[0]?.path).toBe('/rerank');

    upstream.behave(answerJson(200, { images: ['AAAA', 'BBBB'] }));
    const { data, response } = await client.images
      .generate({ model: 'bedrock/amazon.nova-canvas-v1:0', prompt: 'A cat', n: 2, size: '512x512', background: 'opaque' })
      .withResponse();
    expect(data.data).toEqual([{ b64_json: 'AAAA' }, { b64_json: 'BBBB' }]);
    expect(response.headers.get('x-sluice-dropped')).toBe('background');
    expect(response.headers.get('x-sluice-cost-usd')).toBe('0.08');
    expect(sentBodies().at(-1)).toMatchObject({ imageGenerationConfig: { width: 512, height: 512, numberOfImages: 2 } });
  });
});

describe('an image that Bedrock does not make', () => {
  const draw = () => client.images.generate({ model: 'bedrock/amazon.nova-canvas-v1:0', prompt: 'A heron.' });

  it('is a broken answer where nothing says why', async () => {
    upstream.behave(answerJson(200, {}));
    await expect(draw()).rejects.toMatchObject({ status: 502, code: 'provider_error' });
  });

  it('is a refusal of the content where that is why', async () => {
    upstream.behave(answerJson(200, { status: 'Request Moderated', details: { 'Moderation Reasons': ['Violence'] } }));
    await expect(draw()).rejects.toMatchObject({ status: 400, message: expect.stringContaining('Violence') });
  });
});

describe('speech at Google', () => {
  it('comes as sound that plays', async () => {
    const samples = Buffer.alloc(4800).toString('base64');
    upstream.behave(
      answerJson(200, {
        candidates: [{ content: { parts: [{ inlineData: { mimeType: 'audio/L16;codec=pcm;rate=24000', data: samples } }] } }],
      }),
    );
    const response = await client.audio.speech.create({ model: 'google/gemini-2.5-flash-preview-tts', voice: 'Kore', input: 'Hello' });
    expect(response.headers.get('content-type')).toBe('audio/wav');
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(bytes.toString('latin1', 0, 4)).toBe('RIFF');
    expect(bytes.length).toBe(44 + 4800);
    expect(upstream.received[0]?.path).toContain('gemini-2.5-flash-preview-tts:generateContent');
  });
});

describe('a provider that has nothing of the kind', () => {
  it.each([
    ['embeddings', { input: 'a' }],
    ['moderations', { input: 'a' }],
    ['images/generations', { prompt: 'a' }],
    ['audio/speech', { input: 'a', voice: 'b' }],
    ['rerank', { query: 'q', documents: ['a'] }],
  ])('says so for /v1/%s, and is none the worse for it', async (path, body) => {
    const response = await fetch(`${gateway.url}/v1/${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'anthropic/claude-opus-5', ...body }),
    });
    expect(response.status).toBe(404);
    expect(JSON.parse(await response.text()).error).toMatchObject({
      code: 'model_not_found',
      message: expect.stringContaining('nothing that serves'),
    });
  });
});
