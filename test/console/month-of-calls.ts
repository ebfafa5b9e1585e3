import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMissingTables, localTableNames } from '../../infra/local/create-tables.ts';
import { type EmbeddedDynamoDb, startEmbeddedDynamoDb } from '../../infra/local/embedded-dynamodb.ts';
import { sortableId } from '../../shared/control/sortable-id.ts';
import { connectDynamoDb } from '../../shared/store/dynamo-connect.ts';
import { callRecords, usageFold } from '../../shared/store/record-connect.ts';
import type { CallRecord } from '../../shared/telemetry/call-record.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';

/** A gateway with teams, keys, budgets and a month of calls behind it. */
export interface LivedInGateway extends TestGateway {
  /** A virtual key with a budget of its own, in a team that has one too. */
  readonly limitedKey: string;
  readonly limitedKeyId: string;
}

const dayMs = 86_400_000;
const keptDays = 60;
const models = [
  { name: 'openai/gpt-5', usdPerCall: 0.021, share: 0.34 },
  { name: 'anthropic/claude-opus-5', usdPerCall: 0.058, share: 0.2 },
  { name: 'google/gemini-3-flash', usdPerCall: 0.0034, share: 0.28 },
  { name: 'mistral/mistral-large', usdPerCall: 0.009, share: 0.1 },
  { name: 'groq/llama-4-70b', usdPerCall: 0.0016, share: 0.08 },
] as const;

const config = {
  models: {
    smart: { targets: ['echo/error-503', 'echo/ok'] },
    faq: { targets: ['echo/ok?tokens=20'], cache: { ttl_seconds: 600 } },
    noted: { targets: ['echo/ok'], log_payloads: true },
    steady: { targets: ['echo/ok?tokens=60&chunk_delay_ms=15'] },
  },
  // Dear enough for a handful of calls to show in a budget.
  prices: { 'echo/*': { input: 400, output: 1600 } },
  defaults: { retries: 1 },
};

/** Starts one; its calls of past days are written as the gateway writes them, those of today are made. */
export async function startLivedInGateway(): Promise<LivedInGateway> {
  const database = await startEmbeddedDynamoDb(undefined);
  const names = localTableNames({});
  const payloads = await mkdtemp(join(tmpdir(), 'sluice-console-'));
  await createMissingTables(database.endpoint, names);
  const gateway = await startGateway({
    config,
    environment: { DYNAMODB_ENDPOINT: database.endpoint, SLUICE_RECORD_DAYS: String(keptDays), SLUICE_PAYLOAD_FOLDER: payloads },
  });
  const keys = await makeHolders(gateway);
  await writeMonth(database, names.SLUICE_RECORDS_TABLE ?? '', keys);
  const [limited] = keys;
  if (!limited) throw new Error('no keys were made');
  await makeCalls(gateway, limited.key);
  return {
    ...gateway,
    limitedKey: limited.key,
    limitedKeyId: limited.id,
    close: async () => {
      await gateway.close();
      await database.close();
      await rm(payloads, { recursive: true, force: true });
    },
  };
}

interface MadeKey {
  readonly id: string;
  readonly key: string;
  readonly team: string;
  readonly user: string;
}

async function makeHolders(gateway: TestGateway): Promise<MadeKey[]> {
  const daily = (amount_usd: number) => ({ budgets: [{ amount_usd, period: 'day' }] });
  await gateway.admin('PUT', '/admin/limits/gateway', { ...daily(40), parallel_requests: 500 });
  await gateway.admin('PUT', '/admin/teams/search', { limits: daily(4), tags: { cost_centre: '4711' } });
  await gateway.admin('PUT', '/admin/teams/support', { limits: daily(12), models: ['echo/*', 'smart', 'steady'] });
  await gateway.admin('PUT', '/admin/users/mara@example.com', { limits: daily(5) });
  const wanted = [
    {
      name: 'search ranking',
      team: 'search',
      user: 'mara@example.com',
      tags: { env: 'prod' },
      limits: { requests_per_minute: 600, ...daily(2.6) },
    },
    {
      name: 'support assistant',
      team: 'support',
      user: 'jonas@example.com',
      limits: { tokens_per_minute: 400_000, parallel_requests: 20 },
    },
    { name: 'nightly summaries', team: 'support', user: 'jonas@example.com', models: ['echo/*', 'smart'], limits: daily(6) },
    {
      name: 'evaluation',
      team: 'search',
      user: 'mara@example.com',
      limits: { budgets: [{ amount_usd: 0.5, period: 'total' }] },
      disabled: true,
    },
  ];
  const made: MadeKey[] = [];
  for (const body of wanted) made.push({ ...(await gateway.createKey(body)), team: body.team, user: body.user });
  return made;
}

async function writeMonth(database: EmbeddedDynamoDb, table: string, keys: readonly MadeKey[]): Promise<void> {
  const db = await connectDynamoDb({ region: 'us-east-1', endpoint: database.endpoint });
  const settings = { SLUICE_RECORDS_TABLE: table, SLUICE_CONTROL_TABLE: 'sluice-control', SLUICE_RECORD_DAYS: keptDays };
  const records = callRecords(db, settings);
  const random = seeded(7);
  const startOfToday = Math.floor(Date.now() / dayMs) * dayMs;
  for (let daysAgo = 29; daysAgo >= 1; daysAgo -= 1) {
    const date = new Date(startOfToday - daysAgo * dayMs);
    const weekend = [0, 6].includes(date.getUTCDay());
    const calls = Math.round((weekend ? 2 : 6) * (1 + (29 - daysAgo) / 40) + random() * 3);
    const written = Array.from({ length: calls }, () => {
      const startedAtMs = date.getTime() + Math.floor((0.3 + 0.6 * random()) * dayMs);
      const record = callAt(startedAtMs, random, keys);
      return records.write(record, record.endedAtMs);
    });
    await Promise.all(written);
  }
  // As the sweeper does once a minute; until then usage is read from the records, which takes longer.
  await usageFold(db, settings).run(Date.now());
  db.close();
}

function callAt(startedAtMs: number, random: () => number, keys: readonly MadeKey[]): CallRecord {
  const model = pick(models, random());
  const key = keys[Math.floor(random() ** 2 * keys.length)];
  const durationMs = 600 + Math.round(random() * 5200);
  const [failed, hit] = [random() < 0.025, random() < 0.14];
  const provider = model.name.split('/', 1)[0] ?? '';
  return {
    id: sortableId('req_', startedAtMs, randomBytes),
    startedAtMs,
    endedAtMs: startedAtMs + durationMs,
    ending: failed ? 'failed' : 'answered',
    ...(key && { keyId: key.id, team: key.team, user: key.user }),
    tags: { feature: random() < 0.6 ? 'answers' : 'summaries' },
    dialect: 'chat-completions',
    model: model.name,
    servedBy: model.name,
    provider,
    stream: true,
    attempts: [{ target: model.name, latencyMs: durationMs, status: failed ? 500 : 200, outcome: failed ? 'server_error' : 'answered' }],
    status: failed ? 502 : 200,
    ...(failed && { error: 'provider_error' }),
    usage: { inputTokens: 800 + Math.round(random() * 3000), outputTokens: 100 + Math.round(random() * 900) },
    costNanoUsd: failed || hit ? 0 : Math.round(model.usdPerCall * (0.4 + 1.2 * random()) * 1e9 * 110),
    ...(hit && { cache: 'hit', savedNanoUsd: Math.round(model.usdPerCall * 1e9 * 110) }),
    durationMs,
    firstTokenMs: Math.round(durationMs * 0.2),
    firstByteMs: Math.round(durationMs * 0.2),
    overheadMs: 1.4,
  };
}

async function makeCalls(gateway: TestGateway, key: string): Promise<void> {
  const call = async (model: string, session: string, content: string): Promise<void> => {
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'x-sluice-session': session },
      body: JSON.stringify({ model, max_completion_tokens: 90, stream: true, messages: [{ role: 'user', content }] }),
    });
    await response.text();
  };
  const said = 'A sluice holds back a river and lets through what is needed.';
  for (let round = 0; round < 4; round += 1) {
    await call('steady', 'crawl-31', said);
    await call('smart', 'crawl-31', said);
    await call('echo/ok?tokens=40', 'nightly', said);
    await call('faq', 'helpdesk', said);
  }
  await call('echo/error-500', 'nightly', said);
  await call('echo/cut-mid-stream', 'nightly', said);
  await call('echo/nothing-like-this', 'nightly', said);
}

function pick<Item extends { readonly share: number }>(items: readonly Item[], at: number): Item {
  let passed = 0;
  for (const item of items) {
    passed += item.share;
    if (at < passed) return item;
  }
  const last = items.at(-1);
  if (last === undefined) throw new RangeError('nothing to pick from');
  return last;
}

/** The same numbers in every run: mulberry32. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
