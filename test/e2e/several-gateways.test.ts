import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startDynalite, type TestDynamoDb } from '../support/ledger-servers.ts';
import { answerJson, answerStream, configFor, pause, startUpstream, type TestUpstream } from '../support/upstream.ts';

let store: TestDynamoDb;
let upstream: TestUpstream;
let gateways: TestGateway[] = [];

beforeAll(async () => {
  [store, upstream] = await Promise.all([startDynalite(), startUpstream()]);
  const start = () => startGateway({ config: configFor(upstream), environment: { DYNAMODB_ENDPOINT: store.endpoint } });
  // The first makes the tables.
  gateways = [await start()];
  gateways.push(...(await Promise.all([start(), start()])));
}, 60_000);
afterAll(async () => {
  await Promise.all(gateways.map((gateway) => gateway.close()));
  await upstream?.close();
  await store?.close();
});

const at = (index: number): TestGateway => gateways[index % gateways.length] ?? gateways[0]!;

/** Asks one of the gateways; a store that is too busy to answer in time is asked again, as clients do. */
async function ask(index: number, key: string, body: object): Promise<Response> {
  for (;;) {
    const response = await fetch(`${at(index).url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'up/m', messages: [{ role: 'user', content: 'Hello' }], ...body }),
    });
    if (response.status !== 503) return response;
    await response.text();
    await pause(200);
  }
}

interface Budget {
  readonly limit_usd: number;
  readonly spent_usd: number;
  readonly held_usd: number;
}

async function budgetOf(index: number, key: string): Promise<Budget> {
  const response = await fetch(`${at(index).url}/v1/key`, { headers: { authorization: `Bearer ${key}` } });
  return JSON.parse(await response.text()).budgets[0];
}

async function settled(key: string): Promise<Budget> {
  for (let turn = 0; turn < 200; turn += 1) {
    const budget = await budgetOf(turn, key);
    if (budget.held_usd === 0) return budget;
    await pause(25);
  }
  throw new Error('something is still held');
}

async function recordsOf(id: string): Promise<{ status: number; cost_usd: number | null }[]> {
  const records: { status: number; cost_usd: number | null }[] = [];
  for (let cursor = ''; ; ) {
    const { body } = await at(0).admin('GET', `/admin/requests?key=${id}&limit=200${cursor}`);
    const page = body as { data: typeof records; next_cursor: string | null };
    records.push(...page.data);
    if (page.next_cursor === null) return records;
    cursor = `&cursor=${encodeURIComponent(page.next_cursor)}`;
  }
}

const completion = (input: number, output: number) => ({
  id: 'x',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
});

describe('several gateways on one store', () => {
  it('spend a budget together to the nano-dollar, and never past it at any moment', async () => {
    // Each call costs a hundredth of a dollar and a nano-dollar's worth of odd tokens.
    upstream.behave(answerJson(200, completion(1, 4_999)));
    const { id, key } = await at(0).createKey({
      name: 'shared',
      limits: { budgets: [{ amount_usd: 0.2, period: 'total' }], clamp: false },
    });
    let most = 0;
    let done = false;
    const watching = (async () => {
      for (let index = 0; !done; index += 1) {
        const { spent_usd, held_usd } = await budgetOf(index, key);
        most = Math.max(most, spent_usd + held_usd);
      }
    })();
    const calls = Array.from({ length: 90 }, async (_, index) => {
      for (;;) {
        const response = await ask(index, key, { max_tokens: 5_000 });
        await response.text();
        // What others hold comes back: whoever is told so tries again.
        if (response.status !== 429) return response.status;
        await pause(50);
      }
    });
    const statuses = await Promise.all(calls);
    const { spent_usd } = await settled(key);
    done = true;
    await watching;
    expect(new Set(statuses)).toEqual(new Set([200, 402]));
    const passed = statuses.filter((status) => status === 200).length;
    expect(spent_usd).toBeCloseTo(passed * (1e-6 + 4_999 * 2e-6), 12);
    expect(spent_usd).toBeLessThanOrEqual(0.2);
    expect(spent_usd).toBeGreaterThan(0.2 - 0.011);
    expect(most).toBeLessThanOrEqual(0.2);
    await expect.poll(async () => (await recordsOf(id)).filter(({ status }) => status === 200).length, { timeout: 10_000 }).toBe(passed);
    const nano = (await recordsOf(id)).reduce((sum, { cost_usd }) => sum + Math.round((cost_usd ?? 0) * 1e9), 0);
    expect(nano).toBe(Math.round(spent_usd * 1e9));
  }, 60_000);

  it('let twenty parallel streams of 64,000 tokens share half a dollar', async () => {
    const chunk = (content: string, finish_reason: string | null = null) =>
      JSON.stringify({
        id: 'c',
        object: 'chat.completion.chunk',
        created: 1,
        model: 'm',
        choices: [{ index: 0, delta: { content }, finish_reason }],
      });
    const usage = JSON.stringify({
      id: 'c',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'm',
      choices: [],
      usage: completion(100, 450).usage,
    });
    upstream.behave(
      answerStream([...Array.from({ length: 60 }, (_, index) => chunk(`word${index} `)), chunk('', 'stop'), usage], { pauseMs: 5 }),
    );
    const { key } = await at(0).createKey({ name: 'agents', limits: { budgets: [{ amount_usd: 0.5, period: 'total' }] } });
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const response = await ask(index, key, { max_tokens: 64_000, stream: true });
        return { status: response.status, text: await response.text() };
      }),
    );
    for (const { status, text } of answers) {
      expect(status).toBe(200);
      expect(text).toContain('"finish_reason":"stop"');
      expect(text).toContain('data: [DONE]');
    }
    expect((await settled(key)).spent_usd).toBeCloseTo(0.02, 12);
  }, 60_000);

  it('let a minute of requests in together, not one each', async () => {
    upstream.behave(answerJson(200, completion(10, 10)));
    const { key } = await at(0).createKey({ name: 'rpm', limits: { requests_per_minute: 12 } });
    const statuses = await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        const response = await ask(index, key, { max_tokens: 10 });
        await response.text();
        return response.status;
      }),
    );
    expect(statuses.filter((status) => status === 200)).toHaveLength(12);
    expect(statuses.filter((status) => status === 429)).toHaveLength(48);
  }, 60_000);

  it('heed limits changed at one of them within ten seconds, up and down, and what was spent stays spent', async () => {
    upstream.behave(answerJson(200, completion(1_000, 500)));
    const { id, key } = await at(0).createKey({
      name: 'changed',
      limits: { budgets: [{ amount_usd: 0.003, period: 'total' }], clamp: false },
    });
    const passes = async (index: number): Promise<boolean> => {
      const response = await ask(index, key, { max_tokens: 500 });
      await response.text();
      return response.status === 200;
    };
    for (const index of [0, 1, 2]) {
      expect(await passes(index)).toBe(index === 0);
      // Its caller has the answer before it is settled, and it costs more than was held for it.
      await settled(key);
    }
    const change = (amount_usd: number) =>
      at(0).admin('PATCH', `/admin/keys/${id}`, { limits: { budgets: [{ amount_usd, period: 'total' }], clamp: false } });
    await change(0.009);
    await pause(10_100);
    expect(await Promise.all([1, 2].map(passes))).toEqual([true, true]);
    expect(await settled(key)).toMatchObject({ limit_usd: 0.009, spent_usd: 0.006 });
    await change(0.001);
    await pause(10_100);
    expect(await Promise.all([0, 1, 2].map(passes))).toEqual([false, false, false]);
    expect(await settled(key)).toMatchObject({ limit_usd: 0.001, spent_usd: 0.006 });
  }, 60_000);
});
