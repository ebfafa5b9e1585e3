import { request } from 'node:http';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { answerJson, configFor, pause, startUpstream, type TestUpstream } from '../support/upstream.ts';

let upstream: TestUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startUpstream();
  const { providers, ...config } = configFor(upstream) as { providers: object };
  const anthropic = { base_url: new URL(upstream.url).origin, allow_private_address: true, api_key: 'env:UP_KEY' };
  gateway = await startGateway({
    config: {
      ...config,
      providers: { ...providers, anthropic, google: anthropic },
      prices: { 'up/m': { input: 1, output: 2 }, 'up/batches': { per_request: 0.25 } },
      defaults: { retries: 0, timeouts: { first_byte_ms: 500, idle_ms: 300 } },
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

const send = (path: string, init: RequestInit & { key?: string } = {}) =>
  fetch(`${gateway.url}/v1/providers/${path}`, {
    ...init,
    headers: { authorization: `Bearer ${init.key ?? gateway.key}`, ...init.headers },
  });

/** Without the tidying up that `fetch` does to paths. */
const sendRaw = (path: string) =>
  new Promise<{ status: number; body: string }>((resolve, reject) => {
    const { hostname, port } = new URL(gateway.url);
    const outgoing = request({ hostname, port, path, headers: { authorization: `Bearer ${gateway.key}` } }, async (incoming) => {
      let body = '';
      for await (const chunk of incoming) body += chunk;
      resolve({ status: incoming.statusCode ?? 0, body });
    });
    outgoing.on('error', reject).end();
  });

describe('a request', () => {
  it('reaches the provider with its method, query, body and the gateway’s own key', async () => {
    upstream.behave(answerJson(201, { id: 'batch_1' }, { 'x-request-id': 'req_up', 'x-internal': 'no' }));
    const response = await send('up/batches?after=a%20b&tag=1&tag=2&key=secret', {
      method: 'PATCH',
      headers: {
        'content-type': 'application/json',
        'openai-beta': 'assistants=v2',
        'openai-organization': 'org-x',
        cookie: 'a=b',
        'x-sluice-session': 's',
        traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      },
      body: '{"input_file_id":"file-1"}',
    });
    expect(response.status).toBe(201);
    expect(await response.json()).toEqual({ id: 'batch_1' });
    expect(response.headers.get('x-request-id')).toBe('req_up');
    expect(response.headers.get('x-internal')).toBeNull();
    expect(response.headers.get('x-sluice-provider')).toBe('up');
    const [sent] = upstream.received;
    expect(sent).toMatchObject({ method: 'PATCH', path: '/v1/batches?after=a+b&tag=1&tag=2', body: '{"input_file_id":"file-1"}' });
    expect(sent?.headers).toMatchObject({
      authorization: 'Bearer provider-secret',
      'openai-beta': 'assistants=v2',
      'content-type': 'application/json',
    });
    for (const name of ['openai-organization', 'cookie', 'x-sluice-session', 'x-forwarded-for'])
      expect(sent?.headers[name]).toBeUndefined();
    // The trace goes on, by a span of the gateway's.
    expect(sent?.headers.traceparent).toMatch(/^00-4bf92f3577b34da6a3ce929d0e0e4736-(?!00f067aa0ba902b7)[0-9a-f]{16}-01$/);
    expect(JSON.stringify(sent)).not.toContain(gateway.key);
  });

  it('carries files up and down as the bytes they are', async () => {
    const client = new OpenAI({ baseURL: `${gateway.url}/v1/providers/up`, apiKey: gateway.key, maxRetries: 0 });
    upstream.behave(answerJson(200, { id: 'file-1', object: 'file' }));
    const created = await client.files.create({ purpose: 'batch', file: new File([new Uint8Array([0, 255, 13, 10])], 'x.bin') });
    expect(created.id).toBe('file-1');
    expect(upstream.received[0]?.headers['content-type']).toMatch(/^multipart\/form-data/);
    upstream.behave((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-disposition': 'attachment' });
      response.end(Buffer.from([0, 255, 13, 10]));
    });
    const content = await client.files.content('file-1');
    expect([...new Uint8Array(await content.arrayBuffer())]).toEqual([0, 255, 13, 10]);
    expect(content.headers.get('content-disposition')).toBe('attachment');
    upstream.behave(answerJson(200, { id: 'file-1', deleted: true }));
    expect(await client.files.delete('file-1')).toMatchObject({ deleted: true });
    expect(upstream.received.at(-1)).toMatchObject({ method: 'DELETE', path: '/v1/files/file-1' });
  });

  it("may come from a vendor's own client, which puts the version of its API before every path", async () => {
    upstream.behave(answerJson(200, { id: 'interaction-1', status: 'completed', outputs: [] }));
    const google = new GoogleGenAI({ apiKey: gateway.key, httpOptions: { baseUrl: `${gateway.url}/v1/providers/google` } });
    await google.interactions.create({ model: 'gemini-4-argon', input: 'Hello' });
    expect(upstream.received.at(-1)).toMatchObject({ method: 'POST', path: '/v1/interactions' });
    expect(upstream.received.at(-1)?.headers['x-goog-api-key']).toBe('provider-secret');
    upstream.behave(answerJson(200, { data: [], has_more: false, first_id: null, last_id: null }));
    const anthropic = new Anthropic({ apiKey: gateway.key, baseURL: `${gateway.url}/v1/providers/anthropic`, maxRetries: 0 });
    await anthropic.messages.batches.list();
    expect(upstream.received.at(-1)).toMatchObject({ method: 'GET', path: '/v1/messages/batches' });
  });

  it('is answered as it flows, and ends at the provider when the caller leaves', async () => {
    upstream.behave(async (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (let index = 0; index < 100 && !response.destroyed; index += 1) {
        response.write(`data: ${index}\n\n`);
        await pause(30);
      }
      response.end();
    });
    const abort = new AbortController();
    const response = await send('up/threads/runs', { method: 'POST', body: '{}', signal: abort.signal });
    const reader = response.body?.getReader();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toContain('data: 0');
    abort.abort();
    await expect(Promise.race([upstream.received[0]?.aborted.then(() => 'aborted'), pause(3000).then(() => 'open')])).resolves.toBe(
      'aborted',
    );
  });

  it('is logged and counted like any call', async () => {
    upstream.behave(answerJson(200, { data: [] }));
    const response = await send('up/files');
    const id = response.headers.get('x-sluice-request-id');
    await response.text();
    await expect(gateway.logged((line) => JSON.stringify(line).includes(String(id)) && line.message === 'call')).resolves.toMatchObject({
      dialect: 'pass-through',
      status: 200,
    });
  });
});

describe('the version of an API', () => {
  it.each([
    ['that the caller names', { 'anthropic-version': '2026-10-21' }, '2026-10-21'],
    ['that the catalogue knows, where the caller names none', {}, '2023-06-01'],
  ])('reaches the provider: the one %s', async (_which, headers, version) => {
    upstream.behave(answerJson(200, { data: [] }));
    expect((await send('anthropic/files', { headers })).status).toBe(200);
    expect(upstream.received[0]?.headers['anthropic-version']).toBe(version);
  });
});

describe('a refusal of the provider', () => {
  it('passes as it is, but for one that may repeat the key', async () => {
    upstream.behave(answerJson(404, { error: { message: 'No such file' } }));
    const missing = await send('up/files/none');
    expect(missing.status).toBe(404);
    expect(await missing.json()).toEqual({ error: { message: 'No such file' } });
    upstream.behave(answerJson(401, { error: { message: 'Incorrect API key: provider-secret' } }));
    const refused = await send('up/files');
    expect(refused.status).toBe(502);
    expect(await refused.text()).not.toContain('provider-secret');
  });

  it('of the connection is an error with its code', async () => {
    upstream.behave((_request, response) => void response.destroy());
    expect((await send('up/files')).status).toBe(502);
    upstream.behave(() => {});
    const slow = await send('up/files');
    expect(slow.status).toBe(504);
    expect(JSON.parse(await slow.text()).error.code).toBe('provider_timeout');
  });
});

describe('a path', () => {
  it.each([
    '/v1/providers/up/../admin',
    '/v1/providers/up/files/..%2f..%2fadmin',
    '/v1/providers/up/%2e%2e/admin',
    '/v1/providers/up/%252e%252e/admin',
    '/v1/providers/up/%25252e%25252e/admin',
    '/v1/providers/up//evil.example/x',
    '/v1/providers/up/a//b',
    '/v1/providers/up/a%5cb',
    '/v1/providers/up/a%00b',
    '/v1/providers/up/./files',
    '/v1/providers/up/a%0d%0ax-evil:1',
  ])('such as %s leads nowhere', async (path) => {
    upstream.behave(answerJson(200, { leaked: true }));
    const { status, body } = await sendRaw(path);
    expect([400, 404]).toContain(status);
    expect(body).not.toContain('leaked');
    expect(upstream.received).toEqual([]);
  });

  it('with harmless encoding arrives in one spelling', async () => {
    upstream.behave(answerJson(200, {}));
    for (const path of ['models/ft:gpt%2d4', 'models/ft%3Agpt-4']) expect((await sendRaw(`/v1/providers/up/${path}`)).status).toBe(200);
    expect(upstream.received.map(({ path }) => path)).toEqual(['/v1/models/ft:gpt-4', '/v1/models/ft:gpt-4']);
  });

  it('may end as a Gemini call does', async () => {
    upstream.behave(answerJson(200, { embedding: {} }));
    const response = await send('up/models/x:generateContent', { method: 'POST', body: '{}' });
    expect(response.status).toBe(200);
    expect(upstream.received[0]?.path).toBe('/v1/models/x:generateContent');
  });
});

describe('a key', () => {
  it('that is missing or wrong reaches nothing', async () => {
    const response = await fetch(`${gateway.url}/v1/providers/up/files`);
    expect(response.status).toBe(401);
    expect((await send('up/files', { key: 'sk-wrong' })).status).toBe(401);
    expect(upstream.received).toEqual([]);
  });

  it('of some models may not pass to where none is named', async () => {
    upstream.behave(answerJson(200, {}));
    const { key: narrow } = await gateway.createKey({ name: 'narrow', models: ['up/m'] });
    const refused = await send('up/files', { key: narrow });
    expect(refused.status).toBe(403);
    expect(JSON.parse(await refused.text()).error.code).toBe('model_not_allowed');
    const { key: wide } = await gateway.createKey({ name: 'wide', models: ['up/*'] });
    expect((await send('up/files', { key: wide })).status).toBe(200);
  });

  it('under a budget passes only what has a known cost, and pays it', async () => {
    const { key } = await gateway.createKey({ name: 'budgeted', limits: { budgets: [{ amount_usd: 0.6, period: 'day' }] } });
    upstream.behave(answerJson(200, {}));
    const unknown = await send('up/fine_tuning/jobs', { key, method: 'POST', body: '{}' });
    expect(unknown.status).toBe(402);
    expect(JSON.parse(await unknown.text()).error.code).toBe('unpriced_model');
    expect(upstream.received).toEqual([]);
    // Reading makes nothing that could be billed.
    expect((await send('up/files', { key })).status).toBe(200);
    for (let count = 0; count < 2; count += 1) {
      const response = await send(count === 0 ? 'up/batches' : 'up/v1/batches', { key, method: 'POST', body: '{}' });
      expect(response.status).toBe(200);
      await response.text();
    }
    const spent = async () => (await fetch(`${gateway.url}/v1/key`, { headers: { authorization: `Bearer ${key}` } })).text();
    await expect.poll(spent).toContain('"spent_usd":0.5');
    const third = await send('up/batches', { key, method: 'POST', body: '{}' });
    expect(third.status).toBe(402);
    expect(JSON.parse(await third.text()).error.code).toBe('budget_exceeded');
    upstream.behave(answerJson(400, { error: {} }));
  });

  it('is held to its rate', async () => {
    upstream.behave(answerJson(200, {}));
    const { key } = await gateway.createKey({ name: 'slow', limits: { requests_per_minute: 1 } });
    expect((await send('up/files', { key })).status).toBe(200);
    const second = await send('up/files', { key });
    expect(second.status).toBe(429);
    expect(second.headers.get('retry-after')).toMatch(/^\d+$/);
  });
});

describe('a provider', () => {
  it('that is unknown or built in is not reached', async () => {
    const unknown = await send('nobody/files');
    expect(unknown.status).toBe(404);
    expect(JSON.parse(await unknown.text()).error.message).toContain('up');
    expect((await send('echo/files')).status).toBe(404);
    expect(upstream.received).toEqual([]);
  });
});
