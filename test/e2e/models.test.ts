import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';

let gateway: TestGateway;
let narrow: string;

beforeAll(async () => {
  gateway = await startGateway({
    config: {
      providers: { anthropic: { api_key: 'env:UP_KEY' }, google: { api_key: 'env:UP_KEY' } },
      models: { smart: { targets: ['anthropic/claude-sonnet-4-5', 'google/gemini-2.5-pro'] } },
    },
    environment: { UP_KEY: 'provider-secret' },
  });
  narrow = (await gateway.createKey({ name: 'narrow', models: ['google/gemini-2.5-*'] })).key;
});
afterAll(async () => {
  await gateway?.close();
});

const get = async (path: string, headers: Record<string, string> = {}) => {
  const response = await fetch(gateway.url + path, { headers: { authorization: `Bearer ${gateway.key}`, ...headers } });
  return { status: response.status, body: JSON.parse(await response.text()) };
};

describe("OpenAI's list", () => {
  it('holds routes and models with limits, prices, abilities and providers', async () => {
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key });
    const models = (await client.models.list()).data;
    expect(models.find(({ id }) => id === 'smart')).toMatchObject({
      object: 'model',
      owned_by: 'sluice',
      context_length: expect.any(Number),
      max_output_tokens: 64_000,
      providers: ['anthropic', 'google'],
      targets: ['anthropic/claude-sonnet-4-5', 'google/gemini-2.5-pro'],
    });
    const gemini = await client.models.retrieve('google/gemini-2.5-pro');
    expect(gemini).toMatchObject({
      id: 'google/gemini-2.5-pro',
      context_length: 1_048_576,
      pricing: { input: 1.25, cached_input: 0.125, output: 10 },
      capabilities: expect.arrayContaining(['tools', 'reasoning']),
      providers: ['google'],
    });
  });
});

describe('a key to which a model is forbidden', () => {
  it('sees everything else, and a route with its other targets', async () => {
    const { key } = await gateway.createKey({ name: 'not that', models: ['!anthropic/claude-sonnet-4-5*', '!echo/error*'] });
    const headers = { authorization: `Bearer ${key}` };
    const { data } = (await get('/v1/models', headers)).body;
    const ids: string[] = data.map(({ id }: { id: string }) => id);
    expect(ids).toEqual(expect.arrayContaining(['smart', 'google/gemini-2.5-pro', 'echo/ok']));
    expect(ids.filter((id) => id.startsWith('anthropic/claude-sonnet-4-5') || id.startsWith('echo/error'))).toEqual([]);
    expect(data.find(({ id }: { id: string }) => id === 'smart')).toMatchObject({ targets: ['google/gemini-2.5-pro'] });
    const call = (model: string) =>
      fetch(`${gateway.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hi' }] }),
      });
    expect((await call('echo/ok')).status).toBe(200);
    const refused = await call('echo/error-500');
    expect(refused.status).toBe(403);
    expect(JSON.parse(await refused.text()).error.code).toBe('model_not_allowed');
  });
});

describe("Anthropic's list", () => {
  it('is what its client reads, page by page, without a gap', async () => {
    const client = new Anthropic({ baseURL: gateway.url, apiKey: gateway.key });
    const all: string[] = [];
    for await (const model of client.models.list({ limit: 7 })) all.push(model.id);
    const openai = (await get('/v1/models')).body.data.map(({ id }: { id: string }) => id);
    expect(all).toEqual(openai);
    expect(await client.models.retrieve('anthropic/claude-sonnet-4-5')).toMatchObject({
      type: 'model',
      id: 'anthropic/claude-sonnet-4-5',
      created_at: '1970-01-01T00:00:00.000Z',
      max_input_tokens: expect.any(Number),
      max_tokens: 64_000,
    });
  });

  it('goes backwards too', async () => {
    const version = { 'anthropic-version': '2023-06-01' };
    const first = (await get('/v1/models?limit=5', version)).body;
    const second = (await get(`/v1/models?limit=5&after_id=${first.last_id}`, version)).body;
    const back = (await get(`/v1/models?limit=5&before_id=${second.first_id}`, version)).body;
    expect(back.data).toEqual(first.data);
    expect(back.has_more).toBe(false);
  });

  it('is refused in the shape of Anthropic', async () => {
    const { status, body } = await get('/v1/models/none/such', { 'anthropic-version': '2023-06-01' });
    expect(status).toBe(404);
    expect(body).toMatchObject({ type: 'error', error: { type: 'not_found_error' } });
    expect((await get('/v1/models?limit=0', { 'anthropic-version': '2023-06-01' })).status).toBe(400);
  });
});

describe("Gemini's list", () => {
  it('is what its client reads, page by page, without a gap', async () => {
    const client = new GoogleGenAI({ apiKey: gateway.key, httpOptions: { baseUrl: gateway.url } });
    const all: string[] = [];
    for await (const model of await client.models.list({ config: { pageSize: 9 } })) all.push(model.name ?? '');
    const openai = (await get('/v1/models')).body.data.map(({ id }: { id: string }) => `models/${id}`);
    expect(all).toEqual(openai);
    expect(await client.models.get({ model: 'google/gemini-2.5-pro' })).toMatchObject({
      name: 'models/google/gemini-2.5-pro',
      inputTokenLimit: 1_048_576,
      outputTokenLimit: 65_536,
      supportedActions: ['generateContent', 'streamGenerateContent', 'countTokens'],
    });
  });

  it('is refused in the shape of Google', async () => {
    expect(await get('/v1beta/models/none/such')).toMatchObject({ status: 404, body: { error: { code: 404, status: 'NOT_FOUND' } } });
    expect((await get('/v1beta/models?pageToken=nothing')).status).toBe(400);
    expect(await get('/v1beta/nowhere')).toMatchObject({ status: 404, body: { error: { status: 'NOT_FOUND' } } });
  });
});

describe('a key of few models', () => {
  it('sees only what it may call, in every shape', async () => {
    const key = { authorization: `Bearer ${narrow}` };
    const openai = (await get('/v1/models', key)).body.data.map(({ id }: { id: string }) => id);
    expect(openai).toContain('google/gemini-2.5-pro');
    expect(openai.every((id: string) => id === 'smart' || id.startsWith('google/gemini-2.5-'))).toBe(true);
    const anthropic = (await get('/v1/models?limit=1000', { ...key, 'anthropic-version': '2023-06-01' })).body.data;
    expect(anthropic.map(({ id }: { id: string }) => id)).toEqual(openai);
    const gemini = (await get('/v1beta/models?pageSize=1000', key)).body.models;
    expect(gemini.map(({ name }: { name: string }) => name)).toEqual(openai.map((id: string) => `models/${id}`));
  });
});
