import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway({ config: { models: { kept: { targets: ['echo/ok'], cache: { ttl_seconds: 3600 } } } } });
});
afterAll(() => gateway?.close());

async function post(path: string, body: object, headers: Record<string, string> = {}) {
  const response = await fetch(`${gateway.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${gateway.key}`, ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, cache: response.headers.get('x-sluice-cache'), text: await response.text() };
}

const text = 'Every dialect keeps and gives';
/** A question of each dialect's own, because the same one may be answered by what another dialect got. */
const asked = (name: string): string => `${text}, ${name}`;

/** How each dialect asks, whole and streamed, and what its streams end in. */
const dialects = [
  [
    'chat completions',
    '/v1/chat/completions',
    '/v1/chat/completions',
    { messages: [{ role: 'user', content: asked('chat') }] },
    'data: [DONE]',
  ],
  [
    'messages',
    '/v1/messages',
    '/v1/messages',
    { messages: [{ role: 'user', content: asked('messages') }], max_tokens: 100 },
    '"message_stop"',
  ],
  ['responses', '/v1/responses', '/v1/responses', { input: asked('responses') }, '"response.completed"'],
  ['completions', '/v1/completions', '/v1/completions', { prompt: asked('completions') }, 'data: [DONE]'],
  [
    'gemini',
    '/v1beta/models/kept:generateContent',
    '/v1beta/models/kept:streamGenerateContent?alt=sse',
    { contents: [{ role: 'user', parts: [{ text: asked('gemini') }] }] },
    '"finishReason":"STOP"',
  ],
] as const;

describe('the cache, in every dialect that streams', () => {
  it.each(dialects)('serves a body from a stream and a stream from a body: %s', async (_name, path, streamPath, question, end) => {
    const whole = { model: 'kept', ...question };
    const streamed = path === streamPath ? { ...whole, stream: true } : whole;
    const first = await post(streamPath, streamed);
    expect(first).toMatchObject({ status: 200, cache: 'miss' });
    await expect.poll(async () => (await post(path, whole)).cache).toBe('hit');
    const body = await post(path, whole);
    for (const word of text.split(' ')) expect(body.text).toContain(word);
    expect(JSON.parse(body.text)).toBeTypeOf('object');
    const replayed = await post(streamPath, streamed);
    expect(replayed.cache).toBe('hit');
    expect(replayed.text).toContain(end);

    const namespace = { 'x-sluice-cache-namespace': 'whole first' };
    const original = await post(path, whole, namespace);
    expect(original.cache).toBe('miss');
    await expect.poll(async () => (await post(path, whole, namespace)).cache).toBe('hit');
    expect((await post(path, whole, namespace)).text).toBe(original.text);
    const stream = await post(streamPath, streamed, namespace);
    expect(stream.cache).toBe('hit');
    expect(stream.text).toContain(end);
    for (const word of text.split(' ')) expect(stream.text).toContain(word);
  });

  it.each([
    ['/v1/embeddings', { input: text }],
    ['/v1/rerank', { query: 'a', documents: ['a b', 'c'] }],
    ['/v1/moderations', { input: text }],
  ])('serves what never streams: %s', async (path, question) => {
    const body = { model: 'kept', ...question };
    const first = await post(path, body);
    expect(first).toMatchObject({ status: 200, cache: 'miss' });
    await expect.poll(async () => (await post(path, body)).cache).toBe('hit');
    expect((await post(path, body)).text).toBe(first.text);
  });

  it('keeps a dialect apart that the provider speaks itself', async () => {
    const question = { model: 'kept', messages: [{ role: 'user', content: 'one for each' }], max_tokens: 50 };
    expect((await post('/v1/chat/completions', question)).cache).toBe('miss');
    expect((await post('/v1/messages', question)).cache).toBe('miss');
  });
});
