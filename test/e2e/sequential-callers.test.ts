import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.close());

/** A client that sends each call as soon as it has the answer to the one before, and never repeats one. */
async function clientWith(limits: object): Promise<OpenAI> {
  const { key } = await gateway.createKey({ name: 'one after another', limits });
  return new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key, maxRetries: 0 });
}

const ask = { model: 'echo/ok', max_tokens: 300, messages: [{ role: 'user' as const, content: 'Hello' }] };

describe('a caller that makes one call after another', () => {
  it('is not refused for the place of its last call, which is being settled', async () => {
    const client = await clientWith({ parallel_requests: 1 });
    for (let turn = 0; turn < 25; turn += 1) await client.chat.completions.create(ask);
  });

  it('is not refused for the money of its last call either', async () => {
    // Room for one call's worst case, some $0.0008, and for the few thousandths of a cent that the calls before have spent.
    const client = await clientWith({ budgets: [{ amount_usd: 0.0013, period: 'day' }], clamp: false });
    for (let turn = 0; turn < 12; turn += 1) {
      for await (const chunk of await client.chat.completions.create({ ...ask, stream: true })) void chunk;
    }
  });

  it('is not refused for the tokens that its last call held and did not use', async () => {
    // One call that names no limit for its output holds all of them.
    const client = await clientWith({ tokens_per_minute: 2_000 });
    for (let turn = 0; turn < 12; turn += 1) await client.chat.completions.create({ model: 'echo/ok', messages: ask.messages });
  });

  it('is told without delay of a limit that waiting a moment does not cure', async () => {
    const client = await clientWith({ requests_per_minute: 1 });
    await client.chat.completions.create(ask);
    const begunAtMs = performance.now();
    await expect(client.chat.completions.create(ask)).rejects.toMatchObject({ status: 429, code: 'rate_limit_exceeded' });
    expect(performance.now() - begunAtMs).toBeLessThan(2_000);
  });
});
