import { createServer, request as forward, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startDynalite, type TestDynamoDb } from '../support/ledger-servers.ts';
import { answerJson, configFor, startUpstream, type TestUpstream } from '../support/upstream.ts';

/** What happens to what is sent to the table of the cache. */
let mood: 'well' | 'refusing' | 'silent' | 'dropping' | 'throttling' | 'talking nonsense' = 'well';
/** Operations on that table that came through, while well. */
let operations: string[] = [];
let database: TestDynamoDb;
let proxy: Server;
let upstream: TestUpstream;
let gateway: TestGateway;

/** Hands a request on to the database, unless it is about the cache and that is not well. */
async function pass(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const ours = /"(ANSWER#|GENERATIONS|COUNTS|PART#|IDEMPOTENCY#)/.test(body.toString());
  if (ours) operations.push(String(incoming.headers['x-amz-target']).split('.')[1] ?? '');
  if (!ours || mood === 'well') {
    const onward = forward(database.endpoint, { method: incoming.method, headers: incoming.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    onward.end(body);
  } else if (mood === 'dropping') {
    incoming.socket.destroy();
  } else if (mood === 'refusing') {
    response.writeHead(500, { 'content-type': 'application/x-amz-json-1.0' });
    response.end('{"__type":"InternalServerError"}');
  } else if (mood === 'throttling') {
    response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' });
    response.end('{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slow down"}');
  } else if (mood === 'talking nonsense') {
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' });
    response.end('<html>');
  }
}

beforeAll(async () => {
  [database, upstream] = await Promise.all([startDynalite(), startUpstream()]);
  proxy = createServer((incoming, response) => void pass(incoming, response)).listen(0, '127.0.0.1');
  await new Promise((resolve) => proxy.once('listening', resolve));
  const { port } = proxy.address() as AddressInfo;
  gateway = await startGateway({
    config: configFor(upstream, {
      defaults: { retries: 0 },
      models: { kept: { targets: ['up/m'], cache: { ttl_seconds: 3600, stale_if_error_seconds: 60 } } },
    }),
    environment: { UP_KEY: 'provider-secret', DYNAMODB_ENDPOINT: `http://127.0.0.1:${port}` },
  });
  upstream.behave(
    answerJson(200, {
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
    }),
  );
});
afterAll(async () => {
  mood = 'well';
  await gateway?.close();
  proxy?.closeAllConnections();
  proxy?.close();
  await upstream?.close();
  await database?.close();
});

async function ask(model: string, content: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${gateway.key}`, ...headers },
    body: JSON.stringify({ model, messages: [{ role: 'user', content }] }),
  });
  return { status: response.status, cache: response.headers.get('x-sluice-cache'), text: await response.text() };
}

describe('the store of the cache', () => {
  it('is not touched by a call without the cache, and four times by a miss', async () => {
    await ask('kept', 'warm up');
    // Those of a miss, and the generations, which are remembered.
    await expect.poll(() => operations.length).toBe(5);
    operations = [];
    await ask('up/m', 'off');
    expect(operations).toEqual([]);
    await ask('kept', 'a miss');
    await expect.poll(() => operations.length).toBe(4);
    // The look-up, the lead, the answer, the counts.
    expect(operations.sort()).toEqual(['GetItem', 'PutItem', 'UpdateItem', 'UpdateItem']);
    operations = [];
    expect((await ask('kept', 'a miss')).cache).toBe('hit');
    await expect.poll(() => operations.sort()).toEqual(['GetItem', 'UpdateItem']);
  });

  it.each(['refusing', 'dropping', 'throttling', 'talking nonsense', 'silent'] as const)('fails no call when it is %s', async (state) => {
    mood = state;
    try {
      const begunAtMs = Date.now();
      for (let call = 0; call < 3; call += 1) {
        const reply = await ask('kept', `${state} ${call}`);
        expect(reply.status).toBe(200);
        expect(reply.cache).toBe('miss');
      }
      // One call's patience; the others do not even ask.
      expect(Date.now() - begunAtMs).toBeLessThan(7_000);
      expect((await ask('kept', 'x', { 'cache-control': 'only-if-cached' })).status).toBe(504);
      expect((await ask('up/m', 'x', { 'idempotency-key': `k-${state}` })).status).toBe(503);
    } finally {
      mood = 'well';
    }
    await expect.poll(async () => (await ask('kept', 'warm up')).cache, { timeout: 9_000, interval: 250 }).toBe('hit');
  });

  it('may fail between the look-up and the answer', async () => {
    upstream.behave(async (request, response) => {
      mood = 'refusing';
      await answerJson(200, {
        id: 'c',
        object: 'chat.completion',
        created: 1,
        model: 'm',
        choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
      })(request, response);
    });
    try {
      const reply = await ask('kept', 'fails later');
      expect(reply).toMatchObject({ status: 200, cache: 'miss' });
      await gateway.logged(({ message }) => message === 'cache counts failed' || message === 'cache failed');
    } finally {
      mood = 'well';
    }
  });
});
