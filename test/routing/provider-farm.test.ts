import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startUpstream, type TestUpstream } from '../support/upstream.ts';
import { failureScripts, requestsFor, startFailingProvider, startTlsRefuser, wellBehaved } from './provider-farm.ts';

const strategies = ['ordered', 'weighted', 'cheapest', 'fastest', 'least_busy'] as const;

let bad: TestUpstream;
let good: TestUpstream;
let refuser: Awaited<ReturnType<typeof startTlsRefuser>>;
let gateway: TestGateway;

beforeAll(async () => {
  [bad, good, refuser] = await Promise.all([startFailingProvider(), startUpstream(wellBehaved), startTlsRefuser()]);
  const provider = (url: string) => ({ type: 'openai-compatible', base_url: url, api_key: 'env:FARM_KEY', allow_private_address: true });
  const models: Record<string, object> = {};
  for (const { name } of failureScripts) {
    models[`${name}@alone`] = { targets: [`bad/${name}@alone`] };
    for (const strategy of strategies) {
      const suffix = `${name}@${strategy}`;
      models[suffix] = {
        strategy,
        targets: [
          { model: `bad/${suffix}`, weight: 1_000_000 },
          { model: `good/${suffix}`, weight: 0.000_001 },
        ],
      };
    }
  }
  for (const how of ['no-tls', 'refused-tls']) {
    models[`${how}@alone`] = { targets: [`${how}/alone`] };
    for (const strategy of strategies) {
      const targets = [
        { model: `${how}/${strategy}`, weight: 1_000_000 },
        { model: `good/${how}@${strategy}`, weight: 0.000_001 },
      ];
      models[`${how}@${strategy}`] = { strategy, targets };
    }
  }
  gateway = await startGateway({
    config: {
      providers: {
        bad: provider(bad.url),
        good: provider(good.url),
        'no-tls': provider(bad.url.replace('http:', 'https:')),
        'refused-tls': provider(refuser.url),
      },
      models,
      prices: { 'good/*': { input: 2, output: 2 }, '*': { input: 1, output: 1 } },
      defaults: { retries: 1, timeouts: { first_byte_ms: 150, idle_ms: 150 } },
    },
    environment: { FARM_KEY: 'farm-key' },
  });
});

afterAll(async () => {
  await gateway?.close();
  await Promise.all([bad?.close(), good?.close(), refuser?.close()]);
});

async function call(model: string, stream: boolean) {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, stream, messages: [{ role: 'user', content: 'hello' }] }),
  });
  return { response, text: await response.text() };
}

describe.each(failureScripts)('a provider that fails by $name', (script) => {
  it.each(strategies)('under %s', async (strategy) => {
    const name = `${script.name}@${strategy}`;
    const { response, text } = await call(name, script.stream);
    expect(requestsFor(bad, name)).toBe(script.requestsBeforeFallback);
    expect(requestsFor(good, name)).toBe(script.failsOver ? 1 : 0);
    if (script.failsOver) {
      expect(response.status, text).toBe(200);
      expect(response.headers.get('x-sluice-model')).toBe(`good/${name}`);
      expect(text).toContain('sound');
      expect(text).not.toContain('error');
      if (script.stream) expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true);
    } else if (script.alone === 'error event') {
      expect(response.status).toBe(200);
      expect(text).toContain('half');
      expect(text).toContain('"error"');
      expect(text).not.toContain('[DONE]');
    } else {
      expect(response.status).toBe(script.alone.status);
    }
  });

  it('alone', async () => {
    const name = `${script.name}@alone`;
    const { response, text } = await call(name, script.stream);
    expect(requestsFor(bad, name)).toBe(script.requestsAlone);
    if (script.alone === 'error event') {
      expect(response.status).toBe(200);
      expect(text).toContain('"error"');
      expect(text).not.toContain('[DONE]');
      return;
    }
    expect(response.status, text).toBe(script.alone.status);
    const { error } = JSON.parse(text);
    expect(error.code).toBe(script.alone.code);
    expect(error.details.attempts.every(({ target }: { target: string }) => target === `bad/${name}`)).toBe(true);
    expect(response.headers.get('x-sluice-attempts')).toBe(String(error.details.attempts.length));
    expect(response.headers.has('retry-after')).toBe(script.retryAfter === true);
  });
});

describe.each(['no-tls', 'refused-tls'])('a provider by %s', (how) => {
  it.each(strategies)('is left at once for another under %s', async (strategy) => {
    const before = refuser.handshakes();
    for (const stream of [false, true]) {
      const { response, text } = await call(`${how}@${strategy}`, stream);
      expect(response.status, text).toBe(200);
      expect(response.headers.get('x-sluice-model')).toBe(`good/${how}@${strategy}`);
      expect(response.headers.get('x-sluice-attempts')).toBe('2');
    }
    expect(refuser.handshakes() - before).toBe(how === 'refused-tls' ? 2 : 0);
  });

  it('is a bad gateway where there is no other', async () => {
    const { response, text } = await call(`${how}@alone`, false);
    expect(response.status).toBe(502);
    expect(JSON.parse(text).error.details.attempts).toEqual([{ target: `${how}/alone`, status: null, outcome: 'unusable' }]);
  });
});
