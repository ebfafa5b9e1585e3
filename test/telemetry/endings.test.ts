import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DynamoDb } from '../../shared/store/dynamo-client.ts';
import { connectDynamoDb } from '../../shared/store/dynamo-connect.ts';
import { DynamoLedger } from '../../shared/store/ledger-store.ts';
import type { CallRecords } from '../../shared/store/record-calls.ts';
import { callRecords } from '../../shared/store/record-connect.ts';
import { Books } from '../../shared/store/usage-books.ts';
import { UsageFold } from '../../shared/store/usage-fold.ts';
import { UsageReader } from '../../shared/store/usage-read.ts';
import { discrepancies } from '../../shared/telemetry/audit-books.ts';
import type { CallRecord } from '../../shared/telemetry/call-record.ts';
import { usageTotal } from '../../shared/telemetry/usage-report.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startDynalite, type TestDynamoDb } from '../support/ledger-servers.ts';
import { answerJson, answerStream, startUpstream, type TestUpstream } from '../support/upstream.ts';

/** Planted where a prompt, an answer or a secret goes; none of them may ever be seen in a log or a record. */
const canaries = {
  prompt: 'canary-prompt-7Q2',
  system: 'canary-system-9L4',
  answer: 'canary-answer-3M8',
  toolArguments: 'canary-arguments-5T1',
  providerError: 'canary-provider-error-6R0',
  providerKey: 'sk-canary-provider-key-8W5-0123456789',
  wrongKey: 'sk-canary-wrong-key-1Z7-0123456789',
} as const;

const hour = 3_600_000;

let server: TestDynamoDb;
let db: DynamoDb;
let upstream: TestUpstream;
let gateway: TestGateway;
let records: CallRecords;
let usage: UsageReader;
let books: Books;
let fold: UsageFold;
let ledger: DynamoLedger;
let output = '';
let calls = 0;

/** Provider prices of echo, and of `up`: nano-USD a token. */
const inputPrice = 1_000;
const outputPrice = 2_000;

beforeAll(async () => {
  server = await startDynalite();
  db = await connectDynamoDb({ region: 'us-east-1', endpoint: server.endpoint });
  records = callRecords(db, { SLUICE_RECORDS_TABLE: 'sluice-records', SLUICE_CONTROL_TABLE: 'sluice-control', SLUICE_RECORD_DAYS: 30 });
  usage = new UsageReader(db, 'sluice-records', records);
  fold = new UsageFold({ db, table: 'sluice-records', records, retentionMs: 30 * 24 * hour });
  books = new Books({ db, ledgerTable: 'sluice-ledger', records, usage });
  ledger = new DynamoLedger({ db, table: 'sluice-ledger', recorder: records });
  upstream = await startUpstream();
  gateway = await openGateway();
}, 60_000);

afterAll(async () => {
  await gateway.close();
  await upstream.close();
  db.close();
  await server.close();
});

async function openGateway(): Promise<TestGateway> {
  const started = await startGateway({
    config: {
      providers: {
        up: {
          type: 'openai-compatible',
          base_url: upstream.url,
          allow_private_address: true,
          api_key: 'env:CANARY_KEY',
          stops_billing_on_abort: true,
        },
      },
      models: {
        fallback: { strategy: 'ordered', targets: ['echo/error-503', 'echo/ok'] },
        retried: { strategy: 'ordered', targets: [{ model: 'up/priced', retries: 2 }] },
        stalls: { strategy: 'ordered', targets: [{ model: 'echo/stall-mid-stream', timeouts: { idle_ms: 300 } }] },
        kept: { strategy: 'ordered', targets: ['echo/ok'], cache: { ttl_seconds: 60 } },
      },
      prices: { 'up/priced': { input: 1, output: 2 } },
      defaults: { retries: 0 },
    },
    environment: { DYNAMODB_ENDPOINT: server.endpoint, CANARY_KEY: canaries.providerKey, SLUICE_LOG_LEVEL: 'debug' },
  });
  for (const stream of [started.process.stdout, started.process.stderr]) stream?.on('data', (chunk) => (output += String(chunk)));
  return started;
}

interface Sent {
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object | string;
}

const messages = [
  { role: 'system', content: canaries.system },
  { role: 'user', content: `${canaries.prompt} one two three four five six seven eight` },
];

const wholeDollar = { limits: { budgets: [{ amount_usd: 1, period: 'total' }] } };

async function keyWith(fields: object = wholeDollar): Promise<string> {
  return (await gateway.createKey({ name: 'ending', ...fields })).key;
}

async function send({ key, headers = {}, body = {} }: Sent): Promise<{ status: number; id: string; text: string }> {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key !== undefined && { authorization: `Bearer ${key}` }), ...headers },
    body: typeof body === 'string' ? body : JSON.stringify({ messages, ...body }),
  });
  calls += 1;
  return { status: response.status, id: response.headers.get('x-sluice-request-id') ?? '', text: await response.text() };
}

/** Waits for the record of a call, and for the call to be settled: the log line comes last. */
async function recordOf(id: string): Promise<CallRecord> {
  await gateway.logged((line) => line.message === 'call' && line.request_id === id);
  const record = await records.find(id);
  if (record === undefined) throw new Error(`no record of ${id}`);
  return record;
}

function attemptsCost({ attempts }: CallRecord): number {
  return attempts.reduce((sum, { costNanoUsd = 0 }) => sum + costNanoUsd, 0);
}

/** A call from its sending to its record, whose cost must be that of its tokens, and the sum of its attempts'. */
async function ending(sent: Sent): Promise<CallRecord & { readonly answer: string }> {
  const { id, text } = await send(sent);
  const record = await recordOf(id);
  if (record.cost !== undefined) {
    expect(record.costNanoUsd).toBe((record.usage.inputTokens ?? 0) * inputPrice + (record.usage.outputTokens ?? 0) * outputPrice);
  }
  expect(attemptsCost(record)).toBe(record.costNanoUsd);
  return { ...record, answer: text };
}

describe('one record with the right figures is left by a call', () => {
  it('1. without a key', async () => {
    expect(await ending({})).toMatchObject({ ending: 'refused', status: 401, error: 'missing_api_key', costNanoUsd: 0 });
  });
  it('2. with a key that does not exist', async () => {
    expect(await ending({ key: canaries.wrongKey })).toMatchObject({ ending: 'refused', status: 401, error: 'invalid_api_key' });
  });
  it('3. with a disabled key', async () => {
    const { id, key } = await gateway.createKey({ name: 'disabled' });
    await gateway.admin('PATCH', `/admin/keys/${id}`, { disabled: true });
    expect(await ending({ key })).toMatchObject({ ending: 'refused', status: 403, error: 'key_disabled', keyId: id });
  });
  it('4. with an expired key', async () => {
    const { id, key } = await gateway.createKey({ name: 'brief', expires_at: new Date(Date.now() + 400).toISOString() });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await ending({ key })).toMatchObject({ ending: 'refused', status: 401, error: 'expired_api_key', keyId: id });
  });
  it('5. whose body is no JSON', async () => {
    const body = `{"messages": [{"content": "${canaries.prompt}`;
    expect(await ending({ key: await keyWith(), body })).toMatchObject({ ending: 'refused', status: 400, error: 'invalid_request' });
  });
  it('6. whose body is malformed', async () => {
    const body = { model: 'echo/ok', messages: [{ role: canaries.prompt }] };
    expect(await ending({ key: await keyWith(), body })).toMatchObject({ ending: 'refused', status: 400, error: 'invalid_request' });
  });
  it('7. for a model that does not exist', async () => {
    expect(await ending({ key: await keyWith(), body: { model: 'no/such' } })).toMatchObject({
      ending: 'refused',
      status: 404,
      error: 'model_not_found',
    });
  });
  it('8. for a model the key may not call', async () => {
    const key = await keyWith({ models: ['openai/*'] });
    expect(await ending({ key, body: { model: 'echo/ok' } })).toMatchObject({ ending: 'refused', status: 403, error: 'model_not_allowed' });
  });
  it('9. that may cost more than its caller allows', async () => {
    const sent = { key: await keyWith(), headers: { 'x-sluice-max-cost-usd': '0.0000001' }, body: { model: 'echo/ok' } };
    expect(await ending(sent)).toMatchObject({ ending: 'refused', status: 402, error: 'max_cost_exceeded', costNanoUsd: 0 });
  });
  it('10. under a budget for a model without a price', async () => {
    const sent = { key: await keyWith(), body: { model: 'up/unpriced' } };
    expect(await ending(sent)).toMatchObject({ ending: 'refused', status: 402, error: 'unpriced_model' });
  });
  it('11. past a rate limit', async () => {
    const key = await keyWith({ limits: { requests_per_minute: 1 } });
    expect(await ending({ key, body: { model: 'echo/ok' } })).toMatchObject({ ending: 'answered' });
    expect(await ending({ key, body: { model: 'echo/ok' } })).toMatchObject({
      ending: 'refused',
      status: 429,
      error: 'rate_limit_exceeded',
      refusedBy: { limit: 'requests', reason: 'rate' },
      costNanoUsd: 0,
    });
  });
  it('12. past a budget', async () => {
    const key = await keyWith({ limits: { budgets: [{ amount_usd: 0.0001, period: 'total' }] } });
    expect(await ending({ key, body: { model: 'echo/ok?tokens=400', max_tokens: 400 } })).toMatchObject({
      ending: 'refused',
      status: 402,
      error: 'budget_exceeded',
      refusedBy: { limit: 'budget', reason: 'exhausted' },
    });
  });
  it('13. while others hold the budget', async () => {
    const key = await keyWith({ limits: { budgets: [{ amount_usd: 0.01, period: 'total' }], clamp: false } });
    const slow = send({ key, body: { model: 'echo/ok?delay_ms=700', max_tokens: 4_000 } });
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(await ending({ key, body: { model: 'echo/ok', max_tokens: 4_000 } })).toMatchObject({
      ending: 'refused',
      status: 429,
      error: 'budget_held',
    });
    expect(await recordOf((await slow).id)).toMatchObject({ ending: 'answered' });
  });
  it('14. answered whole', async () => {
    const record = await ending({ key: await keyWith(), body: { model: 'echo/ok' } });
    expect(record).toMatchObject({ ending: 'answered', status: 200, servedBy: 'echo/ok', finishReason: 'stop', stream: false });
    const { usage: told } = JSON.parse(record.answer);
    expect(record.usage).toEqual({ inputTokens: told.prompt_tokens, outputTokens: told.completion_tokens });
    expect(record.bytesOut).toBe(Buffer.byteLength(record.answer));
  });
  it('15. answered as a stream', async () => {
    const record = await ending({ key: await keyWith(), body: { model: 'echo/ok', stream: true } });
    expect(record).toMatchObject({ ending: 'answered', status: 200, stream: true, finishReason: 'stop' });
    expect(record.firstTokenMs).toBeLessThanOrEqual(record.durationMs ?? 0);
    expect(record.bytesOut).toBe(Buffer.byteLength(record.answer));
  });
  it('16. answered by the second target', async () => {
    const record = await ending({ key: await keyWith(), body: { model: 'fallback' } });
    expect(record).toMatchObject({ ending: 'answered', model: 'fallback', servedBy: 'echo/ok' });
    expect(record.attempts.map(({ target, outcome }) => [target, outcome])).toEqual([
      ['echo/error-503', 'server_error'],
      ['echo/ok', 'answered'],
    ]);
  });
  it('17. answered by the third try', async () => {
    let tries = 0;
    upstream.behave((request, response) => {
      tries += 1;
      if (tries < 3) return answerJson(500, { error: { message: canaries.providerError } })(request, response);
      const choices = [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: canaries.answer } }];
      return answerJson(200, {
        id: 'c1',
        object: 'chat.completion',
        choices,
        usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 },
      })(request, response);
    });
    const record = await ending({ key: await keyWith(), body: { model: 'retried' } });
    expect(record).toMatchObject({
      ending: 'answered',
      servedBy: 'up/priced',
      costNanoUsd: 25_000,
      usage: { inputTokens: 11, outputTokens: 7 },
    });
    expect(record.attempts.map(({ costNanoUsd }) => costNanoUsd)).toEqual([undefined, undefined, 25_000]);
  });
  it('18. answered by a call of a tool', async () => {
    const parameters = { type: 'object', required: ['q'], properties: { q: { type: 'string', enum: [canaries.toolArguments] } } };
    const body = { model: 'echo/tool-call', tools: [{ type: 'function', function: { name: 'look_up', parameters } }] };
    const record = await ending({ key: await keyWith(), body });
    expect(record).toMatchObject({ ending: 'answered', finishReason: 'tool_calls', tools: ['look_up'] });
    expect(record.answer).toContain(canaries.toolArguments);
  });
  it('19. answered up to its output cap', async () => {
    const record = await ending({ key: await keyWith(), body: { model: 'echo/ok?tokens=50', max_tokens: 5 } });
    expect(record).toMatchObject({ ending: 'answered', finishReason: 'length', usage: { outputTokens: 5 } });
  });
  it('20. answered with nothing', async () => {
    expect(await ending({ key: await keyWith(), body: { model: 'echo/empty' } })).toMatchObject({ ending: 'answered', status: 200 });
  });
  it('21. that the provider finds wrong', async () => {
    expect(await ending({ key: await keyWith(), body: { model: 'echo/error-422' } })).toMatchObject({
      ending: 'failed',
      status: 422,
      error: 'invalid_request',
      costNanoUsd: 0,
      attempts: [{ outcome: 'caller', status: 422 }],
    });
  });
  it('22. whose every target fails', async () => {
    upstream.behave(answerJson(500, { error: { message: canaries.providerError } }));
    expect(await ending({ key: await keyWith(), body: { model: 'up/priced' } })).toMatchObject({
      ending: 'failed',
      status: 502,
      error: 'provider_error',
      costNanoUsd: 0,
    });
  });
  it('23. that the provider answers with the key in its words', async () => {
    upstream.behave(answerJson(401, { error: { message: `Incorrect API key provided: ${canaries.providerKey}` } }));
    expect(await ending({ key: await keyWith(), body: { model: 'up/priced' } })).toMatchObject({ ending: 'failed', status: 502 });
  });
  it('24. too long for the model', async () => {
    expect(await ending({ key: await keyWith(), body: { model: 'echo/context-length' } })).toMatchObject({
      ending: 'failed',
      error: 'context_length_exceeded',
    });
  });
  it('25. that nobody answers in time', async () => {
    const sent = { key: await keyWith(), headers: { 'x-sluice-timeout-ms': '400' }, body: { model: 'echo/hang' } };
    expect(await ending(sent)).toMatchObject({ ending: 'failed', status: 504, error: 'provider_timeout', costNanoUsd: 0 });
  });
  it('26. whose provider hangs up before its first byte', async () => {
    expect(await ending({ key: await keyWith(), body: { model: 'echo/cut-before-first-byte' } })).toMatchObject({
      ending: 'failed',
      status: 502,
    });
  });
  const outcomes: Record<string, unknown> = {
    provider_error: expect.stringMatching(/^(connection|server_error|unusable)$/),
    provider_timeout: 'timeout',
  };
  it.each([
    ['27. cut in the middle of its stream', 'echo/cut-mid-stream', 'provider_error'],
    ['28. told of an error in the middle of its stream', 'echo/error-mid-stream', 'provider_error'],
    ['29. whose stream breaks its form', 'echo/malformed-mid-stream', 'provider_error'],
    ['30. whose stream falls silent', 'stalls', 'provider_timeout'],
  ])('%s', async (_name, model, error) => {
    const record = await ending({ key: await keyWith(), body: { model, stream: true } });
    expect(record).toMatchObject({ ending: 'failed', status: 200, error, estimated: true });
    expect(record.attempts).toMatchObject([{ status: 200, outcome: outcomes[error], estimated: true }]);
    expect(record.costNanoUsd).toBeGreaterThan(0);
  });
  it('31. cut short at what its budget affords', async () => {
    const key = await keyWith({ limits: { budgets: [{ amount_usd: 0.01, period: 'total' }] } });
    const delta = { index: 0, delta: { content: `${canaries.answer} twenty more` }, finish_reason: null };
    const event = JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [delta] });
    upstream.behave(
      answerStream(
        Array.from({ length: 5_000 }, () => event),
        { pauseMs: 1 },
      ),
    );
    const record = await ending({ key, body: { model: 'up/priced', max_tokens: 64_000, stream: true } });
    expect(record).toMatchObject({ ending: 'truncated', status: 200, estimated: true });
    expect(record.costNanoUsd).toBeGreaterThan(5_000_000);
    // The event that crosses the line is counted by its bytes, which is more than its tokens.
    expect(record.costNanoUsd).toBeLessThanOrEqual(10_000_000 + canaries.answer.length * 4 * outputPrice);
  });
  it('32. whose caller leaves in the middle of the stream', async () => {
    const key = await keyWith();
    const record = await leave({ key, body: { model: 'echo/ok?tokens=200&chunk_delay_ms=20', stream: true } }, 'after the first bytes');
    expect(record).toMatchObject({ ending: 'client_gone', estimated: true, attempts: [{ outcome: 'aborted', estimated: true }] });
    expect(record.costNanoUsd).toBeGreaterThan(0);
    expect(attemptsCost(record)).toBe(record.costNanoUsd);
  });
  it('33. whose caller leaves before the answer', async () => {
    const record = await leave({ key: await keyWith(), body: { model: 'echo/hang' } }, 'before the answer');
    expect(record).toMatchObject({ ending: 'client_gone', costNanoUsd: 0 });
  });
  it('34. answered from the cache, whole and as a stream', async () => {
    const key = await keyWith();
    const first = await ending({ key, body: { model: 'kept', temperature: 0 } });
    expect(first).toMatchObject({ ending: 'answered', cache: 'miss' });
    for (const stream of [false, true]) {
      expect(await ending({ key, body: { model: 'kept', temperature: 0, stream } })).toMatchObject({
        ending: 'answered',
        cache: 'hit',
        costNanoUsd: 0,
        savedNanoUsd: first.costNanoUsd,
      });
    }
  });
  it('35. repeated with its Idempotency-Key', async () => {
    const sent = { key: await keyWith(), headers: { 'idempotency-key': 'once' }, body: { model: 'echo/ok' } };
    const first = await ending(sent);
    expect(first.costNanoUsd).toBeGreaterThan(0);
    expect(await ending(sent)).toMatchObject({ ending: 'answered', cache: 'idempotent', costNanoUsd: 0, answer: first.answer });
  });
  it('36. larger than anybody takes', async () => {
    const { status } = await send({
      key: await keyWith(),
      body: { model: 'echo/ok', messages: [{ role: 'user', content: 'x'.repeat(7_000_000) }] },
    });
    // The platform refuses it before the gateway sees it: no call was started.
    expect(status).toBe(413);
    calls -= 1;
  });
  it.each([
    ['37. of a process that is killed in the middle of the stream', 'doomed', wholeDollar],
    ['38. that nothing limits, of a process that is killed in the middle of the stream', 'free', {}],
  ])('%s', async (_name, team, limited) => {
    const { id: keyId, key } = await gateway.createKey({ name: 'killed', team, ...limited });
    await gateway.admin('PUT', `/admin/teams/${team}`, limited);
    const body = JSON.stringify({ model: 'echo/ok?tokens=500&chunk_delay_ms=20', messages, stream: true, max_tokens: 600 });
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'x-sluice-timeout-ms': '60000' },
      body,
    });
    calls += 1;
    const id = response.headers.get('x-sluice-request-id') ?? '';
    const reader = response.body?.getReader();
    await reader?.read();
    gateway.process.kill('SIGKILL');
    await reader?.read().catch(() => undefined);
    await gateway.close();
    gateway = await openGateway();

    expect(await records.find(id)).toBeUndefined();
    const dead = await ledger.sweep(Date.now() + hour);
    const held = dead.find((hold) => hold.requestId === id)?.amountNanoUsd ?? 0;
    expect(held).toBeGreaterThan(0);
    expect(await records.find(id)).toMatchObject({
      ending: 'crashed',
      costNanoUsd: held,
      estimated: true,
      keyId,
      team,
      scopes: expect.arrayContaining([`key#${keyId}`, ...('limits' in limited ? [`team#${team}`] : [])]),
    });
    // A second sweep, or another process that finds the same hold, adds nothing.
    await records.record(dead);
    await ledger.sweep(Date.now() + hour);
  });
});

/** Everything that can be said to the gateway, in each of its dialects, with a canary where the words are. */
const said: readonly (readonly [path: string, body: object | string, contentType?: string])[] = [
  ['/v1/completions', { model: 'echo/ok', prompt: canaries.prompt }],
  ['/v1/responses', { model: 'echo/ok', instructions: canaries.system, input: canaries.prompt }],
  ['/v1/responses', { model: 'echo/ok', input: [{ role: 'user', content: canaries.prompt }], stream: true }],
  ['/v1/messages', { model: 'echo/ok', max_tokens: 50, system: canaries.system, messages: messages.slice(1) }],
  ['/v1/messages', { model: 'echo/cut-mid-stream', max_tokens: 50, messages: messages.slice(1), stream: true }],
  ['/v1/messages/count_tokens', { model: 'echo/ok', messages: messages.slice(1) }],
  ['/v1beta/models/echo/ok:generateContent', { contents: [{ role: 'user', parts: [{ text: canaries.prompt }] }] }],
  ['/v1beta/models/echo/ok:streamGenerateContent?alt=sse', { contents: [{ role: 'user', parts: [{ text: canaries.prompt }] }] }],
  ['/v1/embeddings', { model: 'echo/ok', input: [canaries.prompt] }],
  ['/v1/rerank', { model: 'echo/ok', query: canaries.prompt, documents: [canaries.answer, canaries.system] }],
  ['/v1/moderations', { model: 'echo/ok', input: canaries.prompt }],
  ['/v1/images/generations', { model: 'echo/ok', prompt: canaries.prompt }],
  ['/v1/audio/speech', { model: 'echo/ok', voice: 'alloy', input: canaries.prompt }],
  ['/v1/providers/up/files', `--x\r\n${canaries.prompt}\r\n--x--`, 'multipart/form-data; boundary=x'],
  ['/v1/messages', { model: 'echo/ok', max_tokens: canaries.prompt, messages: [] }],
  ['/v1/responses', `{"input": "${canaries.prompt}`],
  ['/v1beta/models/echo/ok:generateContent', { contents: canaries.prompt }],
  ['/v1/embeddings', { model: 'echo/error-400', input: [canaries.prompt] }],
];

describe('one record is left by whatever is said in another dialect', () => {
  const cases = said.map(([path, body, contentType = 'application/json']) => ({ path, body, contentType }));

  it.each(cases)('$path', async ({ path, body, contentType }) => {
    upstream.behave(answerJson(400, { error: { message: canaries.providerError } }));
    const { key } = await gateway.createKey({ name: 'dialects' });
    const response = await fetch(gateway.url + path, {
      method: 'POST',
      headers: { 'content-type': contentType, authorization: `Bearer ${key}` },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    calls += 1;
    await response.text();
    const record = await recordOf(response.headers.get('x-sluice-request-id') ?? '');
    expect(record).toMatchObject({ status: response.status, attempts: expect.any(Array), durationMs: expect.any(Number) });
    expect(record.keyId).toMatch(/^key_/);
  });

  it('and by a key that stands in the address', async () => {
    const response = await fetch(`${gateway.url}/v1beta/models/echo/ok:generateContent?key=${canaries.wrongKey}`, {
      method: 'POST',
      body: '{}',
    });
    calls += 1;
    expect(response.status).toBe(401);
    expect(await recordOf(response.headers.get('x-sluice-request-id') ?? '')).toMatchObject({ ending: 'refused', status: 401 });
  });
});

/** A caller that leaves: found again by its session, because it may not have seen the id of its call. */
async function leave({ key, body }: Sent, when: 'before the answer' | 'after the first bytes'): Promise<CallRecord> {
  const session = `leaving ${when}`;
  const request = httpRequest(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'x-sluice-session': session },
  });
  request.on('error', () => undefined);
  calls += 1;
  if (when === 'before the answer') setTimeout(() => request.destroy(), 300);
  else request.once('response', (response) => response.once('data', () => request.destroy()));
  request.end(JSON.stringify({ messages, ...(typeof body === 'object' ? body : {}) }));
  const line = await gateway.logged((entry) => entry.message === 'call' && entry.session === session);
  return await recordOf(String(line.request_id));
}

describe('after all of these', () => {
  it('there are as many records as calls, and every book says the same, before and after the sums are made', async () => {
    const today = Math.floor(Date.now() / (24 * hour)) * 24 * hour;
    const check = async (): Promise<void> => {
      const all: CallRecord[] = [];
      for await (const record of records.newestFirst({ fromMs: today - 24 * hour, toMs: Date.now() + hour })) all.push(record);
      expect(new Set(all.map(({ id }) => id)).size).toBe(calls);
      expect(all).toHaveLength(calls);
      const spent = all.reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0);
      const range = { fromMs: today - 24 * hour, toMs: today + 48 * hour };
      expect(usageTotal(await usage.read({ kind: 'whole', span: 'day', ...range }), {})).toMatchObject({ calls, costNanoUsd: spent });
      expect(usageTotal(await usage.read({ kind: 'whole', span: 'hour', ...range }), {})).toMatchObject({ calls, costNanoUsd: spent });
      const scopes = await books.scopes([], Date.now() + hour);
      expect(scopes.length).toBeGreaterThan(10);
      expect(scopes.every(({ heldNanoUsd }) => heldNanoUsd === 0)).toBe(true);
      expect(discrepancies(scopes, await books.days(today - 24 * hour, today + 24 * hour))).toEqual([]);
    };
    await check();
    const folded = await fold.run(Date.now() + hour);
    expect(folded.calls + folded.late).toBeGreaterThanOrEqual(calls);
    await check();
    await fold.run(Date.now() + 2 * hour);
    await check();
  }, 60_000);

  it('the control plane proves the same', async () => {
    const { status, body } = await gateway.admin('GET', '/admin/audit/books');
    expect(status).toBe(200);
    expect(body).toMatchObject({ agree: true, discrepancies: [] });
  });

  it('no prompt, answer, key or secret stands in any line of output or in any record', async () => {
    const { items } = await db.scan({ table: 'sluice-records' });
    expect(items.length).toBeGreaterThan(calls);
    const stored = JSON.stringify(items);
    expect(output.length).toBeGreaterThan(20_000);
    for (const canary of Object.values(canaries)) {
      expect(output).not.toContain(canary);
      expect(stored).not.toContain(canary);
    }
    for (const key of [gateway.adminKey, gateway.key]) expect(stored).not.toContain(key);
  });
});
