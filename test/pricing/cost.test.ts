import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Usage, usageOf } from '../../shared/calls/usage.ts';
import { costOf } from '../../shared/pricing/cost.ts';
import { priceOf } from '../../shared/pricing/price-of.ts';
import { priceOverrideSchema } from '../../shared/pricing/price-override.ts';
import { usages } from './arbitraries.ts';

const atMs = Date.parse('2026-11-23T12:00:00Z');

function cost(provider: string, model: string, counts: Partial<Usage>, facts: { serviceTier?: string; atMs?: number } = {}) {
  const price = priceOf({ provider, model });
  if (price === undefined) throw new Error(`no price for ${provider}/${model}`);
  return costOf(usageOf(counts), price, { atMs, ...facts });
}

function overridden(fields: Record<string, unknown>, counts: Partial<Usage>, serviceTier?: string) {
  const price = priceOf({ provider: 'own', model: 'm', overrides: { 'own/m': priceOverrideSchema.parse(fields) } });
  if (price === undefined) throw new Error('no price');
  return costOf(usageOf(counts), price, { atMs, serviceTier });
}

it('charges cached tokens at their own price: gpt-4o, 2.50 / 1.25 / 10.00', () => {
  // 2,000 × 2.50 + 8,000 × 1.25 + 500 × 10.00 per million = 0.005 + 0.01 + 0.005 USD
  const { totalNanoUsd, parts } = cost('openai', 'gpt-4o', { inputTokens: 10_000, cachedInputTokens: 8_000, outputTokens: 500 });
  expect(totalNanoUsd).toBe(20_000_000);
  expect(parts).toMatchObject({ input: 5_000_000, cachedInput: 10_000_000, output: 5_000_000 });
});

it('charges writes of five minutes and of an hour apart: Claude Opus 5, 5 / 6.25 / 10 / 0.50 / 25', () => {
  // 100 × 5 + 3,000 × 6.25 + 1,000 × 10 + 20,000 × 0.5 + 400 × 25 per million
  const usage = { inputTokens: 24_100, cachedInputTokens: 20_000, cacheWriteTokens: 4_000, cacheWrite1hTokens: 1_000, outputTokens: 400 };
  expect(cost('anthropic', 'claude-opus-5', usage)).toMatchObject({
    totalNanoUsd: 500_000 + 18_750_000 + 10_000_000 + 10_000_000 + 10_000_000,
    parts: { cacheWrite: 18_750_000, cacheWrite1h: 10_000_000 },
  });
});

it('charges a one-hour write at twice the input where a reseller lists none', () => {
  const usage = { inputTokens: 1_000_000, cacheWriteTokens: 1_000_000, cacheWrite1hTokens: 1_000_000 };
  expect(cost('bedrock', 'global.anthropic.claude-sonnet-4-6-v1:0', usage).totalNanoUsd).toBe(6_000_000_000);
});

it('charges the whole call at the long-context price past the tier, and not at it: Gemini 2.5 Pro, 200k', () => {
  const within = cost('google', 'gemini-2.5-pro', { inputTokens: 200_000, outputTokens: 1_000 });
  expect(within.totalNanoUsd).toBe(200_000 * 1_250 + 1_000 * 10_000);
  const past = cost('google', 'gemini-2.5-pro', { inputTokens: 200_001, cachedInputTokens: 1, outputTokens: 1_000 });
  expect(past.totalNanoUsd).toBe(200_000 * 2_500 + 250 + 1_000 * 15_000);
});

it('knows the long-context price of Claude Sonnet 4.6 and the day it went', () => {
  const usage = { inputTokens: 300_000, outputTokens: 1_000 };
  const before = Date.parse('2026-03-12T23:59:59.999Z');
  expect(cost('anthropic', 'claude-sonnet-4-6', usage, { atMs: before }).totalNanoUsd).toBe(300_000 * 6_000 + 1_000 * 22_500);
  expect(cost('anthropic', 'claude-sonnet-4-6', usage, { atMs: before + 1 }).totalNanoUsd).toBe(300_000 * 3_000 + 1_000 * 15_000);
});

it('charges by the time of day: DeepSeek, dearer from 00:30 to 16:30 UTC', () => {
  const at = (time: string) =>
    cost('deepseek', 'deepseek-chat', { inputTokens: 1_000_000 }, { atMs: Date.parse(`2026-11-23T${time}Z`) }).totalNanoUsd;
  expect([at('00:29:59'), at('00:30:00'), at('16:29:59'), at('16:30:00')]).toEqual([135_000_000, 270_000_000, 270_000_000, 135_000_000]);
});

it('charges audio in and out at their own prices: gpt-realtime, 4 / 32 / 16 / 64', () => {
  const usage = { inputTokens: 1_500, inputAudioTokens: 1_000, outputTokens: 900, outputAudioTokens: 600 };
  expect(cost('openai', 'gpt-realtime', usage).parts).toMatchObject({
    input: 2_500_000, // the dearer of text (4) and image (5), which a usage does not tell apart
    inputAudio: 32_000_000,
    output: 300 * 16_000,
    outputAudio: 600 * 64_000,
  });
});

it('takes audio as cached only where the rest of the input has no room for it', () => {
  const usage = { inputTokens: 1_000, cachedInputTokens: 800, inputAudioTokens: 500 };
  expect(cost('google', 'gemini-2.5-flash', usage).parts).toMatchObject({
    input: 0,
    inputAudio: 200 * 1_000,
    cachedInputAudio: 300 * 100,
    cachedInput: 500 * 30,
  });
});

it('charges audio by the second: whisper-1 at 0.36 an hour', () => {
  expect(cost('openai', 'whisper-1', { audioMs: 12_345 }).totalNanoUsd).toBe(1_234_500);
});

it('charges requests and searches: sonar at 12 and Claude at 10 per thousand', () => {
  expect(cost('perplexity', 'sonar', { inputTokens: 100, outputTokens: 100 }).parts.request).toBe(12_000_000);
  expect(cost('anthropic', 'claude-opus-5', { searches: 3 }).parts.search).toBe(30_000_000);
});

it('applies the service tier that served the call: gpt-5-mini, priority 0.45 / 3.60, flex half', () => {
  const usage = { inputTokens: 1_000_000, outputTokens: 1_000_000 };
  expect(cost('openai', 'gpt-5-mini', usage, { serviceTier: 'priority' }).totalNanoUsd).toBe(4_050_000_000);
  expect(cost('openai', 'gpt-5-mini', usage, { serviceTier: 'flex' }).totalNanoUsd).toBe(1_125_000_000);
  expect(cost('openai', 'gpt-5-mini', usage, { serviceTier: 'default' }).totalNanoUsd).toBe(2_250_000_000);
});

it('takes the usual words for the standard tier as such, where an operator prices others', () => {
  const nanoUsd = (serviceTier?: string) =>
    overridden({ input: 1, service_tiers: { priority: 2 } }, { inputTokens: 1 }, serviceTier).totalNanoUsd;
  expect([nanoUsd(), nanoUsd('default'), nanoUsd('standard'), nanoUsd('priority'), nanoUsd('other')]).toEqual([
    1000, 1000, 1000, 2000, 2000,
  ]);
});

it('charges every unit an override can name', () => {
  const fields = {
    output: 2,
    reasoning: 3,
    output_audio: 8,
    per_image: 0.04,
    per_second: 0.0001,
    per_request: 0.001,
    per_million_characters: 15,
    per_search: 0.01,
  };
  const usage = { images: 2, audioMs: 1_500, characters: 1_000, searches: 1, outputTokens: 30, reasoningTokens: 10, outputAudioTokens: 5 };
  expect(overridden(fields, usage).parts).toMatchObject({
    output: 30_000,
    reasoning: 30_000,
    outputAudio: 40_000,
    image: 80_000_000,
    audioHour: 150_000,
    request: 1_000_000,
    character: 15_000_000,
    search: 10_000_000,
  });
});

it('loses nothing below a nano-USD and rounds up once, at the end', () => {
  // 37.5 nano-USD a token: three tokens are 112.5
  expect(overridden({ input: 0.0375 }, { inputTokens: 3 }).totalNanoUsd).toBe(113);
  expect(overridden({ input: 0.0375 }, { inputTokens: 2 }).totalNanoUsd).toBe(75);
  // two parts of 0.5 nano-USD are one, not two
  expect(overridden({ input: 0.0005, output: 0.0005 }, { inputTokens: 1, outputTokens: 1 }).totalNanoUsd).toBe(1);
  expect(overridden({ input: 1, service_tiers: { third: 0.33333 } }, { inputTokens: 3 }, 'third').totalNanoUsd).toBe(1000);
});

it('takes what an override leaves out from its own wider prices, never for free', () => {
  const usage = { inputTokens: 20, cachedInputTokens: 10, outputTokens: 5, reasoningTokens: 5 };
  expect(overridden({ input: 1 }, usage).totalNanoUsd).toBe(25_000);
  expect(overridden({ input: 1, output: 0 }, usage).totalNanoUsd).toBe(20_000);
});

it('applies the tiers of an override to the whole call and keeps what a tier leaves out', () => {
  const fields = {
    input: 1,
    output: 2,
    context: [
      { above: 1_000, input: 3 },
      { above: 100, input: 2, output: 4 },
    ],
  };
  expect(overridden(fields, { inputTokens: 100, outputTokens: 1 }).totalNanoUsd).toBe(102_000);
  expect(overridden(fields, { inputTokens: 101, outputTokens: 1 }).totalNanoUsd).toBe(206_000);
  expect(overridden(fields, { inputTokens: 1_001, outputTokens: 1 }).totalNanoUsd).toBe(3_005_000);
});

it.each([[{}], [{ context: [] }], [{ input: -1 }], [{ input: '1' }], [{ inputs: 1 }], [{ input: 1, service_tiers: { x: -1 } }]])(
  'refuses the override %j',
  (fields) => {
    expect(priceOverrideSchema.safeParse(fields).success).toBe(false);
  },
);

it('splits every cost into parts that sum exactly to the total', () => {
  const price = priceOf({ provider: 'google', model: 'gemini-2.5-flash' });
  if (price === undefined) throw new Error('no price');
  fc.assert(
    fc.property(
      usages({ inputTokens: 2_000_000, outputTokens: 200_000 }),
      fc.constantFrom(undefined, 'priority', 'odd'),
      (usage, serviceTier) => {
        const { totalNanoUsd, parts } = costOf(usage, price, { atMs, serviceTier });
        expect(Object.values(parts).reduce((sum, part) => sum + part, 0)).toBe(totalNanoUsd);
        expect(Object.values(parts).every((part) => Number.isSafeInteger(part) && part >= 0)).toBe(true);
      },
    ),
  );
});

it('stops at what no budget holds rather than count past the safe range', () => {
  expect(overridden({ input: 1_000_000 }, { inputTokens: 10_000_000_000 }).totalNanoUsd).toBe(Number.MAX_SAFE_INTEGER);
});
