import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonValue } from '../../shared/calls/json.ts';
import { chatFeatures, type Feature } from '../conformance/chat-features.ts';
import { geminiFeatures } from '../conformance/gemini-features.ts';
import { messagesFeatures } from '../conformance/messages-features.ts';
import { plainAnswer } from '../conformance/plain-answers.ts';
import { responsesFeatures } from '../conformance/responses-features.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { odd, spoilt, wayIn } from '../support/spoilt.ts';
import { startUpstream, type TestUpstream } from '../support/upstream.ts';
import { agentRequests } from './agent-requests.ts';

let upstream: TestUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startUpstream(plainAnswer);
  const { origin } = new URL(upstream.url);
  const provider = { base_url: origin, api_key: 'env:KEY', allow_private_address: true };
  const compatible = { ...provider, type: 'openai-compatible', base_url: upstream.url };
  gateway = await startGateway({
    config: {
      providers: { compatible, anthropic: provider, google: provider, bedrock: provider, openai: provider },
      defaults: { retries: 0 },
    },
    environment: { KEY: 'k' },
  });
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});

const only = (body: object): Pick<Feature, 'body'>[] => [{ body: { ...body } }];
const ofAgents = agentRequests.filter(({ path }) => path === '/v1/chat/completions');

/** Good requests in every dialect, to be spoilt. */
const dialects: readonly (readonly [path: string, requests: readonly Pick<Feature, 'body'>[]])[] = [
  ['/v1/chat/completions', [...chatFeatures, ...ofAgents]],
  ['/v1/messages', messagesFeatures],
  ['/v1/messages/count_tokens', messagesFeatures],
  ['/v1/responses', responsesFeatures],
  ['/v1beta/models/{model}:generateContent', geminiFeatures],
  ['/v1beta/models/{model}:streamGenerateContent', geminiFeatures],
  ['/v1/completions', only({ prompt: 'x', max_tokens: 5, stop: ['a'] })],
  ['/v1/embeddings', only({ input: ['a'], dimensions: 3 })],
  ['/v1/images/generations', only({ prompt: 'a', n: 1, size: '1x1' })],
  ['/v1/audio/speech', only({ input: 'a', voice: 'x', speed: 1 })],
  ['/v1/moderations', only({ input: 'a' })],
  ['/v1/rerank', only({ query: 'a', documents: ['b', { text: 'c' }], top_n: 1 })],
];
const models = [
  'echo/ok',
  'echo/tool-call',
  'compatible/m',
  'anthropic/claude-sonnet-4-5',
  'google/gemini-3-pro-preview',
  'bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0',
  'openai/gpt-5.2',
  'openai/gpt-5.6',
];

describe('a schema that holds what is no schema', () => {
  const messages = [{ role: 'user', content: 'Hello.' }];
  const contents = [{ role: 'user', parts: [{ text: 'Hello.' }] }];
  const answer = (schema: object) => ({ contents, generationConfig: { responseMimeType: 'application/json', responseSchema: schema } });
  const tool = (parameters: object) => ({
    model: 'google/gemini-3-pro-preview',
    messages,
    tools: [{ type: 'function', function: { name: 'f', parameters } }],
  });

  it.each([
    [
      '/v1beta/models/openai/gpt-5.2:generateContent',
      answer({ type: 'OBJECT', properties: [null] }),
      "'properties' must be an object of schemas",
    ],
    [
      '/v1beta/models/openai/gpt-5.2:generateContent',
      answer({ type: 'OBJECT', properties: { a: null } }),
      "'properties.a' must be an object or a boolean",
    ],
    [
      '/v1/chat/completions',
      tool({ type: 'object', properties: { a: { type: 'array', items: 'x' } } }),
      "'properties.a.items' must be an object or a boolean",
    ],
    ['/v1/chat/completions', tool({ anyOf: {} }), "'anyOf' must be a list of schemas"],
  ])('is refused at %s, and the word says where', async (path, body, words) => {
    const response = await fetch(gateway.url + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining(words)]);
  });
});

describe('a spoilt request', () => {
  it.each(dialects)('at %s is served or refused with a word, and nothing breaks', async (path, requests) => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...requests),
        fc.constantFrom(...models),
        wayIn,
        fc.option(odd, { nil: undefined }),
        fc.boolean(),
        async ({ body }, model, turns, replacement, stream) => {
          const plain: JsonValue = JSON.parse(JSON.stringify(body));
          const named = path.includes('{model}') || typeof plain !== 'object' ? plain : { model, ...plain, ...(stream && { stream }) };
          const response = await fetch(gateway.url + path.replace('{model}', model), {
            method: 'POST',
            headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
            body: JSON.stringify(spoilt(named, turns, replacement)),
          });
          const text = await response.text();
          expect(text).not.toContain('internal_error');
          // The provider's answer may not be the one that the spoilt request asks for.
          expect([200, 400, 404, 413, 502]).toContain(response.status);
        },
      ),
      { numRuns: Number(process.env.FUZZ_RUNS ?? 80) },
    );
  });
});

/** Headers that mean something to the gateway, and some that look as if they did. */
const headerNames = [
  'accept',
  'anthropic-beta',
  'anthropic-version',
  'cache-control',
  'constructor',
  'content-encoding',
  'content-type',
  'helicone-auth',
  'idempotency-key',
  'openai-beta',
  'session-id',
  'traceparent',
  'tracestate',
  'x-api-key',
  'x-claude-code-session-id',
  'x-forwarded-for',
  'x-goog-api-key',
  'x-session-id',
  'x-sluice-body',
  'x-sluice-cache',
  'x-sluice-cache-key',
  'x-sluice-cache-namespace',
  'x-sluice-cache-ttl',
  'x-sluice-max-cost-usd',
  'x-sluice-no-such',
  'x-sluice-session',
  'x-sluice-strict',
  'x-sluice-tags',
  'x-sluice-timeout-ms',
  'x-sluice-user',
];

const headerValue = fc.oneof(
  fc.constantFrom(
    '',
    '0',
    '-1',
    '1e999',
    'NaN',
    'true',
    'null',
    '{}',
    '[1]',
    '{"a":1}',
    '{"a":"b"}',
    'a=b',
    'a=b,c',
    '=',
    ',',
    'max-age=-1',
  ),
  fc.constantFrom(
    'max-age="x"',
    'no-cache, no-store',
    '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    'gzip',
    'text/plain',
    'é',
  ),
  fc.string({ unit: fc.constantFrom(...'aZ09 ,;:="\\\'/{}[]()<>@?*%\t'), maxLength: 60 }),
  fc.constant('x'.repeat(3_000)),
);

describe('a header that nobody should send', () => {
  it.each(['/v1/chat/completions', '/v1/messages', '/v1/embeddings', '/v1/models', '/v1/key', '/health'])(
    'is taken or refused with a word at %s',
    async (path) => {
      const reads = ['/v1/models', '/v1/key', '/health'].includes(path);
      const body = { model: 'echo/ok', max_tokens: 5, messages: [{ role: 'user', content: 'Hello.' }], input: 'Hello.' };
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...headerNames), headerValue, async (name, value) => {
          const headers = new Headers({ authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' });
          headers.set(name, value.trim());
          const response = await fetch(gateway.url + path, { headers, ...(!reads && { method: 'POST', body: JSON.stringify(body) }) });
          const text = await response.text();
          expect(text).not.toContain('internal_error');
          expect([200, 400, 401, 402, 404, 409, 413, 415, 422, 431, 504]).toContain(response.status);
        }),
        { numRuns: Number(process.env.FUZZ_RUNS ?? 80) },
      );
    },
  );
});
