import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonValue } from '../../shared/calls/json.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { odd, spoilt, wayIn } from '../support/spoilt.ts';

let gateway: TestGateway;
let keyId: string;
let callId: string;

beforeAll(async () => {
  gateway = await startGateway({ config: { models: { m: { targets: ['echo/ok'] } } } });
  keyId = (await gateway.createKey({ name: 'first', team: 'red' })).id;
  const call = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json', 'x-sluice-session': 's1' },
    body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hello' }] }),
  });
  await call.text();
  callId = call.headers.get('x-sluice-request-id') ?? '';
});
afterAll(async () => {
  await gateway?.close();
});

const limits = {
  requests_per_minute: 60,
  tokens_per_minute: 1_000,
  burst: 0.5,
  parallel_requests: 10,
  budgets: [{ amount_usd: 50, period: 'month' }],
  clamp: true,
  clamp_floor_tokens: 256,
  shards: 2,
  per_model: { 'openai/gpt-5*': { parallel_requests: 2, budgets: [{ amount_usd: 1, period: 'day' }] } },
};
const group = { limits, models: { allow: ['echo/*'], deny: ['echo/slow'] }, tags: { area: 'search' }, defaults: { limits } };
const config = {
  providers: { up: { type: 'openai-compatible', base_url: 'https://up.example.com/v1', api_key: 'env:UP_KEY', models: { m: {} } } },
  models: {
    m: {
      strategy: 'weighted',
      targets: [{ model: 'echo/ok', weight: 2, when: { tags: { area: 'search' }, time: { from: '08:00', to: '18:00' } } }, 'up/m'],
    },
    n: {
      targets: ['echo/ok'],
      canary: { target: 'up/m', percent: 5 },
      mirror: { target: 'echo/ok' },
      cache: { ttl_seconds: 60 },
      resume: true,
    },
  },
  prices: { 'up/*': { input: 1, output: 2, context: [{ above: 1_000, input: 2 }], service_tiers: { flex: 0.5 } } },
  defaults: { retries: 1, timeouts: { idle_ms: 1_000 } },
  alerts: { thresholds: [50, 100], webhook: { url: 'https://hook.example.com', secret: 'env:HOOK' }, slack: { url: 'env:CHAT' } },
  otlp: { endpoint: 'https://otlp.example.com', headers: { a: 'b' } },
};

/** One good request of each kind that has a body. */
const bodies: readonly (readonly [method: string, path: string, body: JsonValue])[] = [
  [
    'POST',
    '/admin/keys',
    { name: 'k', ...group, team: 'red', user: 'u', organization: 'o', expires_at: '2030-01-01T00:00:00Z', disabled: false },
  ],
  ['PATCH', '/admin/keys/{key}', { name: 'k', limits, expires_at: null }],
  ['POST', '/admin/keys/{key}/rotate', { grace_seconds: 60 }],
  ['PUT', '/admin/teams/blue', group],
  ['PUT', '/admin/users/u', group],
  ['PUT', '/admin/organizations/o', group],
  ['PUT', '/admin/tags/area=search', limits],
  ['PUT', '/admin/limits/end-users', limits],
  ['PUT', '/admin/limits/gateway', { requests_per_minute: 60_000 }],
  ['PUT', '/admin/config', config],
  ['POST', '/admin/config/validate', config],
  ['POST', '/admin/config/rollback', { version: 1 }],
  ['POST', '/admin/route/explain', { model: 'm', tags: { area: 'search' }, input_tokens: 10, stream: true }],
  ['PUT', '/admin/teams/red/dashboard', {}],
];

/** What is read, with everything that may be asked. */
const reads: readonly (readonly [method: string, path: string, query: Readonly<Record<string, string>>])[] = [
  ['GET', '/admin/keys', { limit: '2', cursor: '', team: 'red' }],
  ['GET', '/admin/keys/{key}', {}],
  ['GET', '/admin/teams', { limit: '2' }],
  ['GET', '/admin/teams/red', {}],
  ['GET', '/admin/tags', { limit: '2', cursor: '' }],
  ['GET', '/admin/tags/area=search', {}],
  ['GET', '/admin/audit', { limit: '2', cursor: '' }],
  [
    'GET',
    '/admin/requests',
    { limit: '2', key: '{key}', status: '2xx', ending: 'answered', tag: 'a=b', session: 's1', from: '2026-01-01', to: '' },
  ],
  ['GET', '/admin/requests/{call}', {}],
  ['GET', '/admin/sessions/s1', {}],
  ['GET', '/admin/usage', { group_by: 'day,key', from: '2026-01-01', format: 'csv', team: 'red' }],
  ['GET', '/admin/metrics', { metric: 'sluice.calls', stat: 'sum', period: '60', provider: 'echo' }],
  ['GET', '/admin/audit/books', {}],
  ['GET', '/admin/config', {}],
  ['GET', '/admin/config/versions', { limit: '2' }],
  ['GET', '/admin/config/versions/1', {}],
  ['GET', '/admin/config/diff', { from: '1', to: '2' }],
  ['GET', '/admin/cache/stats', { days: '1' }],
  ['DELETE', '/admin/cache', { namespace: 'n', model: 'm' }],
  ['DELETE', '/admin/keys/none', {}],
  ['DELETE', '/admin/teams/none', {}],
  ['DELETE', '/admin/tags/none=here', {}],
  ['GET', '/console', {}],
  ['GET', '/v1/models', {}],
  ['GET', '/v1/models/echo/ok', {}],
  ['GET', '/v1/key', {}],
  ['GET', '/v1/generation', { id: '{call}' }],
];

const words = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '-1',
    '0',
    '1e99',
    'NaN',
    'constructor',
    '__proto__',
    'toString',
    '*',
    '..',
    '../..',
    '%',
    '%00',
    '\u0000',
    'é',
    '💧',
    "'",
    '{}',
    '[]',
  ),
  fc.string({ maxLength: 40 }),
  fc.constant('x'.repeat(3_000)),
);

async function send(method: string, path: string, body?: string): Promise<{ status: number; text: string }> {
  const key = path.startsWith('/v1/') ? gateway.key : gateway.adminKey;
  const response = await fetch(gateway.url + path.replace('{key}', keyId).replace('{call}', callId), {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body }),
  });
  return { status: response.status, text: await response.text() };
}

/** Answered or refused with a word that a program can tell, and no trouble of the gateway's own. */
function expectSound({ status, text }: { status: number; text: string }): void {
  expect([status, text]).not.toEqual([500, expect.anything()]);
  expect(text).not.toContain('internal_error');
  if (status >= 400) expect(text).toContain('"code"');
}

const runs = { numRuns: Number(process.env.FUZZ_RUNS ?? 60) };

describe('a spoilt request of an operator', () => {
  it.each(bodies)('by %s %s is done or refused with a word', async (method, path, body) => {
    expect((await send(method, path, JSON.stringify(body))).status).not.toBe(500);
    await fc.assert(
      fc.asyncProperty(wayIn, fc.option(odd, { nil: undefined }), async (way, replacement) => {
        expectSound(await send(method, path, JSON.stringify(spoilt(body, way, replacement))));
      }),
      runs,
    );
  });

  it.each(reads)('by %s %s is done or refused with a word', async (method, path, query) => {
    const names = [...Object.keys(query), 'constructor', 'limit'];
    await fc.assert(
      fc.asyncProperty(fc.nat(), words, fc.boolean(), fc.nat(), async (which, word, inPath, segment) => {
        const parts = path.split('/');
        // The first segment is empty, and the second says what it is about.
        const at = 2 + (segment % Math.max(1, parts.length - 2));
        const asked = inPath ? parts.map((part, index) => (index === at ? encodeURIComponent(word) : part)).join('/') : path;
        const changed = { ...query, ...(!inPath && { [names[which % names.length] ?? 'limit']: word }) };
        const text = new URLSearchParams(changed).toString().replaceAll('%7Bkey%7D', keyId).replaceAll('%7Bcall%7D', callId);
        expectSound(await send(method, `${asked}?${text}`));
      }),
      runs,
    );
  });
});
