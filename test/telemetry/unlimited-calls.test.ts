import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readEnvironment } from '../../shared/config/environment.ts';
import type { DynamoDb } from '../../shared/store/dynamo-client.ts';
import { connectDynamoDb } from '../../shared/store/dynamo-connect.ts';
import { DynamoLedger } from '../../shared/store/ledger-store.ts';
import type { CallRecords } from '../../shared/store/record-calls.ts';
import { callRecords, observationParts } from '../../shared/store/record-connect.ts';
import { discrepancies } from '../../shared/telemetry/audit-books.ts';
import type { CallRecord } from '../../shared/telemetry/call-record.ts';
import { setLogSink } from '../../shared/telemetry/log-sink.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startDynalite, type TestDynamoDb } from '../support/ledger-servers.ts';
import { answerJson, startUpstream, type TestUpstream } from '../support/upstream.ts';

const hour = 3_600_000;

let server: TestDynamoDb;
let db: DynamoDb;
let upstream: TestUpstream;
let gateway: TestGateway;
let records: CallRecords;
let ledger: DynamoLedger;

const environment = readEnvironment({});

beforeAll(async () => {
  server = await startDynalite();
  db = await connectDynamoDb({ region: 'us-east-1', endpoint: server.endpoint });
  records = callRecords(db, environment);
  ledger = new DynamoLedger({ db, table: environment.SLUICE_LEDGER_TABLE, recorder: records });
  upstream = await startUpstream();
  gateway = await openGateway();
}, 60_000);

afterAll(async () => {
  await gateway.close();
  await upstream.close();
  db.close();
  await server.close();
});

function openGateway(): Promise<TestGateway> {
  const provider = { base_url: upstream.url, allow_private_address: true, api_key: 'env:UP_KEY' };
  return startGateway({
    config: {
      providers: { up: { type: 'openai-compatible', ...provider }, anthropic: provider },
      models: { mirrored: { targets: ['echo/ok'], mirror: { target: 'up/priced' } } },
      prices: { 'up/priced': { input: 1, output: 2 } },
      defaults: { retries: 0 },
    },
    environment: { DYNAMODB_ENDPOINT: server.endpoint, UP_KEY: 'provider-secret' },
  });
}

const messages = [{ role: 'user', content: 'one two three four' }];

/** Calls of every kind, each of which takes until somebody ends it. */
const endless: readonly (readonly [name: string, path: string, body: object])[] = [
  ['a stream', '/v1/chat/completions', { model: 'echo/ok?tokens=500&chunk_delay_ms=500', messages, stream: true, max_tokens: 600 }],
  ['an answer in one piece', '/v1/chat/completions', { model: 'up/priced', messages, max_tokens: 100 }],
  ['a model without a price', '/v1/chat/completions', { model: 'up/unpriced', messages }],
  ['an embedding', '/v1/embeddings', { model: 'up/priced', input: 'one two three' }],
  ['a count of tokens', '/v1/messages/count_tokens', { model: 'anthropic/claude-sonnet-4-5', messages }],
  ['a request passed through', '/v1/providers/up/batches', { input_file_id: 'file-1' }],
];

function call(key: string, path: string, body: object): Promise<Response> {
  return fetch(gateway.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'x-sluice-timeout-ms': '120000' },
    body: JSON.stringify(body),
  });
}

async function ownKey(key: string): Promise<Record<string, unknown>> {
  const response = await fetch(`${gateway.url}/v1/key`, { headers: { authorization: `Bearer ${key}` } });
  return JSON.parse(await response.text());
}

async function allRecords(): Promise<CallRecord[]> {
  const found: CallRecord[] = [];
  for await (const record of records.newestFirst({ fromMs: Date.now() - hour, toMs: Date.now() + hour })) found.push(record);
  return found;
}

/** Runs the sweeper as Lambda does, and returns the one line it writes. */
async function sweepOnce(): Promise<Record<string, unknown>> {
  vi.stubEnv('DYNAMODB_ENDPOINT', server.endpoint);
  const lines: string[] = [];
  setLogSink((line) => lines.push(line));
  const { handler } = await import('../../functions/sweeper/handler.ts');
  await handler();
  vi.unstubAllEnvs();
  return JSON.parse(lines.find((line) => line.includes('"sweep"')) ?? '{}');
}

describe('a call that nothing limits', () => {
  it('is held on its key while it is under way, and spent there once it is over', async () => {
    const { key } = await gateway.createKey({ name: 'free' });
    expect(await ownKey(key)).toMatchObject({ spent_usd: 0, held_usd: 0, under_way: 0, budgets: [], limits: null });
    const answer = await call(key, '/v1/chat/completions', { model: 'echo/ok', messages, max_tokens: 50 });
    expect(answer.status).toBe(200);
    expect(Object.keys(Object.fromEntries(answer.headers)).filter((name) => /budget|ratelimit|max-tokens/.test(name))).toEqual([]);
    const { usage } = JSON.parse(await answer.text());
    const id = answer.headers.get('x-sluice-request-id') ?? '';
    await gateway.logged((line) => line.message === 'call' && line.request_id === id);
    const spent = (usage.prompt_tokens * 1_000 + usage.completion_tokens * 2_000) / 1e9;
    expect(await ownKey(key)).toMatchObject({ spent_usd: spent, held_usd: 0, under_way: 0 });
    expect(await records.find(id)).toMatchObject({
      ending: 'answered',
      costNanoUsd: spent * 1e9,
      scopes: [expect.stringMatching(/^key#/)],
    });
  });

  it('may ask for more than can be counted', async () => {
    const { key } = await gateway.createKey({ name: 'greedy' });
    upstream.behave(
      answerJson(200, { id: 'c', object: 'chat.completion', choices: [], usage: { prompt_tokens: 1, completion_tokens: 1 } }),
    );
    const body = { model: 'up/priced', messages, max_tokens: Number.MAX_SAFE_INTEGER };
    expect((await call(key, '/v1/chat/completions', body)).status).toBe(200);
  });

  it('passes without a price, and its record says that none is known', async () => {
    const { key } = await gateway.createKey({ name: 'unpriced' });
    upstream.behave(
      answerJson(200, { id: 'c', object: 'chat.completion', choices: [], usage: { prompt_tokens: 9, completion_tokens: 1 } }),
    );
    const answer = await call(key, '/v1/chat/completions', { model: 'up/unpriced', messages });
    expect(answer.status).toBe(200);
    const id = answer.headers.get('x-sluice-request-id') ?? '';
    await gateway.logged((line) => line.message === 'call' && line.request_id === id);
    expect(await records.find(id)).toMatchObject({ ending: 'answered', unpriced: true, costNanoUsd: 0, heldNanoUsd: 0 });
  });
});

describe('calls that nothing limits, of a process that is killed', () => {
  let key: { id: string; key: string };

  it('are seen to hold money, by their key and by the sweeper’s metrics', async () => {
    await gateway.admin('PUT', '/admin/teams/free', { tags: { floor: '3' } });
    await gateway.admin('PUT', '/admin/users/ann', { tags: { desk: '7', floor: '4' } });
    key = await gateway.createKey({ name: 'doomed', team: 'free', user: 'ann', tags: { job: 'night' } });
    upstream.behave(() => undefined);
    for (const [, path, body] of endless) call(key.key, path, body).catch(() => undefined);
    // Its answer is there at once, and the copy of it under way.
    await call(gateway.key, '/v1/chat/completions', { model: 'mirrored', messages, max_tokens: 11 });
    await vi.waitFor(async () => expect(await ownKey(key.key)).toMatchObject({ under_way: endless.length }), 10_000);
    const { held_usd } = await ownKey(key.key);
    expect(held_usd).toBeGreaterThan(0);
    await vi.waitFor(() => expect(upstream.received.some(({ body }) => body.includes('"max_tokens":11'))).toBe(true), 10_000);
    const line = await sweepOnce();
    expect(line).toMatchObject({ 'sluice.sweeps': 1, 'sluice.holds.calls': endless.length + 1 });
    expect(line['sluice.holds.amount']).toBeGreaterThan(Number(held_usd));
    expect(line).not.toHaveProperty('dead_holds');
    expect(JSON.stringify(line._aws)).toContain('"sluice.holds.amount"');
  }, 20_000);

  it('leave one record each, with what is known of them, and no more when it is looked again', async () => {
    const before = await allRecords();
    gateway.process.kill('SIGKILL');
    await gateway.close();
    gateway = await openGateway();
    expect(await allRecords()).toHaveLength(before.length);
    const dead = await ledger.sweep(Date.now() + hour);
    expect(dead).toHaveLength(endless.length + 1);
    await records.record(dead);
    await ledger.sweep(Date.now() + hour);
    const died = (await allRecords()).filter(({ ending }) => ending === 'crashed');
    const crashed = died.filter(({ keyId }) => keyId !== undefined);
    // What the gateway sent of its own accord is at nobody's key.
    expect(died.filter(({ keyId }) => keyId === undefined)).toMatchObject([
      { scopes: ['gateway#mirror'], heldNanoUsd: expect.any(Number) },
    ]);
    expect(crashed).toHaveLength(endless.length);
    expect(await allRecords()).toHaveLength(before.length + endless.length + 1);
    for (const record of crashed) {
      expect(record).toMatchObject({
        keyId: key.id,
        team: 'free',
        tags: { floor: '4', desk: '7', job: 'night' },
        scopes: [`key#${key.id}`],
      });
      expect(record.costNanoUsd).toBe(dead.find(({ requestId }) => requestId === record.id)?.amountNanoUsd);
    }
    // The model without a price, and what is passed through to where nobody knows what it costs.
    expect(crashed.filter(({ unpriced }) => unpriced)).toHaveLength(2);
    expect(await ownKey(key.key)).toMatchObject({ held_usd: 0, under_way: 0 });
  }, 30_000);

  it('are in every book alike', async () => {
    const { books } = observationParts(db, environment);
    const day = Math.floor(Date.now() / (24 * hour)) * 24 * hour;
    const scopes = await books.scopes([], Date.now() + hour);
    expect(scopes.find(({ scope }) => scope === `key#${key.id}`)?.ledgerNanoUsd).toBeGreaterThan(0);
    expect(discrepancies(scopes, await books.days(day - 24 * hour, day + 24 * hour))).toEqual([]);
  });
});
