import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { answerJson, answerStream, configFor, pause, startUpstream, type TestUpstream } from '../support/upstream.ts';

const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
let calls = 0;
const completion = (finish = 'stop') => ({
  id: `chatcmpl-${++calls}`,
  object: 'chat.completion',
  created: 1,
  model: 'm-2026',
  choices: [{ index: 0, message: { role: 'assistant', content: `answer ${calls}` }, finish_reason: finish }],
  usage,
});
const chunks = () => {
  calls += 1;
  const chunk = (delta: object, end: string | null = null) =>
    JSON.stringify({
      id: `c${calls}`,
      object: 'chat.completion.chunk',
      created: 1,
      model: 'm',
      choices: [{ index: 0, delta, finish_reason: end }],
    });
  return [
    chunk({ role: 'assistant', content: '' }),
    chunk({ content: `answer ` }),
    chunk({ content: `${calls}` }),
    chunk({}, 'stop'),
    JSON.stringify({ id: `c${calls}`, object: 'chat.completion.chunk', created: 1, model: 'm', choices: [], usage }),
  ];
};

let upstream: TestUpstream;
let gateway: TestGateway;
let keys = 0;
const freshKey = () => `order-${++keys}`;

beforeAll(async () => {
  upstream = await startUpstream();
  gateway = await startGateway({
    config: configFor(upstream, { defaults: { retries: 0, timeouts: { first_byte_ms: 2000, idle_ms: 1000 } } }),
    environment: { UP_KEY: 'provider-secret' },
  });
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});
beforeEach(() => {
  upstream.received.length = 0;
  upstream.behave((request, response) =>
    request.body.includes('"stream":true') ? answerStream(chunks())(request, response) : answerJson(200, completion())(request, response),
  );
});

async function ask(idempotencyKey: string, more: object = {}, key = gateway.key, headers: Record<string, string> = {}) {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}`, 'idempotency-key': idempotencyKey, ...headers },
    body: JSON.stringify({ model: 'up/m', messages: [{ role: 'user', content: 'Pay once' }], ...more }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    code: text.startsWith('{') ? JSON.parse(text).error?.code : undefined,
  };
}

/** Asks again until the first call has been written down. */
async function askAgain(idempotencyKey: string, more: object = {}, key = gateway.key) {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const reply = await ask(idempotencyKey, more, key);
    if (reply.status !== 409) return reply;
    await pause(20);
  }
  throw new Error('still under way');
}

describe('an Idempotency-Key', () => {
  it('gives the same answer again, whole or as a stream, without a second call or charge', async () => {
    const limits = { budgets: [{ amount_usd: 1, period: 'day' }] };
    const { key } = await gateway.createKey({ name: 'payer', limits });
    const spent = async () =>
      JSON.stringify(await (await fetch(`${gateway.url}/v1/key`, { headers: { authorization: `Bearer ${key}` } })).json());
    const name = freshKey();
    const first = await ask(name, {}, key);
    const second = await askAgain(name, {}, key);
    expect(second.text).toBe(first.text);
    expect(second.headers.get('x-sluice-idempotent-replayed')).toBe('true');
    expect(first.headers.get('x-sluice-idempotent-replayed')).toBeNull();
    await expect.poll(spent).toContain('"spent_usd":0.00002,');

    const streamed = freshKey();
    const texts: string[] = [];
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const client = new OpenAI({
        baseURL: `${gateway.url}/v1`,
        apiKey: key,
        maxRetries: 3,
        defaultHeaders: { 'idempotency-key': streamed },
      });
      const stream = await client.chat.completions.create({
        model: 'up/m',
        messages: [{ role: 'user', content: 'Stream once' }],
        stream: true,
      });
      let text = '';
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
      texts.push(text);
    }
    expect(texts[1]).toBe(texts[0]);
    expect(upstream.received).toHaveLength(2);
    await expect.poll(spent).toContain('"spent_usd":0.00004,');
  });

  it('repeats an answer that the cache would not keep', async () => {
    upstream.behave((request, response) => answerJson(200, completion('length'))(request, response));
    const name = freshKey();
    const first = await ask(name);
    expect((await askAgain(name)).text).toBe(first.text);
  });

  it('refuses another request, and knows the same one in another order', async () => {
    const name = freshKey();
    const first = await ask(name, { temperature: 0, seed: 1 });
    const other = await askAgain(name, { temperature: 0.1, seed: 1 });
    expect(other.status).toBe(422);
    expect(other.code).toBe('idempotency_conflict');
    expect((await ask(name, { seed: 1, temperature: 0 })).text).toBe(first.text);
  });

  it('belongs to one API key', async () => {
    const other = await gateway.createKey({ name: 'other' });
    const name = freshKey();
    const first = await ask(name);
    await askAgain(name);
    expect((await ask(name, { temperature: 1 }, other.key)).status).toBe(200);
    expect((await askAgain(name)).text).toBe(first.text);
    expect(upstream.received).toHaveLength(2);
  });

  it('answers 409 with Retry-After while the first call is under way', async () => {
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    upstream.behave(async (request, response) => {
      await gate;
      await answerJson(200, completion())(request, response);
    });
    const name = freshKey();
    const first = ask(name);
    await expect.poll(() => upstream.received.length).toBe(1);
    const second = await ask(name);
    expect(second.status).toBe(409);
    expect(second.code).toBe('idempotency_in_progress');
    expect(second.headers.get('retry-after')).toBe('2');
    open();
    expect((await askAgain(name)).text).toBe((await first).text);
    expect(upstream.received).toHaveLength(1);
  });

  it('is free again after a failure that nobody paid for', async () => {
    upstream.behave(answerJson(500, { error: { message: 'down' } }));
    const name = freshKey();
    expect((await ask(name)).status).toBe(502);
    upstream.behave(answerJson(200, completion()));
    await pause(100);
    expect((await askAgain(name)).status).toBe(200);
    const refused = freshKey();
    expect((await ask(refused, {}, gateway.key, { 'x-sluice-max-cost-usd': '0.000001' })).status).toBe(402);
    expect((await askAgain(refused)).status).toBe(200);
  });

  it('repeats a failure within the answer, because the answer was paid for', async () => {
    upstream.behave(answerStream(chunks().slice(0, 3), { done: false }));
    const name = freshKey();
    const cut = await ask(name, { stream: true });
    expect(cut.text).toContain('"error"');
    upstream.behave(answerStream(chunks()));
    const again = await askAgain(name, { stream: true });
    expect(again.status).toBe(502);
    expect(again.headers.get('x-should-retry')).toBe('false');
    expect(again.headers.get('x-sluice-idempotent-replayed')).toBe('true');
    expect(upstream.received).toHaveLength(1);
  });
});
