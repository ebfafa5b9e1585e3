import { afterEach, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startDynalite, type TestDynamoDb } from '../support/ledger-servers.ts';
import { answerJson, pause, startUpstream, type TestUpstream, type UpstreamBehaviour } from '../support/upstream.ts';
import { answer, wellBehaved } from './provider-farm.ts';

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** How long a model takes to answer: what keeps calls in flight. */
const answerMs = 700;

function slowly(behaviour: UpstreamBehaviour): UpstreamBehaviour {
  return async (request, response) => {
    await pause(answerMs);
    await behaviour(request, response);
  };
}

async function upstream(behaviour: UpstreamBehaviour): Promise<TestUpstream> {
  const started = await startUpstream(behaviour);
  closers.push(() => started.close());
  return started;
}

async function gatewayOn(
  upstreams: readonly TestUpstream[],
  options: { readonly strategy?: string; readonly store?: TestDynamoDb } = {},
): Promise<TestGateway> {
  const providers = Object.fromEntries(
    upstreams.map(({ url }, index) => [
      `p${index}`,
      { type: 'openai-compatible', base_url: url, api_key: 'env:KEY', allow_private_address: true },
    ]),
  );
  const gateway = await startGateway({
    config: {
      providers,
      models: { m: { strategy: options.strategy ?? 'weighted', targets: upstreams.map((_, index) => `p${index}/m`) } },
      defaults: { retries: 2, timeouts: { first_byte_ms: firstByteMs } },
    },
    environment: { KEY: 'a-key', ...(options.store && { DYNAMODB_ENDPOINT: options.store.endpoint }) },
  });
  closers.push(() => gateway.close());
  return gateway;
}

const firstByteMs = 1_500;

/** What a machine that is short of time may add. */
const starvedMs = 2_000;

/** How long the target is dead. A minute, with OUTAGE_MS=60000, shows the same figures as these seconds. */
const outageMs = Number(process.env.OUTAGE_MS ?? 9_000);

interface Outcome {
  readonly status: number;
  readonly servedBy: string | null;
  readonly attempts: number;
  readonly startedAtMs: number;
  readonly ms: number;
}

async function call(gateway: TestGateway): Promise<Outcome> {
  const startedAtMs = performance.now();
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'hello' }] }),
  });
  await response.arrayBuffer();
  const { status, headers } = response;
  return {
    status,
    servedBy: headers.get('x-sluice-model'),
    attempts: Number(headers.get('x-sluice-attempts')),
    startedAtMs,
    ms: performance.now() - startedAtMs,
  };
}

/** Keeps so many calls under way for so long. */
async function load(gateway: TestGateway, inFlight: number, ms: number): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const endsAt = Date.now() + ms;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (Date.now() < endsAt) {
        outcomes.push(await call(gateway));
      }
    }),
  );
  return outcomes;
}

/** Keeps so many calls under way until one of them is as awaited, and says how long that took. */
async function timeUntil(gateway: TestGateway, inFlight: number, isAwaited: (outcome: Outcome) => boolean): Promise<number> {
  const begunAt = Date.now();
  let foundMs: number | undefined;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (foundMs === undefined) {
        if (Date.now() - begunAt > 30_000) throw new Error('it never came');
        if (isAwaited(await call(gateway))) foundMs ??= Date.now() - begunAt;
      }
    }),
  );
  return foundMs ?? Number.POSITIVE_INFINITY;
}

function p99(outcomes: readonly Outcome[]): number {
  const sorted = outcomes.map(({ ms }) => ms).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * 0.99)] ?? 0;
}

describe.each([
  ['hangs', () => {}],
  ['answers 500', answerJson(500, { error: { message: 'down', type: 'server_error' } })],
])('with 50 calls in flight, one of three targets that %s', (_how, behaviour) => {
  it(
    'costs no caller an error, little time, and the others little load, and comes back when it is well',
    async () => {
      const upstreams = await Promise.all([1, 2, 3].map(() => upstream(slowly(wellBehaved))));
      const [dead] = upstreams;
      const gateway = await gatewayOn(upstreams);
      const before = await load(gateway, 50, 2_500);
      for (const each of upstreams) each.received.length = 0;

      dead?.behave(behaviour);
      const diedAtMs = performance.now();
      const during = await load(gateway, 50, outageMs);
      expect(during.filter(({ status }) => status !== 200)).toEqual([]);
      // Calls that were under way when it died wait one timeout; of those after it only the probes wait at all.
      expect(Math.max(...during.map(({ ms }) => ms)) - p99(before)).toBeLessThan(firstByteMs * 3);
      const noticed = during.filter(({ startedAtMs }) => startedAtMs > diedAtMs + firstByteMs * 2.5);
      const waited = noticed.filter(({ attempts }) => attempts > 1).length;
      expect(waited / noticed.length).toBeLessThan(0.03);
      // Over a minute the calls that noticed it are few enough to be among the one per cent.
      const judged = outageMs < 60_000 ? noticed : during;
      const added = p99(judged) - p99(before);
      expect(added, `added p99 of ${judged.length} calls`).toBeLessThan(firstByteMs);
      const healthy = upstreams.slice(1).reduce((sum, { received }) => sum + received.length, 0);
      expect(healthy).toBeLessThan(during.length * 1.1);
      // What was tried in vain: the calls it took to notice, then probes.
      expect(dead?.received.length).toBeLessThan(during.length * 0.1 + 50);

      dead?.behave(slowly(wellBehaved));
      // A probe every ten seconds; the one under way when it got well may have to wait out its timeout, and the next is a call itself.
      const back = await timeUntil(gateway, 50, ({ servedBy }) => servedBy === 'p0/m');
      expect(back).toBeLessThan(10_000 + firstByteMs + answerMs * 2 + starvedMs);
      const after = await load(gateway, 50, 2_000);
      expect(after.filter(({ servedBy }) => servedBy === 'p0/m').length).toBeGreaterThan(after.length * 0.15);
    },
    outageMs + 60_000,
  );
});

describe('a provider whose every answer is a failure', () => {
  it('gets at most a tenth more load from retries than it has calls, and a small reserve', async () => {
    const only = await upstream(slowly(answerJson(500, { error: { message: 'down', type: 'server_error' } })));
    const gateway = await gatewayOn([only]);
    const begunAt = Date.now();
    const outcomes = await load(gateway, 40, 6_000);
    const seconds = (Date.now() - begunAt) / 1_000;
    expect(outcomes.filter(({ status }) => status !== 502)).toEqual([]);
    // The reserve is ten, and time gives back one a second.
    expect(only.received.length).toBeLessThanOrEqual(outcomes.length * 1.1 + 10 + seconds);
  }, 30_000);
});

describe('two gateways that share a store', () => {
  it('need one to be hurt for both to know', async () => {
    const store = await startDynalite();
    closers.push(() => store.close());
    const upstreams = [await upstream(wellBehaved), await upstream(wellBehaved)];
    const [dead] = upstreams;
    dead?.behave(answerJson(503, { error: { message: 'down', type: 'server_error' } }));
    const hurt = await gatewayOn(upstreams, { strategy: 'ordered', store });
    const spared = await gatewayOn(upstreams, { strategy: 'ordered', store });
    expect((await call(spared)).attempts).toBe(3 + 1);
    for (let count = 0; count < 4; count += 1) await call(hurt);
    expect((await call(hurt)).attempts).toBe(1);

    await pause(2_600);
    await call(spared);
    await pause(1_500);
    if (dead) dead.received.length = 0;
    for (let count = 0; count < 5; count += 1) expect(await call(spared)).toMatchObject({ status: 200, attempts: 1, servedBy: 'p1/m' });
    expect(dead?.received.length).toBe(0);

    dead?.behave(answerJson(200, answer));
    const both = [hurt, spared];
    const backAt = Date.now();
    for (const gateway of both) {
      while ((await call(gateway)).servedBy !== 'p0/m') {
        if (Date.now() - backAt > 15_000) throw new Error('it never came back');
        await pause(100);
      }
    }
  }, 60_000);
});
