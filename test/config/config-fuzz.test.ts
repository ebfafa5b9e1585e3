import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { JsonValue } from '../../shared/calls/json.ts';
import { parseConfigText } from '../../shared/config/load-config.ts';
import { GatewayError } from '../../shared/errors/gateway-error.ts';
import { odd, spoilt, wayIn } from '../support/spoilt.ts';

/** A good configuration with a little of everything. */
const config: JsonValue = {
  providers: {
    openai: {},
    up: {
      type: 'openai-compatible',
      base_url: 'https://up.example.com/v1',
      api_key: 'env:UP_KEY',
      regions: [
        { name: 'a', base_url: 'https://a.example.com' },
        { name: 'b', base_url: 'https://b.example.com' },
      ],
      headers: { 'x-team': 'search' },
      models: { m: { context_length: 5 } },
    },
    bedrock: { options: { region: 'eu-west-1' } },
  },
  models: {
    m: {
      strategy: 'weighted',
      sticky: 'tag:area',
      targets: [
        {
          model: 'echo/ok',
          weight: 2,
          retries: 1,
          overrides: { temperature: 1 },
          timeouts: { idle_ms: 5 },
          limits: { parallel_requests: 2, budgets: [{ amount_usd: 1, period: 'day' }] },
          when: {
            tags: { area: 'search' },
            key: 'a*',
            modality: ['image'],
            input_tokens: { min: 1 },
            parameters: { temperature: { max: 1 } },
            time: { from: '08:00', to: '18:00', days: ['mon'], zone: 'Europe/Berlin' },
          },
        },
        'up/m',
        { strategy: 'fastest', targets: ['n'] },
      ],
    },
    n: {
      targets: ['echo/ok'],
      canary: { target: 'up/m', percent: 5 },
      mirror: { target: 'echo/ok' },
      cache: { ttl_seconds: 60, semantic: { model: 'openai/e' } },
      resume: true,
      context_length_fallbacks: ['up/m'],
    },
    'any/*': 'openai/*',
  },
  prices: { 'up/*': { input: 1, output: 2, context: [{ above: 1_000, input: 2 }], service_tiers: { flex: 0.5 } } },
  defaults: { retries: 1, timeouts: { idle_ms: 1_000 } },
  alerts: { thresholds: [50, 100], webhook: { url: 'https://hook.example.com', secret: 'env:HOOK' }, slack: { url: 'env:CHAT' } },
  otlp: { endpoint: 'https://otlp.example.com', headers: { a: 'b' } },
  payload_logging: { redact: { badge: '[a-z]+' } },
};
const text = stringify(config);

/** Taken, or refused with the line that is wrong. */
async function expectSound(changed: string, where: RegExp): Promise<void> {
  const error: unknown = await parseConfigText(changed, 'gateway.yaml').then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error === undefined) return;
  expect(error).toBeInstanceOf(GatewayError);
  expect(String(error)).toMatch(where);
}

const runs = { numRuns: Number(process.env.FUZZ_RUNS ?? 300) };

describe('a spoilt configuration', () => {
  it('is one that is good to begin with', async () => {
    await expect(parseConfigText(text, 'gateway.yaml')).resolves.toBeDefined();
  });

  it('is taken or refused with a line, whatever a value of it is', async () => {
    await fc.assert(
      fc.asyncProperty(wayIn, fc.option(odd, { nil: undefined }), async (way, replacement) => {
        await expectSound(stringify(spoilt(config, way, replacement)), /gateway\.yaml:\d+: /);
      }),
      runs,
    );
  });

  it('is taken or refused with a word, whatever a slip of the hand makes of its text', async () => {
    const typed = fc.string({ unit: fc.constantFrom(...'{}[]:,-"\'#&*!|>%@` \n\tab0'), maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length), fc.nat(40), typed, async (at, gone, put) => {
        await expectSound(text.slice(0, at) + put + text.slice(at + gone), /gateway\.yaml/);
      }),
      runs,
    );
  });
});
