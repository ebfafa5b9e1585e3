import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { plainAnswer } from '../conformance/plain-answers.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { answerJson, startUpstream, type TestUpstream } from '../support/upstream.ts';

let upstream: TestUpstream;
let gateway: TestGateway;
let client: Anthropic;

const claude = 'us.anthropic.claude-opus-4-8';

beforeAll(async () => {
  upstream = await startUpstream(plainAnswer);
  const at = { base_url: new URL(upstream.url).origin, allow_private_address: true };
  gateway = await startGateway({
    config: {
      providers: {
        bedrock: { ...at, api_key: 'env:BEDROCK_KEY' },
        'by-role': { ...at, type: 'bedrock', options: { region: 'eu-west-1' } },
        'bedrock-mantle': { ...at, api_key: 'env:BEDROCK_KEY' },
      },
      defaults: { retries: 0 },
    },
    environment: { BEDROCK_KEY: 'bedrock-secret', AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' },
  });
  client = new Anthropic({ baseURL: gateway.url, apiKey: gateway.key, maxRetries: 0 });
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});
beforeEach(() => {
  upstream.received.length = 0;
  upstream.behave(plainAnswer);
});

const question = { max_tokens: 100, messages: [{ role: 'user' as const, content: 'Hello.' }] };
const sent = () => {
  const [request] = upstream.received;
  return { path: request?.path, headers: request?.headers ?? {}, body: JSON.parse(request?.body ?? '{}') };
};

describe('Messages to Claude at Bedrock', () => {
  it('go to its own endpoint as they came, with the key where Bedrock wants it', async () => {
    const tools = [{ name: 'weather', input_schema: { type: 'object' as const }, cache_control: { type: 'ephemeral' as const } }];
    const message = await client.beta.messages.create({ model: `bedrock/${claude}`, ...question, tools, betas: ['context-1m-2025-08-07'] });
    expect(message.content).toMatchObject([{ type: 'text', text: 'Hi.' }]);
    const { path, headers, body } = sent();
    expect(path).toBe('/anthropic/v1/messages');
    expect(headers).toMatchObject({
      'x-api-key': 'bedrock-secret',
      'anthropic-version': '2023-06-01',
      'anthropic-beta': 'context-1m-2025-08-07',
    });
    expect(headers.authorization).toBeUndefined();
    expect(body).toEqual({ model: claude, ...question, tools });
  });

  it('stream, event by event, and are priced', async () => {
    const stream = client.messages.stream({ model: `bedrock/${claude}`, ...question });
    const { response } = await stream.withResponse();
    expect((await stream.finalMessage()).content).toMatchObject([{ type: 'text', text: 'Hi.' }]);
    expect(sent().body.stream).toBe(true);
    const id = response.headers.get('x-sluice-request-id');
    const line = await gateway.logged(({ message, request_id }) => message === 'call' && request_id === id);
    expect(line).toMatchObject({ served_by: `bedrock/${claude}`, usage: { inputTokens: 3, outputTokens: 2 } });
    // Three tokens at 5.50 a million and two at 27.50: a profile of one region costs a tenth more.
    expect(line.cost_nano_usd).toBe(71_500);
  });

  it('name the version of the API where the caller does not', async () => {
    const response = await fetch(`${gateway.url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': gateway.key, 'content-type': 'application/json' },
      body: JSON.stringify({ model: `bedrock/${claude}`, ...question }),
    });
    expect(response.status).toBe(200);
    expect(sent().headers['anthropic-version']).toBe('2023-06-01');
  });

  it('are signed by the role where there is no key', async () => {
    await client.messages.create({ model: `by-role/${claude}`, ...question });
    const { path, headers } = sent();
    expect(path).toBe('/anthropic/v1/messages');
    expect(headers.authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-west-1\/bedrock\/aws4_request, /);
    expect(headers['x-api-key']).toBeUndefined();
  });

  it.each([
    ['plain-user_1@example.com', 'plain-user_1@example.com'],
    // What Claude Code sends, of which its account is the same in every session.
    [JSON.stringify({ device_id: 'd1', account_uuid: '7b3c-11', session_id: 's1' }), '7b3c-11'],
    ['Zoë {1}', 'a digest'],
  ])('name the user %s in the signs that Bedrock takes', async (user, named) => {
    await client.messages.create({ model: `bedrock/${claude}`, ...question, metadata: { user_id: user } });
    const { user_id: userId } = sent().body.metadata;
    if (named === 'a digest') expect(userId).toMatch(/^[0-9a-f]{64}$/);
    else expect(userId).toBe(named);
  });

  it.each([
    [
      'a schema',
      { output_config: { format: { type: 'json_schema', schema: { type: 'object', properties: {}, additionalProperties: false } } } },
    ],
    ['strict tools', { tools: [{ name: 'f', strict: true, input_schema: { type: 'object' } }] }],
    ['a server tool', { tools: [{ type: 'web_search_20250305', name: 'web_search' }] }],
    ['fast mode', { speed: 'fast' }],
  ])('go by Converse with %s, which the endpoint refuses', async (_name, more) => {
    const body = { model: `bedrock/${claude}`, ...question, ...more };
    const response = await fetch(`${gateway.url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': gateway.key, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect([response.status, sent().path]).toEqual([200, `/model/${claude}/converse`]);
  });

  it('go by Converse for models of other makers', async () => {
    await client.messages.create({ model: 'bedrock/us.amazon.nova-pro-v1:0', ...question });
    expect(sent().path).toBe('/model/us.amazon.nova-pro-v1%3A0/converse');
  });

  it('are counted by the gateway, because Bedrock has no path for that there', async () => {
    const { data, response } = await client.messages
      .countTokens({ model: `bedrock/${claude}`, messages: question.messages })
      .withResponse();
    expect(data.input_tokens).toBeGreaterThan(0);
    expect(response.headers.get('x-sluice-estimated')).toBe('true');
    expect(upstream.received).toHaveLength(0);
  });

  it('are counted with the more tokens that the newer models make of a text', async () => {
    const messages = [{ role: 'user' as const, content: 'word '.repeat(600) }];
    const countOf = async (model: string) => (await client.messages.countTokens({ model: `bedrock/${model}`, messages })).input_tokens;
    const old = await countOf('us.anthropic.claude-sonnet-4-5-20250929-v1:0');
    for (const model of ['us.anthropic.claude-opus-4-7', 'us.anthropic.claude-haiku-5-5'])
      expect((await countOf(model)) / old).toBeCloseTo(3 / 2.2, 1);
    expect((await countOf('us.anthropic.claude-opus-4-6-v1')) / old).toBeCloseTo(1, 1);
  });

  it('tell what Bedrock refuses in the words of Messages', async () => {
    upstream.behave(
      answerJson(400, { message: 'The provided model identifier is invalid.' }, { 'x-amzn-errortype': 'ValidationException' }),
    );
    await expect(client.messages.create({ model: 'bedrock/us.anthropic.claude-none', ...question })).rejects.toMatchObject({
      status: 400,
      error: { type: 'error', error: { message: expect.stringContaining('The provided model identifier is invalid.') } },
    });
  });
});

describe('Messages to Claude at the compatible endpoint of Bedrock', () => {
  it('go to the path of Anthropic there', async () => {
    await client.messages.create({ model: 'bedrock-mantle/anthropic.claude-opus-4-8', ...question });
    const { path, headers, body } = sent();
    expect(path).toBe('/anthropic/v1/messages');
    expect(headers['x-api-key']).toBe('bedrock-secret');
    expect(body.model).toBe('anthropic.claude-opus-4-8');
  });
});

describe('Responses to models of OpenAI at Bedrock', () => {
  it('go to the path of OpenAI there', async () => {
    const response = await fetch(`${gateway.url}/v1/responses`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'bedrock/openai.gpt-5.5', input: 'Hello.' }),
    });
    expect(response.status).toBe(200);
    const { path, headers } = sent();
    expect(path).toBe('/openai/v1/responses');
    expect(headers.authorization).toBe('Bearer bedrock-secret');
  });
});

describe("OpenAI's formats at Bedrock", () => {
  const ask = async (path: string, body: object) => {
    const response = await fetch(`${gateway.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return [response.status, sent().path];
  };
  const asked = { messages: question.messages };
  const tools = [{ type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: {} } } }];

  it.each([
    ['/v1/responses', 'openai.gpt-5.6-terra', { input: 'Hello.' }, '/openai/v1/responses'],
    ['/v1/responses', 'openai.gpt-oss-120b', { input: 'Hello.' }, '/v1/responses'],
    ['/v1/chat/completions', 'xai.grok-4.3', asked, '/openai/v1/chat/completions'],
    ['/v1/chat/completions', 'qwen.qwen3-32b', asked, '/v1/chat/completions'],
    ['/v1/messages', 'openai.gpt-5.6-terra', question, '/openai/v1/chat/completions'],
    ['/v1/messages', 'qwen.qwen3-32b', question, '/v1/chat/completions'],
  ])('go by Mantle from %s with %s to where the model is served', async (path, model, body, expected) => {
    expect(await ask(path, { model: `bedrock-mantle/${model}`, ...body })).toEqual([200, expected]);
  });

  it('go by Converse where its own endpoint does not take what is asked', async () => {
    const gpt = 'us.openai.gpt-5.6-sol';
    expect(await ask('/v1/chat/completions', { model: `bedrock/${gpt}`, ...asked })).toEqual([200, '/openai/v1/chat/completions']);
    upstream.received.length = 0;
    expect(await ask('/v1/chat/completions', { model: `bedrock/${gpt}`, ...asked, tools })).toEqual([200, `/model/${gpt}/converse`]);
    upstream.received.length = 0;
    const oss = await ask('/v1/responses', { model: 'bedrock/openai.gpt-oss-120b-1:0', input: 'Hello.' });
    expect(oss).toEqual([200, '/model/openai.gpt-oss-120b-1%3A0/converse']);
  });
});
