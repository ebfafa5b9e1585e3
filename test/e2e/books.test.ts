import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { answerPlainly } from '../conformance/plain-answers.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startDynalite, type TestDynamoDb } from '../support/ledger-servers.ts';
import { pause, startUpstream, type TestUpstream, type UpstreamBehaviour } from '../support/upstream.ts';

/** Decides everything that is drawn below. Another one is drawn for each run; set it to run one again. */
const seed = process.env.BOOKS_SEED ?? String(Date.now());
const calls = Number(process.env.BOOKS_CALLS ?? 600);
const callers = 24;

let draws = 0;

/** A number from 0 up to 1 that follows from the seed and from how many were drawn before. */
function draw(): number {
  draws += 1;
  return createHash('sha256').update(`${seed}/${draws}`).digest().readUInt32BE(0) / 2 ** 32;
}

function oneOf<Value>(values: readonly Value[]): Value {
  const value = values[Math.floor(draw() * values.length)];
  if (value === undefined) throw new Error('nothing to draw from');
  return value;
}

const chance = (share: number): boolean => draw() < share;

/** Whole numbers, as likely of one order of size as of another. */
const upTo = (most: number): number => Math.floor(most ** draw());

let store: TestDynamoDb;
let upstream: TestUpstream;
let gateways: TestGateway[] = [];
let keys: string[] = [];

const config = (baseUrl: string) => {
  const at = { base_url: baseUrl, allow_private_address: true, api_key: 'env:UP_KEY' };
  return {
    providers: {
      stops: { type: 'openai-compatible', ...at, stops_billing_on_abort: true },
      bills: { type: 'openai-compatible', ...at },
      states: { type: 'openrouter', ...at },
      openai: at,
      anthropic: at,
    },
    prices: {
      'stops/*': { input: 1, output: 2 },
      'bills/*': { input: 3, cached_input: 0.3, output: 15 },
      'openai/*': { input: 2.5, output: 10 },
      'anthropic/*': { input: 5, cached_input: 0.5, cache_write: 6.25, output: 25 },
    },
    models: {
      steady: { targets: ['stops/one', 'bills/two', 'anthropic/claude-three'], resume: true },
      kept: { targets: ['bills/one', 'stops/two'], cache: { ttl_seconds: 300, nondeterministic: true, scope: 'team' } },
      mirrored: { targets: ['stops/one'], mirror: { target: 'bills/shadow', percent: 40 } },
      narrow: {
        strategy: 'weighted',
        targets: [
          { model: 'stops/narrow', limits: { parallel_requests: 2, budgets: [{ amount_usd: 0.02, period: 'day' }] } },
          { model: 'openai/wide', limits: { requests_per_minute: 200 } },
        ],
      },
    },
    defaults: { retries: 1, timeouts: { idle_ms: 400, first_byte_ms: 1_500 } },
  };
};

/** Bytes of all that is said in a request. */
function textIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return Object.entries(value).reduce((sum, [name, inner]) => {
    const isSaid = typeof inner === 'string' && (name === 'content' || name === 'text' || name === 'input');
    return sum + (isSaid ? Buffer.byteLength(inner) : textIn(inner));
  }, 0);
}

/** A provider that has a bad afternoon, and is honest about tokens: never more out than were asked for, never more in than bytes. */
const provider: UpstreamBehaviour = async (request, response) => {
  const asked = JSON.parse(request.body);
  const limit = asked.max_tokens ?? asked.max_completion_tokens ?? asked.max_output_tokens ?? 4_000;
  const input = 3 + Math.floor(textIn(asked) * draw());
  const output = Math.min(limit, 1 + upTo(500));
  const stated = (input * 2 + output * 5) / 1e7;
  const isSilent = chance(0.08);
  const told = (text: string): string => {
    if (isSilent) return text.replace(/"(usage)":/g, '"unsaid":');
    return text
      .replace(/"(prompt_tokens|input_tokens)":3/g, `"$1":${input}`)
      .replace(/"(completion_tokens|output_tokens)":2/g, `"$1":${output}`)
      .replace(/"total_tokens":([35])/g, (_, sum) => `"total_tokens":${sum === '3' ? input : input + output}`)
      .replace(/"usage":\{"prompt/g, `"usage":{"cost":${stated},"prompt`);
  };
  await pause(upTo(60));
  const luck = draw();
  if (luck < 0.05) {
    response.writeHead(429, { 'retry-after': '0', 'content-type': 'application/json' });
    response.end('{"error":{"message":"slow down","code":"rate_limit_exceeded"}}');
  } else if (luck < 0.1) {
    response.writeHead(oneOf([500, 502, 503, 529]), { 'content-type': 'application/json' });
    response.end('{"error":{"message":"no"}}');
  } else if (luck < 0.12) {
    response.destroy();
  } else if (luck < 0.14) {
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end('<p>maintenance</p>');
  } else if (luck < 0.17) {
    response.writeHead(400, { 'content-type': 'application/json' });
    response.end('{"error":{"message":"too long","code":"context_length_exceeded"}}');
  } else {
    const pieces = luck < 0.27 ? 1 + upTo(3) : undefined;
    await answerPlainly(request, response, told, { breaksAfter: pieces, pauseMs: chance(0.3) ? upTo(40) : 0, stalls: chance(0.3) });
  }
};

beforeAll(async () => {
  [store, upstream] = await Promise.all([startDynalite(), startUpstream(provider)]);
  const start = () => startGateway({ config: config(upstream.url), environment: { DYNAMODB_ENDPOINT: store.endpoint, UP_KEY: 'k' } });
  gateways = [await start()];
  gateways.push(await start());
  await admin('PUT', '/admin/limits/gateway', { budgets: [{ amount_usd: 2, period: 'total' }] });
  await admin('PUT', '/admin/organizations/acme', { limits: { budgets: [{ amount_usd: 1, period: 'month' }] } });
  const perModel = { 'bills/*': { budgets: [{ amount_usd: 0.15, period: 'day' }] } };
  await admin('PUT', '/admin/teams/red', {
    limits: { budgets: [{ amount_usd: 0.4, period: 'week' }], per_model: perModel },
  });
  await admin('PUT', '/admin/teams/blue', {
    limits: { parallel_requests: 8, budgets: [{ amount_usd: 0.3, period: 'day' }] },
  });
  const owners: object[] = [
    { team: 'red', organization: 'acme', limits: { budgets: [{ amount_usd: 0.05, period: 'day' }] } },
    { team: 'red', organization: 'acme', limits: { requests_per_minute: 60, budgets: [{ amount_usd: 0.3, period: 'total' }] } },
    {
      team: 'blue',
      organization: 'acme',
      limits: { tokens_per_minute: 200_000, clamp: false, budgets: [{ amount_usd: 0.2, period: 'total' }] },
    },
    { team: 'blue', organization: 'acme', limits: { budgets: [{ amount_usd: 0.1, period: 'month' }], shards: 4 } },
    {},
  ];
  keys = await Promise.all(owners.map(async (fields, index) => (await gatewayAt(0).createKey({ name: `key ${index}`, ...fields })).key));
}, 60_000);
afterAll(async () => {
  await Promise.all(gateways.map((gateway) => gateway.close()));
  await upstream?.close();
  await store?.close();
});

function gatewayAt(index: number): TestGateway {
  const gateway = gateways[index % gateways.length];
  if (gateway === undefined) throw new Error('no gateway');
  return gateway;
}

async function admin(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
  const { status, body: answer } = await gatewayAt(0).admin(method, path, body);
  if (status > 299) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(answer)}`);
  return answer;
}

const models = [
  'steady',
  'steady',
  'kept',
  'kept',
  'mirrored',
  'narrow',
  'bills/own',
  'stops/own',
  'states/own',
  'openai/own',
  'anthropic/claude-own',
];

interface Drawn {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: object;
  /** Leaves after so many milliseconds. */
  readonly leavesAfterMs: number | undefined;
}

function drawCall(): Drawn {
  const text = `question ${upTo(40)} ${'word '.repeat(upTo(200))}`;
  const most = oneOf([0, 5, 100, 1_000, 64_000]);
  const stream = chance(0.6);
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    authorization: `Bearer ${oneOf(keys)}`,
    ...(chance(0.1) && { 'idempotency-key': `again-${upTo(12)}` }),
    ...(chance(0.1) && { 'x-sluice-max-cost-usd': oneOf(['0.0001', '0.01']) }),
    ...(chance(0.1) && { 'x-sluice-user': `person-${upTo(4)}` }),
    ...(chance(0.1) && { 'cache-control': oneOf(['no-cache', 'no-store', 'only-if-cached']) }),
  };
  const leavesAfterMs = chance(0.12) ? upTo(150) : undefined;
  const model = oneOf(models);
  const messages = [{ role: 'user', content: text }];
  switch (oneOf(['chat', 'chat', 'messages', 'responses', 'embeddings'])) {
    case 'chat':
      return { path: '/v1/chat/completions', headers, leavesAfterMs, body: { model, messages, stream, ...(most && { max_tokens: most }) } };
    case 'messages':
      return { path: '/v1/messages', headers, leavesAfterMs, body: { model, messages, stream, max_tokens: most || 300 } };
    case 'responses':
      return {
        path: '/v1/responses',
        headers,
        leavesAfterMs,
        body: { model, input: text, stream, ...(most && { max_output_tokens: most }) },
      };
    default:
      return { path: '/v1/embeddings', headers, leavesAfterMs, body: { model: oneOf(['openai/small', 'stops/small']), input: text } };
  }
}

interface Answered {
  readonly id: string | null;
  readonly status: number;
  readonly path: string;
  readonly text: string;
}

/** Makes one call, to its end or until its caller leaves. */
async function make(index: number, { path, headers, body, leavesAfterMs }: Drawn): Promise<Answered> {
  const signal = leavesAfterMs === undefined ? null : AbortSignal.timeout(leavesAfterMs);
  let id: string | null = null;
  try {
    const response = await fetch(gatewayAt(index).url + path, { method: 'POST', headers, body: JSON.stringify(body), signal });
    id = response.headers.get('x-sluice-request-id');
    return { id, status: response.status, path, text: await response.text() };
  } catch (error) {
    if (leavesAfterMs === undefined) throw error;
    return { id, status: 0, path, text: '' };
  }
}

interface Balance {
  readonly limit_usd: number;
  readonly spent_usd: number;
  readonly held_usd: number;
}

/** Every budget that a key meets, its own and those above it. */
async function balances(index: number): Promise<Balance[]> {
  const found = await Promise.all(
    keys.map(async (key) => {
      const response = await fetch(`${gatewayAt(index).url}/v1/key`, { headers: { authorization: `Bearer ${key}` } });
      const { budgets } = JSON.parse(await response.text());
      return budgets as Balance[];
    }),
  );
  return found.flat();
}

const nano = (usd: number): number => Math.round(usd * 1e9);

it(`whatever happens to ${calls} calls, the books agree and no budget is passed (BOOKS_SEED=${seed})`, async () => {
  const answers: Answered[] = [];
  const passed: string[] = [];
  let isOver = false;
  const watching = (async () => {
    for (let turn = 0; !isOver; turn += 1) {
      for (const { limit_usd, spent_usd, held_usd } of await balances(turn)) {
        if (nano(spent_usd) + nano(held_usd) > nano(limit_usd)) passed.push(`${spent_usd} + ${held_usd} of ${limit_usd}`);
      }
      await pause(100);
    }
  })();
  let next = 0;
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (next < calls) {
        next += 1;
        answers.push(await make(next, drawCall()));
      }
    }),
  );
  isOver = true;
  await watching;
  const beyond = gateways.flatMap(({ logLines }) => logLines.filter((line) => line.includes('billed beyond the hold')));
  expect(beyond).toEqual([]);
  expect(passed).toEqual([]);

  await expect.poll(async () => (await balances(0)).filter(({ held_usd }) => held_usd > 0), { timeout: 15_000, interval: 100 }).toEqual([]);
  // The second gateway's sums may be on their way for a moment.
  await expect.poll(async () => (await admin('GET', '/admin/audit/books')).discrepancies, { timeout: 15_000, interval: 250 }).toEqual([]);

  const seen = new Map<number, number>();
  for (const { status } of answers) seen.set(status, (seen.get(status) ?? 0) + 1);
  // What is refused or fails is told as it should be, and a good part is answered.
  const wrong = answers.filter(({ status }) => ![0, 200, 400, 402, 409, 422, 429, 502, 503, 504].includes(status));
  expect(wrong).toEqual([]);
  expect(answers.filter(({ status, text }) => status === 503 && text.includes('internal_error'))).toEqual([]);
  expect(seen.get(200) ?? 0).toBeGreaterThan(calls / 10);

  const known = answers.filter(({ id }) => id !== null);
  const records = await recordedCalls();
  const ids = records.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const missing = known.filter(({ id }) => !ids.includes(String(id)));
  expect(missing).toEqual([]);
}, 120_000);

async function recordedCalls(): Promise<{ id: string }[]> {
  const records: { id: string }[] = [];
  for (let cursor = ''; ; ) {
    const { body } = await gatewayAt(0).admin('GET', `/admin/requests?limit=200${cursor}`);
    const page = body as { data: { id: string }[]; next_cursor: string | null };
    records.push(...page.data);
    if (page.next_cursor === null) return records;
    cursor = `&cursor=${encodeURIComponent(page.next_cursor)}`;
  }
}
