import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BreakableProxy, startBreakableProxy } from '../support/breakable-proxy.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startDynalite, type TestDynamoDb } from '../support/ledger-servers.ts';
import { pause } from '../support/upstream.ts';

let store: TestDynamoDb;
let way: BreakableProxy;
let gateway: TestGateway;

beforeAll(async () => {
  store = await startDynalite();
  way = await startBreakableProxy(store.endpoint);
  gateway = await startGateway({ environment: { DYNAMODB_ENDPOINT: way.endpoint } });
});
afterAll(async () => {
  way?.mend();
  await gateway?.close();
  await way?.close();
  await store?.close();
});

const ask = (key: string) =>
  fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'echo/ok', messages: [{ role: 'user', content: 'Hello' }], max_tokens: 100 }),
  });

async function spentOf(id: string): Promise<number> {
  const { body } = await gateway.admin('GET', `/admin/keys/${id}`);
  return (body as { standing: { budgets: { spent_usd: number }[] } }).standing.budgets[0]?.spent_usd ?? Number.NaN;
}

describe('a store that is gone', () => {
  it('closes the gateway, and never makes a key look wrong', async () => {
    const { key } = await gateway.createKey({ name: 'closed', limits: { budgets: [{ amount_usd: 1, period: 'day' }] } });
    expect((await ask(key)).status).toBe(200);
    way.cut();
    const startedAt = performance.now();
    const refused = await ask(key);
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(JSON.parse(await refused.text()).error.code).toBe('store_unavailable');
    const unknown = await ask('sk-nobody-knows-this-one-while-the-store-is-gone');
    expect(unknown.status).toBe(503);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    way.mend();
  }, 30_000);

  it('lets calls through once the live configuration says so, for longer than a key is believed, and charges them when it is back', async () => {
    const { config } = (await gateway.admin('GET', '/admin/config')).body as { config: object };
    expect((await gateway.admin('PUT', '/admin/config', { config: { ...config, on_store_failure: 'open' } })).status).toBe(200);
    const { id, key } = await gateway.createKey({ name: 'open', limits: { budgets: [{ amount_usd: 1, period: 'day' }] } });
    const inEffect = () => gateway.logLines.some((line) => line.includes('configuration in effect') && JSON.parse(line).version === 1);
    for (const deadlineMs = Date.now() + 15_000; !inEffect() && Date.now() < deadlineMs; await pause(500)) await ask(key);
    expect(inEffect()).toBe(true);
    await pause(300);
    const before = await spentOf(id);
    const single = Number((await ask(key)).headers.get('x-sluice-cost-usd'));
    expect(single).toBeGreaterThan(0);
    await expect.poll(() => spentOf(id)).toBeCloseTo(before + single, 9);

    way.cut();
    expect((await ask(key)).status).toBe(200);
    await pause(11_000);
    expect((await ask(key)).status).toBe(200);
    expect((await ask('sk-nobody-knows-this-one-either-at-the-moment')).status).toBe(503);
    await gateway.logged((line) => line.event === 'let_through');
    way.mend();
    await expect.poll(() => spentOf(id), { timeout: 20_000, interval: 250 }).toBeCloseTo(before + 3 * single, 9);
  }, 90_000);
});
