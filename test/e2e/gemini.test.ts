import { existsSync, readFileSync } from 'node:fs';
import { createGoogle } from '@ai-sdk/google';
import { ApiError, GoogleGenAI } from '@google/genai';
import { generateText, streamText } from 'ai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { answerJson, answerStream, pause, startUpstream, type TestUpstream } from '../support/upstream.ts';

const folder = '../shared/recordings/google-generate-content';
const recorded = (name: string) => readFileSync(`${folder}/${name}`, 'utf8');
const recordedLines = (name: string) =>
  recorded(name)
    .split('\n')
    .filter((line) => line.trim() !== '');

let upstream: TestUpstream;
let gateway: TestGateway;
let client: GoogleGenAI;

beforeAll(async () => {
  upstream = await startUpstream();
  gateway = await startGateway({
    config: {
      providers: {
        google: { base_url: upstream.url.replace('/v1', '/v1beta'), api_key: 'env:UP_KEY', allow_private_address: true },
      },
      prices: { 'google/*': { input: 1, output: 2 } },
      models: { smart: { targets: ['google/gemini-3-pro-preview'] } },
      defaults: { retries: 0, timeouts: { first_byte_ms: 2000, idle_ms: 400 } },
      streaming: { keep_alive_ms: 100, commit_after_ms: 100 },
    },
    environment: { UP_KEY: 'provider-secret' },
  });
  client = new GoogleGenAI({ apiKey: gateway.key, httpOptions: { baseUrl: gateway.url, retryOptions: { attempts: 1 } } });
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});
beforeEach(() => {
  upstream.received.length = 0;
});

const model = 'google/gemini-3-pro-preview';
const contents = 'How many rs are in strawberry?';
const post = (path: string, body: object, headers: Record<string, string> = {}) =>
  fetch(gateway.url + path, {
    method: 'POST',
    headers: { 'x-goog-api-key': gateway.key, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

describe.skipIf(!existsSync(folder))("Google's own client", () => {
  it('gets a recorded answer with its text, signature, finish and counts', async () => {
    upstream.behave(answerJson(200, JSON.parse(recorded('google-text.json'))));
    const answer = await client.models.generateContent({ model, contents, config: { maxOutputTokens: 900, safetySettings: [] } });
    const source = JSON.parse(recorded('google-text.json'));
    expect(answer.text).toBe(source.candidates[0].content.parts[0].text);
    expect(answer.candidates?.[0]?.content?.parts?.[0]?.thoughtSignature).toBe(source.candidates[0].content.parts[0].thoughtSignature);
    expect(answer.candidates?.[0]?.finishReason).toBe('STOP');
    expect(answer.usageMetadata).toMatchObject(source.usageMetadata);
    const [sent] = upstream.received;
    expect(sent?.path).toBe('/v1beta/models/gemini-3-pro-preview:generateContent');
    expect(sent?.headers['x-goog-api-key']).toBe('provider-secret');
    expect(JSON.parse(sent?.body ?? '')).toMatchObject({
      contents: [{ parts: [{ text: contents }] }],
      generationConfig: { maxOutputTokens: 900 },
    });
    // 9 tokens in at 1 µUSD, 272 out at 2, thoughts included.
    expect(answer.sdkHttpResponse?.headers?.['x-sluice-cost-usd']).toBe('0.000553');
  });

  it('gets a recorded stream chunk by chunk, tool call and signature included', async () => {
    for (const name of ['google-text', 'google-tool-call']) {
      const lines = recordedLines(`${name}.chunks.txt`);
      upstream.behave(answerStream(lines, { done: false, pauseMs: 20 }));
      const chunks = [];
      for await (const chunk of await client.models.generateContentStream({ model, contents })) chunks.push(chunk);
      expect(chunks).toHaveLength(lines.length);
      for (const [index, line] of lines.entries()) {
        const { candidates, usageMetadata } = JSON.parse(line);
        expect(chunks[index]).toMatchObject({ candidates, usageMetadata });
      }
      expect(upstream.received.at(-1)?.path).toBe('/v1beta/models/gemini-3-pro-preview:streamGenerateContent?alt=sse');
    }
  });

  it('is never sent a comment, however long the provider thinks', async () => {
    const [line = ''] = recordedLines('google-tool-call.chunks.txt').slice(-1);
    upstream.behave(answerStream([line], { done: false, pauseMs: 350 }));
    const response = await post(`/v1beta/models/${model}:streamGenerateContent?alt=sse`, { contents: [{ parts: [{ text: 'Hi' }] }] });
    const text = await response.text();
    expect(text.split('\n').filter((part) => part !== '')).toHaveLength(1);
    expect(text.startsWith('data: {')).toBe(true);
    expect(JSON.parse(text.slice(6)).cost_usd).toBeGreaterThan(0);
  });

  it('raises its ApiError for a refusal of the provider, with the wait it asks for', async () => {
    upstream.behave(answerJson(429, JSON.parse(recorded('google-429-retry-info.json'))));
    const error = await client.models.generateContent({ model: 'google/gemini-limited', contents }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ApiError);
    expect(error.status).toBe(429);
    const body = JSON.parse(error.message);
    expect(body.error).toMatchObject({ code: 429, status: 'RESOURCE_EXHAUSTED' });
    expect(body.error.details[0].reason).toBe('rate_limit_exceeded');
    expect(body.error.details).toContainEqual({ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '35s' });
  });

  it('raises its ApiError when a stream dies in the middle', async () => {
    const [first = ''] = recordedLines('google-text.chunks.txt');
    upstream.behave(async (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`data: ${first}\n\n`);
      await pause(30);
      response.destroy();
    });
    let text = '';
    const reading = (async () => {
      for await (const chunk of await client.models.generateContentStream({ model, contents })) text += chunk.text ?? '';
    })();
    await expect(reading).rejects.toBeInstanceOf(ApiError);
    expect(text).toBe('There are **3**');
  });

  it('keeps a conversation whose tool calls carry signatures', async () => {
    upstream.behave(answerJson(200, JSON.parse(recorded('google-tool-call.json'))));
    const chat = client.chats.create({ model, config: { tools: [{ functionDeclarations: [{ name: 'weather' }] }] } });
    const first = await chat.sendMessage({ message: 'Weather in San Francisco?' });
    expect(first.functionCalls?.[0]).toMatchObject({ name: 'weather', args: { location: 'San Francisco' } });
    upstream.behave(answerJson(200, JSON.parse(recorded('google-text.json'))));
    await chat.sendMessage({ message: [{ functionResponse: { name: 'weather', response: { sky: 'clear' } } }] });
    const sent = JSON.parse(upstream.received.at(-1)?.body ?? '');
    const part = JSON.parse(recorded('google-tool-call.json')).candidates[0].content.parts[0];
    expect(sent.contents[1].parts[0]).toEqual(part);
    expect(sent.contents[2].parts[0]).toEqual({ functionResponse: { name: 'weather', response: { sky: 'clear' } } });
  });
});

describe.skipIf(!existsSync(folder))('The AI SDK with its Google package', () => {
  it('reads a recorded answer and a recorded stream', async () => {
    const google = createGoogle({ baseURL: `${gateway.url}/v1beta`, apiKey: gateway.key });
    upstream.behave(answerJson(200, JSON.parse(recorded('google-text.json'))));
    const whole = await generateText({ model: google(model), prompt: contents });
    expect(whole.text).toBe(JSON.parse(recorded('google-text.json')).candidates[0].content.parts[0].text);
    expect(whole.usage).toMatchObject({ inputTokens: 9, outputTokens: 272 });
    upstream.behave(answerStream(recordedLines('google-text.chunks.txt'), { done: false }));
    const stream = streamText({ model: google(model), prompt: contents });
    expect(await stream.text).toBe('There are **3** "r"s in strawberry.\n\nst**r**awbe**rr**y');
    expect(await stream.finishReason).toBe('stop');
  });
});

describe('counting tokens', () => {
  it("is Google's own business where the model is Google's", async () => {
    upstream.behave(answerJson(200, { totalTokens: 31, promptTokensDetails: [{ modality: 'TEXT', tokenCount: 31 }] }));
    expect(await client.models.countTokens({ model, contents })).toMatchObject({ totalTokens: 31 });
    expect(upstream.received[0]?.path).toBe('/v1beta/models/gemini-3-pro-preview:countTokens');
    const whole = { generateContentRequest: { model: `models/${model}`, contents: [{ parts: [{ text: 'Hi' }] }] } };
    expect((await post(`/v1beta/models/${model}:countTokens`, whole)).status).toBe(200);
    expect(JSON.parse(upstream.received.at(-1)?.body ?? '').generateContentRequest.model).toBe('models/gemini-3-pro-preview');
  });

  it('is an estimate that says so for any other model', async () => {
    const response = await post('/v1beta/models/echo/ok:countTokens', { contents: [{ parts: [{ text: 'Hello there' }] }] });
    expect(response.headers.get('x-sluice-estimated')).toBe('true');
    expect(JSON.parse(await response.text()).totalTokens).toBeGreaterThan(2);
  });
});

describe('a path', () => {
  it.each([
    ['a slash', `/v1beta/models/${model}:generateContent`],
    ['the slash encoded', `/v1beta/models/${encodeURIComponent(model)}:generateContent`],
    ['everything encoded', `/v1beta/models/${encodeURIComponent(`${model}:generateContent`)}`],
    ['a route', '/v1beta/models/smart:generateContent'],
    ['the stable version', `/v1/models/${model}:generateContent`],
  ])('may name the model with %s', async (_how, path) => {
    upstream.behave(answerJson(200, { candidates: [{ content: { parts: [{ text: 'Hi' }] }, finishReason: 'STOP' }] }));
    const response = await post(path, { contents: [{ parts: [{ text: 'Hi' }] }] });
    expect(response.status).toBe(200);
    expect(response.headers.get('x-sluice-model')).toBe(model);
  });

  it('to an unknown model is refused in the shape of Google', async () => {
    const response = await post('/v1beta/models/mystery-9:generateContent', { contents: [{ parts: [{ text: 'Hi' }] }] });
    expect(response.status).toBe(404);
    expect(JSON.parse(await response.text()).error).toMatchObject({
      code: 404,
      status: 'NOT_FOUND',
      details: [{ reason: 'model_not_found' }, {}],
    });
  });

  it('for a method that is not served is told where it is, in the shape of Google under either version', async () => {
    for (const path of ['/v1/interactions', '/v1beta/interactions', '/v1/models/google/gemini-embedding-001:batchEmbedContents']) {
      const response = await post(path, {}, { 'x-goog-api-client': 'google-genai-sdk/3.1.0' });
      const { error } = JSON.parse(await response.text());
      expect(error, path).toMatchObject({ code: 404, status: 'NOT_FOUND', message: expect.stringContaining('/v1/providers/google') });
    }
  });

  it('without a key is refused in the shape of Google, and takes the key from the query too', async () => {
    const refused = await post(`/v1beta/models/${model}:generateContent`, {}, { 'x-goog-api-key': '' });
    expect(refused.status).toBe(401);
    expect(JSON.parse(await refused.text()).error).toMatchObject({ code: 401, status: 'UNAUTHENTICATED' });
    upstream.behave(answerJson(200, { candidates: [{ content: { parts: [{ text: 'Hi' }] }, finishReason: 'STOP' }] }));
    const taken = await post(
      `/v1beta/models/${model}:generateContent?key=${gateway.key}`,
      { contents: [{ parts: [{ text: 'Hi' }] }] },
      { 'x-goog-api-key': '' },
    );
    expect(taken.status).toBe(200);
    expect(upstream.received.at(-1)?.path).not.toContain(gateway.key);
  });
});

describe.skipIf(!existsSync(folder))('a stream without alt=sse', () => {
  it('is one JSON array, and stays one when the provider dies', async () => {
    const lines = recordedLines('google-text.chunks.txt');
    upstream.behave(answerStream(lines, { done: false }));
    const response = await post(`/v1beta/models/${model}:streamGenerateContent`, { contents: [{ parts: [{ text: 'Hi' }] }] });
    expect(response.headers.get('content-type')).toBe('application/json');
    const chunks = JSON.parse(await response.text());
    expect(chunks).toHaveLength(lines.length);
    expect(chunks.at(-1).cost_usd).toBeGreaterThan(0);

    upstream.behave(async (_request, answer) => {
      answer.writeHead(200, { 'content-type': 'text/event-stream' });
      answer.write(`data: ${lines[0]}\n\n`);
      await pause(30);
      answer.destroy();
    });
    const cut = await post(`/v1beta/models/${model}:streamGenerateContent`, { contents: [{ parts: [{ text: 'Hi' }] }] });
    const parts = JSON.parse(await cut.text());
    expect(parts).toHaveLength(2);
    expect(parts[1].error).toMatchObject({ code: 502, status: 'UNAVAILABLE' });
  });
});
