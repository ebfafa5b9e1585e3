import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleFunction } from '../../infra/aws/bundle.ts';
import { createMissingTables, localTableNames } from '../../infra/local/create-tables.ts';
import { type EmbeddedDynamoDb, startEmbeddedDynamoDb } from '../../infra/local/embedded-dynamodb.ts';
import { startUpstream, type TestUpstream } from '../support/upstream.ts';
import { chatChunk, type GatedUpstream, startGatedUpstream } from './gated-upstream.ts';
import { openProxyResponse, within } from './invocation.ts';
import { type ProxyRequest, proxyEvent } from './proxy-event.ts';
import { type LambdaRuntime, startRuntime } from './start-runtime.ts';

const adminKey = 'admin-key-under-test';
const prices = { input: 1, output: 2 };
let packages: string;
let database: EmbeddedDynamoDb;
let upstream: GatedUpstream;
let admin: LambdaRuntime;
let gateway: LambdaRuntime;
let key: string;
let s3: TestUpstream;

async function start(name: 'gateway' | 'admin'): Promise<LambdaRuntime> {
  const config = {
    providers: {
      local: {
        type: 'openai-compatible',
        base_url: upstream.url,
        api_key: 'env:UPSTREAM_KEY',
        allow_private_address: true,
        models: { m: { context_length: 8000, max_output_tokens: 100 } },
      },
    },
    prices: { 'local/*': prices },
  };
  const directory = join(packages, name);
  await bundleFunction({
    entry: join(import.meta.dirname, `../../functions/${name}/handler.ts`),
    directory,
    files: { 'gateway.json': JSON.stringify(config) },
  });
  const environment = {
    SLUICE_CONFIG: 'gateway.json',
    SLUICE_ADMIN_KEY: adminKey,
    DYNAMODB_ENDPOINT: database.endpoint,
    UPSTREAM_KEY: 'sk-up',
    SLUICE_UPLOAD_BUCKET: 'uploads',
    AWS_ENDPOINT_URL_S3: s3.url.replace('/v1', ''),
    AWS_ACCESS_KEY_ID: 'AKID',
    AWS_SECRET_ACCESS_KEY: 'secret',
  };
  return startRuntime({ bundleDir: directory, handler: 'index.handler', environment });
}

beforeAll(async () => {
  packages = await mkdtemp(join(tmpdir(), 'sluice-packages-'));
  [database, upstream, s3] = await Promise.all([startEmbeddedDynamoDb(undefined), startGatedUpstream(), startUpstream()]);
  await createMissingTables(database.endpoint, localTableNames({}));
  [gateway, admin] = await Promise.all([start('gateway'), start('admin')]);
  const limits = { budgets: [{ amount_usd: 1, period: 'total' }], parallel_requests: 5 };
  const created = await admin
    .invoke(proxyEvent({ method: 'POST', path: '/admin/keys', key: adminKey, body: { name: 'runtime test', limits } }))
    .bytes();
  key = JSON.parse(JSON.parse(created.toString()).body).key;
});
afterAll(async () => {
  await Promise.all([gateway?.stop(), admin?.stop()]);
  await upstream?.close();
  await s3?.close();
  await database?.close();
  await rm(packages, { recursive: true, force: true });
});

const invoke = (request: Omit<ProxyRequest, 'key'>) => gateway.invoke(proxyEvent({ ...request, key }));

const completion = (stream: boolean) =>
  invoke({
    method: 'POST',
    path: '/v1/chat/completions',
    body: { model: 'local/m', stream, max_tokens: 50, messages: [{ role: 'user', content: 'Count to three.' }] },
  });

async function textOf(body: AsyncIterable<{ readonly bytes: Buffer }>): Promise<string> {
  let text = '';
  for await (const chunk of body) text += chunk.bytes.toString('utf8');
  return text;
}

async function budget(): Promise<{ readonly spent_usd: number; readonly held_usd: number }> {
  const { head, body } = await openProxyResponse(invoke({ method: 'GET', path: '/v1/key' }));
  expect(head.statusCode).toBe(200);
  return JSON.parse(await textOf(body)).budgets[0];
}

const usage = { prompt_tokens: 10, completion_tokens: 3, total_tokens: 13 };
const costUsd = (10 * prices.input + 3 * prices.output) / 1_000_000;

describe('the gateway’s code package under the runtime client of AWS', () => {
  it('hands every chunk on before the provider makes the next one, and settles what was used', async () => {
    const before = await budget();
    let received: (() => void) | undefined;
    upstream.answer = async (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const word of ['one', 'two', 'three']) {
        const arrived = new Promise<void>((resolve) => {
          received = resolve;
        });
        response.write(chatChunk(word));
        await arrived;
      }
      response.end(`${chatChunk(undefined)}${chatChunk(undefined, { choices: [], usage })}data: [DONE]\n\n`);
    };
    const invocation = completion(true);
    const { head, body } = await within(10_000, openProxyResponse(invocation));
    expect(head).toMatchObject({ statusCode: 200, headers: { 'content-type': 'text/event-stream', 'x-sluice-provider': 'local' } });
    let text = '';
    for await (const chunk of body) {
      text += chunk.bytes.toString('utf8');
      if (/"content":"\w+"/.test(chunk.bytes.toString('utf8'))) received?.();
    }
    expect(text.match(/"content":"\w+"/g)).toEqual(['"content":"one"', '"content":"two"', '"content":"three"']);
    expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true);
    expect((await invocation.outcome).error).toBeUndefined();
    await within(10_000, invocation.finishedAtMs);
    const after = await budget();
    expect(after.spent_usd - before.spent_usd).toBeCloseTo(costUsd, 9);
    expect(after.held_usd).toBe(0);
  });

  it('answers a call that is not streamed', async () => {
    upstream.answer = (response) => {
      const message = { role: 'assistant', content: 'one two three' };
      const choices = [{ index: 0, message, finish_reason: 'stop' }];
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'm', choices, usage }));
    };
    const { head, body } = await openProxyResponse(completion(false));
    expect(head.statusCode).toBe(200);
    expect(JSON.parse(await textOf(body))).toMatchObject({ choices: [{ message: { content: 'one two three' } }] });
  });

  it('outlives a provider that dies in the middle of a stream: the stream ends in an error, and the call is settled', async () => {
    const before = await budget();
    upstream.answer = async (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(chatChunk('one'));
      await delay(100);
      response.destroy();
    };
    const invocation = completion(true);
    const { head, body } = await within(10_000, openProxyResponse(invocation));
    expect(head.statusCode).toBe(200);
    const text = await textOf(body);
    expect(text).toContain('"content":"one"');
    expect(text).toContain('"error":');
    expect(text).not.toContain('"finish_reason":"stop"');
    expect((await invocation.outcome).error).toBeUndefined();
    await within(10_000, invocation.finishedAtMs);
    const after = await budget();
    expect(after.held_usd).toBe(0);
    expect(after.spent_usd).toBeGreaterThan(before.spent_usd);
  });

  it('sends sound byte by byte', async () => {
    const { head, body } = await openProxyResponse(
      invoke({ method: 'POST', path: '/v1/audio/speech', body: { model: 'echo/ok', voice: 'alloy', input: 'Hello' } }),
    );
    expect(head).toMatchObject({ statusCode: 200, headers: { 'content-type': 'audio/wav' } });
    const pieces: Buffer[] = [];
    for await (const { bytes } of body) pieces.push(bytes);
    const sound = Buffer.concat(pieces);
    expect(sound.toString('latin1', 0, 4)).toBe('RIFF');
    expect(sound.length).toBe(sound.readUInt32LE(4) + 8);
    expect(sound.length).toBe(44 + 5 * 1_200 * 2);
  });

  it('takes a form with sound in base64', async () => {
    const form = new FormData();
    form.set('model', 'echo/ok');
    form.set('prompt', 'Heard');
    // Three seconds and more at 16,000 bytes a second; as text, half of these bytes would be three each.
    form.set('file', new Blob([Buffer.alloc(50_000, 0xfe)]), 'talk.mp3');
    const packed = new Response(form);
    const headers = { 'Content-Type': packed.headers.get('content-type') ?? '' };
    const request = { method: 'POST', path: '/v1/audio/transcriptions', headers, body: Buffer.from(await packed.arrayBuffer()) } as const;
    const { head, body } = await openProxyResponse(invoke(request));
    expect(head.statusCode).toBe(200);
    expect(JSON.parse(await textOf(body))).toMatchObject({ text: 'Heard', usage: { seconds: 4 } });
  });

  it('takes a body past what an invocation carries by way of S3', async () => {
    const asked = await openProxyResponse(invoke({ method: 'POST', path: '/v1/uploads', body: {} }));
    const upload = JSON.parse(await textOf(asked.body));
    expect(upload.url).toContain('X-Amz-Signature=');
    const url = `data:image/png;base64,${'A'.repeat(7_000_000)}`;
    const content = [
      { type: 'text', text: 'one two three' },
      { type: 'image_url', image_url: { url } },
    ];
    const messages = [{ role: 'user', content }];
    s3.behave((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ model: 'echo/ok', max_tokens: 3, messages }));
    });
    const { head, body } = await openProxyResponse(
      invoke({ method: 'POST', path: '/v1/chat/completions', body: {}, headers: { 'x-sluice-body': upload.id } }),
    );
    expect(head.statusCode).toBe(200);
    expect(await textOf(body)).toContain('one two three');
    expect(s3.received.at(-1)?.path).toMatch(new RegExp(`^/uploads/uploads/key_\\w+/${upload.id}$`));
  });

  it('refuses in the dialect’s own words, with the status', async () => {
    const { head, body } = await openProxyResponse(gateway.invoke(proxyEvent({ method: 'GET', path: '/v1/models', key: 'sk-wrong' })));
    expect(head.statusCode).toBe(401);
    expect(JSON.parse(await textOf(body))).toMatchObject({ error: { code: 'invalid_api_key' } });
  });
});
