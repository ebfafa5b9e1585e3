import { randomBytes } from 'node:crypto';
import { createServer, request as forward, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startDynalite, type TestDynamoDb } from '../support/ledger-servers.ts';
import { answerJson, configFor, startUpstream, type TestUpstream } from '../support/upstream.ts';

interface Batch {
  RequestItems: Record<string, unknown[]>;
}

/** What the database does of a write of parts. */
let parts: 'all' | 'half' | 'all but the head' = 'all';
/** Called when a write is left hanging. */
let hung = Promise.withResolvers<void>();
let database: TestDynamoDb;
let proxy: Server;
let upstream: TestUpstream;

/** Sends a request on, and the answer back where somebody waits for it. */
function send(incoming: IncomingMessage, body: string, done: (answer: IncomingMessage) => void): void {
  const headers = { ...incoming.headers, 'content-length': String(Buffer.byteLength(body)) };
  forward(database.endpoint, { method: 'POST', headers }, done).end(body);
}

async function pass(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  const operation = String(incoming.headers['x-amz-target']).split('.')[1];
  const writesParts = operation === 'BatchWriteItem' && text.includes('"PART#');
  if (writesParts && parts === 'half') {
    const batch: Batch = JSON.parse(text);
    for (const [table, items] of Object.entries(batch.RequestItems))
      batch.RequestItems[table] = items.slice(0, Math.floor(items.length / 2));
    send(incoming, JSON.stringify(batch), (answer) => answer.resume().once('end', () => hung.resolve()));
  } else if (operation === 'PutItem' && text.includes('"ANSWER#') && parts === 'all but the head') {
    hung.resolve();
  } else {
    send(incoming, text, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
  }
}

beforeAll(async () => {
  [database, upstream] = await Promise.all([startDynalite(), startUpstream()]);
  proxy = createServer((incoming, response) => void pass(incoming, response)).listen(0, '127.0.0.1');
  await new Promise((resolve) => proxy.once('listening', resolve));
});
afterAll(async () => {
  proxy?.closeAllConnections();
  proxy?.close();
  await Promise.all([upstream?.close(), database?.close()]);
});

function startOne(): Promise<TestGateway> {
  const { port } = proxy.address() as AddressInfo;
  return startGateway({
    config: configFor(upstream, {
      defaults: { retries: 0 },
      models: { kept: { targets: ['up/m'], cache: { ttl_seconds: 3600, scope: 'gateway' } } },
    }),
    environment: { UP_KEY: 'provider-secret', DYNAMODB_ENDPOINT: `http://127.0.0.1:${port}` },
  });
}

async function ask(gateway: TestGateway, key: string, content: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}`, ...headers },
    body: JSON.stringify({ model: 'kept', messages: [{ role: 'user', content }] }),
  });
  return { status: response.status, cache: response.headers.get('x-sluice-cache'), text: await response.text() };
}

describe('an answer of several items', () => {
  it.each(['half', 'all but the head'] as const)(
    'whose writer is killed when %s of it is written is not there, and is written anew',
    async (until) => {
      const large = randomBytes(2_000_000).toString('base64');
      upstream.behave(
        answerJson(200, {
          id: 'c',
          object: 'chat.completion',
          created: 1,
          model: 'm',
          choices: [{ index: 0, message: { role: 'assistant', content: large }, finish_reason: 'stop' }],
        }),
      );
      const [victim, other] = await Promise.all([startOne(), startOne()]);
      try {
        const { key } = await other.createKey({ name: until });
        parts = until;
        hung = Promise.withResolvers();
        const first = ask(victim, key, until);
        await hung.promise;
        victim.process.kill('SIGKILL');
        parts = 'all';
        expect((await first.catch(() => undefined))?.status ?? 200).toBe(200);
        expect((await ask(other, key, until, { 'cache-control': 'only-if-cached' })).status).toBe(504);
        // Whoever asks waits for the dead one's lease at most, and gets all of it.
        const begunAt = Date.now();
        const second = await ask(other, key, until);
        expect(second).toMatchObject({ status: 200, cache: 'miss' });
        expect(second.text).toContain(large.slice(-100));
        expect(Date.now() - begunAt).toBeLessThan(14_000);
        await expect.poll(async () => (await ask(other, key, until)).cache, { timeout: 10_000 }).toBe('hit');
        expect((await ask(other, key, until)).text === second.text).toBe(true);
      } finally {
        parts = 'all';
        await Promise.all([victim.close(), other.close()]);
      }
    },
    60_000,
  );
});
