import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { hasDynoxide, startDynalite, startDynoxide, type TestDynamoDb } from '../support/ledger-servers.ts';
import { answerJson, answerStream, configFor, pause, startUpstream, type TestUpstream } from '../support/upstream.ts';

const processes = 8;
const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
let answers = 0;
const completion = (finish = 'stop') => ({
  id: `chatcmpl-${++answers}`,
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: `answer ${answers}` }, finish_reason: finish }],
  usage,
});

let database: TestDynamoDb;
let upstream: TestUpstream;
let gateways: TestGateway[];
let key: string;
let questions = 0;
const fresh = () => ({ model: 'kept', messages: [{ role: 'user', content: `question ${++questions} of ${process.pid}` }] });

beforeAll(async () => {
  [database, upstream] = await Promise.all([hasDynoxide ? startDynoxide() : startDynalite(), startUpstream()]);
  gateways = await Promise.all(Array.from({ length: processes }, () => startOne()));
  key = (await gateways[0]?.createKey({ name: 'crowd' }))?.key ?? '';
  upstream.behave((request, response) => answerJson(200, completion())(request, response));
  // Nobody measures eight processes that are still loading their code.
  await crowd(2 * processes, fresh());
}, 120_000);
afterAll(async () => {
  await Promise.all((gateways ?? []).map((gateway) => gateway.close()));
  await upstream?.close();
  await database?.close();
});

function startOne(): Promise<TestGateway> {
  return startGateway({
    config: configFor(upstream, { defaults: { retries: 0 }, models: { kept: { targets: ['up/m'], cache: { ttl_seconds: 3600 } } } }),
    environment: { UP_KEY: 'provider-secret', DYNAMODB_ENDPOINT: database.endpoint },
  });
}

async function ask(gateway: TestGateway | undefined, body: object) {
  const response = await fetch(`${gateway?.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify(body),
  });
  return { status: response.status, cache: response.headers.get('x-sluice-cache'), text: await response.text() };
}

/** Asks `count` times, over all gateways in turn. */
const crowd = (count: number, body: object, over = gateways) =>
  Promise.all(Array.from({ length: count }, (_, index) => ask(over[index % over.length], body)));

describe('single flight', () => {
  it('makes one upstream call of 200 identical calls over 8 processes', async () => {
    upstream.received.length = 0;
    upstream.behave(async (request, response) => {
      await pause(1500);
      await answerJson(200, completion())(request, response);
    });
    const replies = await crowd(200, fresh());
    expect(replies.map(({ status }) => status).filter((status) => status !== 200)).toEqual([]);
    expect(upstream.received).toHaveLength(1);
    expect(new Set(replies.map(({ text }) => text)).size).toBe(1);
    const outcomes = replies.map(({ cache }) => cache);
    expect(outcomes.filter((outcome) => outcome === 'miss')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'coalesced').length).toBeGreaterThan(100);
  }, 60_000);

  it('feeds streams and bodies from one stream', async () => {
    upstream.received.length = 0;
    upstream.behave(async (request, response) => {
      const chunk = (delta: object, end: string | null = null) =>
        JSON.stringify({
          id: 'c',
          object: 'chat.completion.chunk',
          created: 1,
          model: 'm',
          choices: [{ index: 0, delta, finish_reason: end }],
        });
      const events = [chunk({ role: 'assistant', content: 'a' }), chunk({ content: 'b' }), chunk({ content: 'c' }), chunk({}, 'stop')];
      await answerStream(events, { pauseMs: 200 })(request, response);
    });
    const question = fresh();
    const leader = ask(gateways[0], { ...question, stream: true });
    await expect.poll(() => upstream.received.length).toBe(1);
    const [streams, bodies] = await Promise.all([crowd(8, { ...question, stream: true }), crowd(8, question)]);
    expect((await leader).cache).toBe('miss');
    for (const { text, cache } of streams) {
      expect(cache).toBe('coalesced');
      expect(text).toContain('"content":"abc"');
      expect(text).toContain('[DONE]');
    }
    for (const { text } of bodies) expect(JSON.parse(text).choices[0].message.content).toBe('abc');
    expect(upstream.received).toHaveLength(1);
  }, 60_000);

  it('lets those who wait go their own way when the answer may not be shared', async () => {
    upstream.received.length = 0;
    upstream.behave(async (request, response) => {
      await pause(300);
      await answerJson(200, completion('length'))(request, response);
    });
    const begunAtMs = Date.now();
    const replies = await crowd(16, fresh());
    expect(replies.every(({ status, cache }) => status === 200 && cache === 'miss')).toBe(true);
    expect(upstream.received).toHaveLength(16);
    // Not one after the other.
    expect(Date.now() - begunAtMs).toBeLessThan(4_000);
  }, 60_000);

  it('makes one call more for all who ask after a purge that met the first under way, and shares nothing of before', async () => {
    upstream.received.length = 0;
    upstream.behave(async (request, response) => {
      await pause(upstream.received.length === 1 ? 7_000 : 500);
      await answerJson(200, completion())(request, response);
    });
    const question = fresh();
    const leader = ask(gateways[0], question);
    await expect.poll(() => upstream.received.length).toBe(1);
    expect((await gateways[1]?.admin('DELETE', '/admin/cache?model=kept'))?.status).toBe(200);
    await pause(5_200);
    const replies = await crowd(16, question);
    const before = await leader;
    expect(upstream.received).toHaveLength(2);
    expect(new Set(replies.map(({ text }) => text)).size).toBe(1);
    expect(replies.map(({ text }) => text)).not.toContain(before.text);
    expect(replies.filter(({ cache }) => cache === 'miss')).toHaveLength(1);
  }, 60_000);

  it('makes two calls at most when the one that leads is killed', async () => {
    upstream.received.length = 0;
    const victim = await startOne();
    let hang = true;
    upstream.behave(async (request, response) => {
      if (hang) await pause(20_000);
      await answerJson(200, completion())(request, response);
    });
    const question = fresh();
    const lost = ask(victim, question).catch(() => undefined);
    await expect.poll(() => upstream.received.length, { timeout: 5_000 }).toBe(1);
    const waiting = crowd(40, question);
    await pause(500);
    hang = false;
    const killedAtMs = Date.now();
    victim.process.kill('SIGKILL');
    const replies = await waiting;
    expect(Date.now() - killedAtMs).toBeLessThan(14_000);
    await lost;
    expect(replies.every(({ status }) => status === 200)).toBe(true);
    expect(new Set(replies.map(({ text }) => text)).size).toBe(1);
    expect(upstream.received).toHaveLength(2);
    expect(replies.filter(({ cache }) => cache === 'miss')).toHaveLength(1);
    await victim.close();
  }, 60_000);
});
