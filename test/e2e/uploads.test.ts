import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI, { toFile } from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newUploadId } from '../../shared/uploads/upload-id.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { answerJson, configFor, startUpstream, type TestUpstream } from '../support/upstream.ts';

const completion = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Seen.' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1_000, completion_tokens: 2, total_tokens: 1_002 },
};

let upstream: TestUpstream;
let gateway: TestGateway;
let folder: string;
let uploadingFetch: typeof fetch;

beforeAll(async () => {
  upstream = await startUpstream();
  folder = await mkdtemp(join(tmpdir(), 'sluice-uploads-test-'));
  gateway = await startGateway({
    dataFolder: folder,
    config: configFor(upstream, { defaults: { retries: 0 } }),
    environment: { UP_KEY: 'provider-secret', SLUICE_UPLOAD_MAX_MB: '21' },
  });
  uploadingFetch = await fetchOfTheDocs();
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  upstream.received.length = 0;
  upstream.behave(answerJson(200, completion));
});

/** The very code that the page of the client shows. */
async function fetchOfTheDocs(): Promise<typeof fetch> {
  const page = await readFile('docs/clients/openai.md', 'utf8');
  const code = page.slice(page.indexOf('```js\n') + 6, page.indexOf('\n```\n\n```ts\nconst client = new OpenAI({ baseURL, '));
  process.env.SLUICE_URL = gateway.url;
  return (await import(`data:text/javascript,${encodeURIComponent(code)}`)).uploadingFetch;
}

interface Upload {
  readonly id: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly max_bytes: number;
  readonly expires_at: string;
  readonly method: string;
}

const post = (path: string, body: string, headers: Record<string, string> = {}, key = gateway.key) =>
  fetch(`${gateway.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    body,
  });

async function uploadsAnswer(wanted: object = {}, key = gateway.key): Promise<Upload> {
  const response = await post('/v1/uploads', JSON.stringify(wanted), {}, key);
  expect(response.status).toBe(200);
  return JSON.parse(await response.text());
}

async function uploaded(body: object, key = gateway.key): Promise<string> {
  const { id, url, headers } = await uploadsAnswer({}, key);
  expect((await fetch(url, { method: 'PUT', headers, body: JSON.stringify(body) })).status).toBe(200);
  return id;
}

const errorOf = async (response: Response) => ({ status: response.status, error: JSON.parse(await response.text()).error });
const image = (megabytes: number) => `data:image/png;base64,${randomBytes(megabytes * 786_432).toString('base64')}`;
const callWith = (url: string) => ({
  model: 'up/m',
  messages: [{ role: 'user' as const, content: [{ type: 'image_url' as const, image_url: { url } }] }],
});

describe('a body that is too large for an invocation', () => {
  it.each([7, 20])('of %i MB reaches the provider whole, sent by the OpenAI client', async (megabytes) => {
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key, maxRetries: 0, fetch: uploadingFetch });
    const url = image(megabytes);
    const { data, response } = await client.chat.completions.create(callWith(url)).withResponse();
    expect(data.choices[0]?.message.content).toBe('Seen.');
    expect(response.headers.get('server-timing')).toContain('body;dur=');
    expect(upstream.received).toHaveLength(1);
    const [sent] = upstream.received;
    expect(JSON.parse(sent?.body ?? '')).toEqual({ ...callWith(url), model: 'm' });
    expect(sent?.headers['x-sluice-body']).toBeUndefined();
  });

  it('that is a form with sound reaches the provider byte by byte', async () => {
    upstream.behave(answerJson(200, { text: 'Hello', usage: { type: 'duration', seconds: 7 } }));
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key, maxRetries: 0, fetch: uploadingFetch });
    const sound = randomBytes(7_000_000);
    const { text } = await client.audio.transcriptions.create({
      model: 'up/m',
      file: await toFile(sound, 'talk.mp3', { type: 'audio/mpeg' }),
    });
    expect(text).toBe('Hello');
    expect(upstream.received[0]?.bytes.includes(sound)).toBe(true);
    expect(upstream.received[0]?.headers['content-type']).toMatch(/^multipart\/form-data/);
  });

  it('is answered to the Anthropic client too', async () => {
    const client = new Anthropic({ baseURL: gateway.url, apiKey: gateway.key, maxRetries: 0, fetch: uploadingFetch });
    const [, data = ''] = image(7).split(',');
    const message = await client.messages.create({
      model: 'up/m',
      max_tokens: 9,
      messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data } }] }],
    });
    expect(message.content).toMatchObject([{ type: 'text', text: 'Seen.' }]);
    expect(upstream.received[0]?.body).toContain(data);
  });

  it('streams its answer', async () => {
    const id = await uploaded({ model: 'echo/ok', stream: true, messages: [{ role: 'user', content: `One two ${'x'.repeat(7e6)}` }] });
    const response = await post('/v1/chat/completions', '{}', { 'x-sluice-body': id });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect((await response.text()).trimEnd()).toMatch(/data: \[DONE\]$/);
  });

  it('is refused when it is sent as it is, in the words of its dialect, which name the way', async () => {
    const body = JSON.stringify(callWith(image(7)));
    const anthropic = new Anthropic({ baseURL: gateway.url, apiKey: gateway.key, maxRetries: 0 });
    await expect(anthropic.post('/v1/messages', { body: JSON.parse(body) })).rejects.toMatchObject({
      status: 413,
      type: 'request_too_large',
      message: expect.stringContaining('POST /v1/uploads'),
    });
    expect(await errorOf(await post('/v1beta/models/m:generateContent', body))).toMatchObject({
      status: 413,
      error: { code: 413, status: 'INVALID_ARGUMENT', message: expect.stringContaining('x-sluice-body') },
    });
    expect(await errorOf(await post('/v1/responses', body))).toMatchObject({ status: 413, error: { code: 'request_too_large' } });
  });
});

describe('a named upload', () => {
  it.each([
    ['/v1/chat/completions', { model: 'echo/ok', messages: [{ role: 'user', content: 'Hi' }] }, 'choices'],
    ['/v1/responses', { model: 'echo/ok', input: 'Hi' }, 'output'],
    ['/v1/messages', { model: 'echo/ok', max_tokens: 10, messages: [{ role: 'user', content: 'Hi' }] }, 'content'],
    ['/v1/messages/count_tokens', { model: 'echo/ok', messages: [{ role: 'user', content: 'Hi' }] }, 'input_tokens'],
    ['/v1/completions', { model: 'echo/ok', prompt: 'Hi' }, 'choices'],
    ['/v1/embeddings', { model: 'echo/ok', input: 'Hi' }, 'data'],
    ['/v1/rerank', { model: 'echo/ok', query: 'a', documents: ['a'] }, 'results'],
    ['/v1/images/generations', { model: 'echo/ok', prompt: 'A cat' }, 'data'],
    ['/v1/moderations', { model: 'echo/ok', input: 'Hi' }, 'results'],
    ['/v1beta/models/echo/ok:generateContent', { contents: [{ role: 'user', parts: [{ text: 'Hi' }] }] }, 'candidates'],
  ])('is the body of a request at %s', async (path, body, field) => {
    const response = await post(path, '{}', { 'x-sluice-body': await uploaded(body) });
    expect(response.status).toBe(200);
    expect(JSON.parse(await response.text())).toHaveProperty(field);
  });

  it('is the body of what passes through', async () => {
    const { key } = await gateway.createKey({ name: 'passing' });
    const id = await uploaded({ input_file_id: 'file-1' }, key);
    await post('/v1/providers/up/batches', '', { 'x-sluice-body': id }, key);
    expect(upstream.received).toMatchObject([{ path: '/v1/batches', body: '{"input_file_id":"file-1"}' }]);
  });

  it('can be named again, and is the same request to an Idempotency-Key', async () => {
    const [one, other] = [await uploaded(callWith('https://a/1.png')), await uploaded(callWith('https://a/2.png'))];
    const send = (id: string) => post('/v1/chat/completions', '{}', { 'x-sluice-body': id, 'idempotency-key': 'k-1' });
    expect((await send(one)).status).toBe(200);
    const again = await send(one);
    expect(again.headers.get('x-sluice-idempotent-replayed')).toBe('true');
    expect((await errorOf(await send(other))).error.code).toBe('idempotency_conflict');
    expect(upstream.received).toHaveLength(1);
  });

  it('is bounded and held for like any other body', async () => {
    const { key } = await gateway.createKey({ name: 'poor', limits: { budgets: [{ amount_usd: 0.001, period: 'day' }] } });
    // Seven million bytes of text may be as many tokens, at a dollar a million.
    const id = await uploaded({ model: 'up/m', messages: [{ role: 'user', content: 'x'.repeat(7e6) }] }, key);
    expect((await errorOf(await post('/v1/chat/completions', '{}', { 'x-sluice-body': id }, key))).error.code).toBe('budget_exceeded');
    expect(upstream.received).toEqual([]);
  });

  it('with a mistake in it is refused as it would be otherwise', async () => {
    const id = await uploaded({ model: 'up/m' });
    const { status, error } = await errorOf(await post('/v1/chat/completions', '{}', { 'x-sluice-body': id }));
    expect({ status, param: error.param }).toEqual({ status: 400, param: 'messages' });
  });

  it('that never came, is no id or is another key’s is refused in the dialect', async () => {
    const { id } = await uploadsAnswer();
    expect(await errorOf(await post('/v1/chat/completions', '{}', { 'x-sluice-body': id }))).toMatchObject({
      status: 404,
      error: { code: 'not_found', param: 'x-sluice-body' },
    });
    expect(await errorOf(await post('/v1/messages', '{}', { 'x-sluice-body': '../../../etc/passwd' }))).toMatchObject({
      status: 400,
      error: { type: 'invalid_request_error' },
    });
    const { key } = await gateway.createKey({ name: 'other' });
    const others = await uploaded(callWith('https://a/1.png'));
    expect((await errorOf(await post('/v1/chat/completions', '{}', { 'x-sluice-body': others }, key))).status).toBe(404);
    const old = newUploadId(Date.now() - 86_400_000);
    expect((await errorOf(await post('/v1/chat/completions', '{}', { 'x-sluice-body': old }))).error.message).toContain('has expired');
  });

  it('beside a body is refused', async () => {
    const id = await uploaded(callWith('https://a/1.png'));
    const { status, error } = await errorOf(await post('/v1/chat/completions', '{"model":"up/m"}', { 'x-sluice-body': id }));
    expect({ status, param: error.param }).toEqual({ status: 400, param: 'x-sluice-body' });
  });

  it('that is larger than the gateway takes is refused', async () => {
    const id = await uploaded(callWith(image(22)));
    expect(await errorOf(await post('/v1/chat/completions', '{}', { 'x-sluice-body': id }))).toMatchObject({
      status: 413,
      error: { code: 'request_too_large', details: { max_bytes: 21 * 1024 * 1024 } },
    });
  });
});

describe('an upload named inside a body', () => {
  const picture = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10, 0, 255]);

  async function put(contentType: string, body: Buffer<ArrayBuffer>, key = gateway.key): Promise<string> {
    const { id, url, headers } = await uploadsAnswer({ content_type: contentType, bytes: body.length }, key);
    expect((await fetch(url, { method: 'PUT', headers, body })).status).toBe(200);
    return `sluice-upload:${id}`;
  }

  it('reaches the provider inline, by the OpenAI client and without a header, as often as it is named', async () => {
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key, maxRetries: 0 });
    const url = await put('image/png', picture);
    const content = [
      { type: 'text' as const, text: `What is ${url}?` },
      { type: 'image_url' as const, image_url: { url } },
    ];
    for (let turn = 0; turn < 2; turn += 1) await client.chat.completions.create({ model: 'up/m', messages: [{ role: 'user', content }] });
    const image = { type: 'image_url', image_url: { url: `data:image/png;base64,${picture.toString('base64')}` } };
    expect(upstream.received.map(({ body }) => JSON.parse(body).messages[0].content)).toEqual([
      [content[0], image],
      [content[0], image],
    ]);
  });

  it('is translated like any inline image, and may stand in a body that is an upload itself', async () => {
    const source = { type: 'url', url: await put('image/png', picture) };
    const id = await uploaded({
      model: 'up/m',
      max_tokens: 9,
      messages: [
        {
          role: 'user',
          content: [
            { type: 'image', source },
            { type: 'text', text: 'What?' },
          ],
        },
      ],
    });
    const response = await post('/v1/messages', '{}', { 'x-sluice-body': id });
    expect(response.status).toBe(200);
    expect(upstream.received[0]?.body).toContain(`data:image/png;base64,${picture.toString('base64')}`);
  });

  it('that is missing, another key’s, no medium or too large is refused with what to change', async () => {
    const call = (url: string) => post('/v1/chat/completions', JSON.stringify(callWith(url)));
    const { key } = await gateway.createKey({ name: 'another' });
    expect(await errorOf(await call(await put('image/png', picture, key)))).toMatchObject({ status: 404, error: { code: 'not_found' } });
    expect(await errorOf(await call('sluice-upload:nothing'))).toMatchObject({ status: 400, error: { param: 'sluice-upload:' } });
    expect((await errorOf(await call(await put('application/json', picture)))).error.message).toContain('content_type, such as image/png');
    expect(await errorOf(await call(await put('image/png', Buffer.alloc(17 * 1024 * 1024))))).toMatchObject({ status: 413 });
    expect(upstream.received).toEqual([]);
  });
});

describe('asking for an upload', () => {
  it('is answered with where, how, until when and how much', async () => {
    const upload = await uploadsAnswer({ bytes: 12, content_type: 'text/plain' });
    expect(upload).toEqual({
      id: expect.stringMatching(/^upload_[0-9a-z]{48}$/),
      url: expect.stringContaining(`${gateway.url}/uploads/`),
      method: 'PUT',
      headers: { 'content-type': 'text/plain', 'content-length': '12' },
      expires_at: expect.stringMatching(/^\d{4}-.*Z$/),
      max_bytes: 21 * 1024 * 1024,
    });
    expect(Date.parse(upload.expires_at) - Date.now()).toBeGreaterThan(14 * 60_000);
    expect((await post('/v1/uploads', '')).status).toBe(200);
  });

  it('needs a key, and is limited as a request', async () => {
    expect((await fetch(`${gateway.url}/v1/uploads`, { method: 'POST' })).status).toBe(401);
    const { key } = await gateway.createKey({ name: 'slow', limits: { requests_per_minute: 1 } });
    await uploadsAnswer({}, key);
    expect(await errorOf(await post('/v1/uploads', '{}', {}, key))).toMatchObject({ status: 429, error: { code: 'rate_limit_exceeded' } });
  });

  it('has its line in the log and its receipt, and neither shows where', async () => {
    const response = await post('/v1/uploads', '{}');
    const { url, id } = JSON.parse(await response.text()) as Upload;
    const requestId = response.headers.get('x-sluice-request-id');
    expect(await gateway.logged((line) => line.request_id === requestId)).toMatchObject({
      dialect: 'uploads',
      ending: 'answered',
      status: 200,
    });
    const receipt = await fetch(`${gateway.url}/v1/generation?id=${requestId}`, { headers: { authorization: `Bearer ${gateway.key}` } });
    expect(JSON.parse(await receipt.text()).data).toMatchObject({ dialect: 'uploads', cost_usd: 0 });
    for (const secret of [id, new URL(url).searchParams.get('signature') ?? url]) expect(gateway.logLines.join('\n')).not.toContain(secret);
  });

  it.each([
    [{ bytes: 0 }, 400, 'bytes'],
    [{ bytes: 'many' }, 400, 'bytes'],
    [{ content_type: 'no type\r\nx-evil: 1' }, 400, 'content_type'],
    [{ purpose: 'batch', bytes: 1 }, 400, 'purpose'],
    [{ bytes: 22 * 1024 * 1024 + 1 }, 413, 'bytes'],
  ])('with %o is refused', async (wanted, status, param) => {
    expect(await errorOf(await post('/v1/uploads', JSON.stringify(wanted)))).toMatchObject({ status, error: { param } });
  });
});

describe('putting an upload', () => {
  it.each<[string, (upload: Upload) => Promise<Response>]>([
    ['another content type', ({ url }) => fetch(url, { method: 'PUT', headers: { 'content-type': 'text/html' }, body: '{}' })],
    [
      'another length',
      ({ url, headers }) => fetch(url, { method: 'PUT', headers: { 'content-type': headers['content-type'] ?? '' }, body: '{ }' }),
    ],
    ['another path', ({ url, headers }) => fetch(url.replace(/upload_1/, 'upload_0'), { method: 'PUT', headers, body: '{}' })],
    ['a later end', ({ url, headers }) => fetch(url.replace(/expires=\d/, 'expires=9'), { method: 'PUT', headers, body: '{}' })],
    ['no signature', ({ url, headers }) => fetch(url.replace(/signature=\w+/, ''), { method: 'PUT', headers, body: '{}' })],
  ])('with %s is refused', async (_what, put) => {
    const upload = await uploadsAnswer({ bytes: 2 });
    const response = await put(upload);
    expect(response.status).toBe(403);
    expect((await post('/v1/chat/completions', '{}', { 'x-sluice-body': upload.id })).status).toBe(404);
  });

  it('that breaks off leaves nothing', async () => {
    const { id, url, headers } = await uploadsAnswer();
    const abort = new AbortController();
    const body = new ReadableStream({
      start: (controller) => {
        controller.enqueue(new Uint8Array(1_000));
        setTimeout(() => abort.abort(), 50);
      },
    });
    await expect(fetch(url, { method: 'PUT', headers, body, duplex: 'half', signal: abort.signal } as RequestInit)).rejects.toThrow();
    expect((await post('/v1/chat/completions', '{}', { 'x-sluice-body': id })).status).toBe(404);
  });
});

describe('where S3 is', () => {
  it('gone or slow, a call ends in an error that says to try again, and is logged', async () => {
    const s3 = await startUpstream((_request, response) => void response.writeHead(500).end('<Error><Code>InternalError</Code></Error>'));
    const apart = await startGateway({
      environment: {
        SLUICE_UPLOAD_BUCKET: 'bucket',
        AWS_ENDPOINT_URL_S3: s3.url.replace('/v1', ''),
        AWS_ACCESS_KEY_ID: 'AKID',
        AWS_SECRET_ACCESS_KEY: 'secret',
      },
    });
    try {
      const headers = { authorization: `Bearer ${apart.key}`, 'content-type': 'application/json' };
      const asked = await fetch(`${apart.url}/v1/uploads`, { method: 'POST', headers });
      const upload = JSON.parse(await asked.text()) as Upload;
      expect(upload.url).toContain('X-Amz-Signature=');
      const response = await fetch(`${apart.url}/v1/messages`, {
        method: 'POST',
        headers: { ...headers, 'x-sluice-body': upload.id },
        body: '{}',
      });
      expect(response.headers.get('retry-after')).toBe('1');
      expect(await errorOf(response)).toMatchObject({ status: 503, error: { type: 'overloaded_error' } });
      await apart.logged((line) => line.message === 'upload not read' && JSON.stringify(line).includes('S3 answered 500'));
      await s3.close();
      const gone = await fetch(`${apart.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { ...headers, 'x-sluice-body': upload.id },
        body: '{}',
      });
      expect((await errorOf(gone)).error.code).toBe('store_unavailable');
    } finally {
      await apart.close();
    }
  });
});
