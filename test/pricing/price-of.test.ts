import { readFileSync } from 'node:fs';
import { calcPrice, type Usage as LibraryUsage, waitForUpdate } from '@pydantic/genai-prices';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { compilePrices, priceTablePath } from '../../infra/setup/compile-prices.ts';
import { usageOf } from '../../shared/calls/usage.ts';
import { builtInProviders } from '../../shared/pricing/built-in-providers.ts';
import { costOf } from '../../shared/pricing/cost.ts';
import { costBound } from '../../shared/pricing/cost-bound.ts';
import { ratesAt, serviceTierMultiplier } from '../../shared/pricing/price.ts';
import { priceOf } from '../../shared/pricing/price-of.ts';
import { priceTables } from '../../shared/pricing/price-table.generated.ts';
import { type RateName, rateOf } from '../../shared/pricing/rates.ts';

const usd = z.number().nonnegative().optional();
const priceFields = Object.fromEntries(
  ['input', 'cached_input', 'cache_write', 'cache_write_1h', 'output', 'reasoning', 'input_audio', 'cached_input_audio', 'output_audio']
    .concat(['per_second', 'per_request', 'per_search', 'per_million_characters'])
    .map((name) => [name, usd]),
);

const atMs = Date.parse('2026-11-23T12:00:00Z');

it('is compiled from the price library as it is installed', async () => {
  expect(readFileSync(priceTablePath, 'utf8')).toBe(await compilePrices());
});

it('agrees with the price library on input and output of every model it prices', async () => {
  const providers = (await waitForUpdate()) ?? [];
  const usages: LibraryUsage[] = [{ input_tokens: 1000 }, { input_tokens: 300_000 }, { output_tokens: 1000 }];
  let compared = 0;
  for (const table of ['openai', 'anthropic', 'google', 'aws', 'mistral', 'x-ai', 'deepseek', 'groq', 'openrouter']) {
    const id = Object.keys(builtInProviders).find((name) => builtInProviders[name]?.tables[0] === table) ?? table;
    for (const model of providers.find((provider) => provider.id === table)?.models ?? []) {
      const price = priceOf({ provider: id, model: model.id });
      const expected = usages.map((usage) => calcPrice(usage, model.id, { providerId: table, timestamp: new Date(atMs) }));
      const keys = Object.keys(expected[0]?.model_price ?? {});
      if (price === undefined || keys.length === 0 || keys.some((key) => /image|hours|requests/.test(key))) continue;
      expect(price.name, `${table} ${model.id}`).toBe(expected[0]?.model.id);
      for (const [index, tokens] of [1000, 300_000].entries()) {
        const usd = (tokens * rateOf(ratesAt(price, tokens, atMs), 'input')) / 1e12;
        expect(usd, `${table} ${model.id}`).toBeCloseTo(expected[index]?.total_price ?? Number.NaN, 9);
      }
      if (keys.includes('output_mtok')) {
        expect(rateOf(ratesAt(price, 0, atMs), 'output') / 1e9, `${table} ${model.id}`).toBeCloseTo(
          expected[2]?.total_price ?? Number.NaN,
          9,
        );
      }
      compared += 1;
    }
  }
  expect(compared).toBeGreaterThan(800);
});

it.each([
  ['openai', 'gpt-4o-2024-08-06', 'gpt-4o'],
  ['openai', 'GPT-4o', 'gpt-4o'],
  ['anthropic', 'claude-sonnet-4-5-20250929', 'claude-sonnet-4-5'],
  ['bedrock', 'us.anthropic.claude-sonnet-4-5-20250929-v1:0', 'regional.anthropic.claude-sonnet-4-5-20250929-v1:0'],
  ['azure', 'gpt-4.1', 'gpt-4.1'],
  ['xai', 'grok-4-latest', 'grok-4-0709'],
  ['openrouter', 'anthropic/claude-sonnet-4.5', 'anthropic/claude-sonnet-4.5'],
  ['echo', 'error-500', 'echo'],
])('finds %s/%s as %s', (provider, model, name) => {
  expect(priceOf({ provider, model })?.name).toBe(name);
});

it.each([
  ['openai', 'no-such-model'],
  ['vllm', 'llama'],
  ['constructor', 'gpt-4o'],
  ['openai', '__proto__'],
  ['mistral', 'mistral-ocr-latest'],
  ['perplexity', 'sonar-deep-research'],
])('has no price for %s/%s', (provider, model) => {
  expect(priceOf({ provider, model })).toBeUndefined();
});

it('charges nothing for moderation, which OpenAI gives away', () => {
  expect(priceOf({ provider: 'openai', model: 'omni-moderation-latest' })?.variants[0]?.rates).toMatchObject({ input: 0, output: 0 });
});

it('charges nothing for the free models of OpenRouter', () => {
  const price = priceOf({ provider: 'openrouter', model: 'openai/gpt-oss-20b:free' });
  expect(price?.variants[0]?.rates).toMatchObject({ input: 0, output: 0 });
});

it('takes the most specific override: exact before pattern, longer before shorter', () => {
  const overrides = {
    '*': { input: 9 },
    'vllm/*': { input: 1, cached_input: 0.1, output: 2 },
    'vllm/llama-*': { input: 3 },
    'vllm/llama-70b': { input: 4 },
  };
  const nameOf = (provider: string, model: string) => priceOf({ provider, model, overrides })?.name;
  expect(nameOf('vllm', 'llama-70b')).toBe('vllm/llama-70b');
  expect(nameOf('vllm', 'llama-8b')).toBe('vllm/llama-*');
  expect(nameOf('vllm', 'org/qwen')).toBe('vllm/*');
  expect(nameOf('openai', 'gpt-4o')).toBe('*');
});

it('looks up built-in prices under the catalogue id when the provider bears a name of its own', () => {
  const price = priceOf({ provider: 'my-openai', catalogueId: 'openai', model: 'gpt-4o', overrides: { 'my-openai/o3': { input: 1 } } });
  expect(price).toMatchObject({ name: 'gpt-4o', source: 'built-in', contextLength: 128_000 });
});

it('keeps what the operator says of context and output over the built-in figures', () => {
  const price = priceOf({ provider: 'openai', model: 'gpt-4o', contextLength: 8000, maxOutputTokens: 100 });
  expect(price).toMatchObject({ contextLength: 8000, maxOutputTokens: 100 });
});

it('says what a model can write in one answer where its vendor does, else undefined', () => {
  const limitOf = (provider: string, model: string) => priceOf({ provider, model })?.maxOutputTokens;
  expect(limitOf('openai', 'gpt-4.1-mini')).toBe(32_768);
  expect(limitOf('bedrock', 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0')).toBe(64_000);
  expect(limitOf('google', 'gemini-2.5-pro')).toBe(65_536);
  expect(limitOf('vertex', 'gemini-4-argon')).toBe(65_536);
  expect(limitOf('mistral', 'mistral-medium-latest')).toBeUndefined();
});

it('knows models that are younger than the library, and when their introductory price ends', () => {
  const rates = (model: string, day: string) => {
    const price = priceOf({ provider: 'google', model });
    if (price === undefined) throw new Error(`no price of ${model}`);
    const { input, cachedInput, output } = ratesAt(price, 500_000, Date.parse(day));
    return [input, cachedInput, output].map((perToken) => (perToken ?? 0) / 1e6);
  };
  expect(rates('gemini-4-argon', '2026-11-30')).toEqual([2, 0.1, 10]);
  expect(rates('gemini-4-argon', '2026-12-01')).toEqual([4, 0.2, 20]);
  expect(rates('gemini-4-carbon', '2026-12-01')).toEqual([4, 0.2, 20]);
  expect(rates('gemini-4-neon', '2026-12-01')).toEqual([3, 0.15, 15]);
  expect(rates('gemini-4-hydrogen', '2026-12-01')).toEqual([1.5, 0.075, 7.5]);
});

it('prices the embeddings of a model of many media by its text, which is all that its endpoint takes', () => {
  const price = priceOf({ provider: 'google', model: 'gemini-embedding-2' });
  if (price === undefined) throw new Error('no price');
  expect(costOf(usageOf({ inputTokens: 1_000_000 }), price, { atMs }).totalNanoUsd).toBe(200_000_000);
});

it('keeps to the schema of a row in every row', () => {
  const pattern = z.union([z.string(), z.array(z.string())]);
  const amounts = { ...priceFields, context: z.array(z.strictObject({ above: z.int(), ...priceFields })).optional() };
  const row = z.strictObject({
    ...amounts,
    id: z.string(),
    names: z.array(z.string().regex(/^[^*A-Z]+$/)).optional(),
    match: z.array(pattern).optional(),
    context_length: z.int().positive().optional(),
    unpriced: z.literal(true).optional(),
    later: z
      .array(z.strictObject({ ...amounts, from_ms: z.int().optional(), daily_ms: z.tuple([z.int(), z.int()]).optional() }))
      .optional(),
  });
  for (const text of Object.values(priceTables)) expect(() => z.array(row).parse(JSON.parse(text))).not.toThrow();
});

it('multiplies by the service tier, stacks several and takes the dearest for an unknown one', () => {
  const gpt = priceOf({ provider: 'openai', model: 'gpt-4.1' });
  const claude = priceOf({ provider: 'anthropic', model: 'claude-opus-4-8' });
  if (gpt === undefined || claude === undefined) throw new Error('no price');
  expect(serviceTierMultiplier(gpt, undefined)).toBe(100_000);
  expect(serviceTierMultiplier(gpt, 'priority')).toBe(175_000);
  expect(serviceTierMultiplier(gpt, 'flex')).toBe(50_000);
  expect(serviceTierMultiplier(gpt, 'toString')).toBe(175_000);
  expect(serviceTierMultiplier(claude, 'fast+us')).toBe(220_000);
});

it('holds six times the price for the ultrafast tier, which no account can be set to', () => {
  for (const model of ['gpt-6-astra', 'gpt-6.1-sol', 'gpt-6.2-sol', 'gpt-5.6-sol', 'gpt-5.6']) {
    const price = priceOf({ provider: 'openai', model });
    if (price === undefined) throw new Error('no price');
    expect(serviceTierMultiplier(price, 'ultrafast')).toBe(600_000);
    expect(serviceTierMultiplier(price, 'fast')).toBe(200_000);
    expect(serviceTierMultiplier(price, 'account')).toBe(200_000);
  }
});

it.each([
  ['gpt-6.1-sol', 2, 0.1, 10],
  ['gpt-6.1-terra', 1, 0.05, 5],
  ['gpt-6.2-sol', 2, 0.1, 10],
  ['gpt-6.2-astra', 8, 0.4, 40],
])('knows %s, which is younger than the library, with its long context and its snapshots', (model, input, cached, output) => {
  for (const provider of ['openai', 'azure']) {
    const price = priceOf({ provider, model: `${model}-2026-12-01` });
    if (price === undefined) throw new Error('no price');
    expect(price).toMatchObject({ name: model, contextLength: 1_050_000, maxOutputTokens: 128_000 });
    const perMillion = (name: RateName, tokens = 1000) => rateOf(ratesAt(price, tokens, atMs), name) / 1e6;
    expect(perMillion('input')).toBeCloseTo(input, 9);
    expect(perMillion('cachedInput')).toBeCloseTo(cached, 9);
    expect(perMillion('cacheWrite')).toBeCloseTo(1.25 * input, 9);
    expect(perMillion('output')).toBeCloseTo(output, 9);
    expect(perMillion('input', 272_001)).toBeCloseTo(2 * input, 9);
    expect(perMillion('cacheWrite1h', 272_001)).toBeCloseTo(5 * input, 9);
    expect(perMillion('output', 272_001)).toBeCloseTo(1.5 * output, 9);
  }
});

it('charges twice as much for a write to the prompt cache that stays for twelve hours', () => {
  for (const model of ['gpt-5.6-sol', 'gpt-6-astra', 'gpt-6.2-sol']) {
    const price = priceOf({ provider: 'openai', model });
    if (price === undefined) throw new Error('no price');
    const rates = ratesAt(price, 1000, atMs);
    expect(rateOf(rates, 'cacheWrite1h')).toBe(2 * rateOf(rates, 'cacheWrite'));
  }
});

it('prices speech by the character or the token, and the snapshots of its models', () => {
  const atMs = Date.parse('2026-11-23T12:00:00Z');
  const cost = (model: string, counts: Parameters<typeof usageOf>[0]) => {
    const price = priceOf({ provider: 'openai', model });
    return price && costOf(usageOf(counts), price, { atMs }).totalNanoUsd;
  };
  expect(cost('tts-1', { characters: 1000, inputTokens: 250, outputTokens: 1200, outputAudioTokens: 1200 })).toBe(15_000_000);
  expect(cost('tts-1-hd', { characters: 1000 })).toBe(30_000_000);
  expect(cost('gpt-4o-mini-tts-2025-12-15', { outputTokens: 1000, outputAudioTokens: 1000 })).toBe(12_000_000);
  expect(cost('gpt-4o-mini-transcribe-2025-12-15', { inputTokens: 1000, inputAudioTokens: 1000 })).toBe(3_000_000);
});

it('prices the image models of today by the token', () => {
  for (const model of ['gpt-image-2.5-sunburst-2026-09-08', 'gpt-image-2.5-flare', 'gpt-image-2.6-sunburst', 'gpt-image-2.6-flare'])
    expect(priceOf({ provider: 'openai', model })?.variants[0]?.rates).toMatchObject({ input: 8_000_000, output: 30_000_000 });
});

it.each([
  ['openai', 'gpt-5', { searches: 1, fileSearches: 2, containers: 4 }, 0.01 + 0.005 + 0.12],
  ['openai', 'gpt-4.1', { searches: 1 }, 0.025],
  ['openai', 'gpt-4o-mini-search-preview', { searches: 1 }, 0.025],
  ['anthropic', 'claude-opus-5', { searches: 3, containers: 1 }, 0.03 + 0.0125],
  ['google', 'gemini-3-pro-preview', { searches: 3 }, 0.042],
  ['google', 'gemini-2.5-flash', { searches: 3 }, 0.035],
  ['google', 'gemini-4-argon', { searches: 3 }, 0.042],
  ['xai', 'grok-4', { searches: 2 }, 0.01],
  ['openrouter', 'openai/gpt-4o', { searches: 1 }, 0.025],
  ['perplexity', 'sonar', { searches: 2 }, 0.012],
] as const)('prices the tools that %s/%s uses by itself', (provider, model, used, usd) => {
  const price = priceOf({ provider, model });
  if (price === undefined) throw new Error('no price');
  const atMs = Date.parse('2026-11-23T12:00:00Z');
  expect(costOf(usageOf(used), price, { atMs }).totalNanoUsd).toBe(Math.round(usd * 1e9));
  const none = { price, inputTokens: 0, maxOutputTokens: 0, atMs, accountTier: false };
  expect(costBound({ ...none, ...used })).toBeGreaterThanOrEqual(Math.round(usd * 1e9));
});

it.each([
  // Input, cached input, writes for five minutes and an hour, output: https://platform.claude.com/docs/en/about-claude/pricing
  ['anthropic', 'claude-sonnet-5-5', 1000, [2, 0.1, 2.5, 4, 10]],
  ['anthropic', 'claude-sonnet-5', 1000, [2, 0.2, 2.5, 4, 10]],
  ['anthropic', 'claude-fable-5-2', 500_000, [8, 0.2, 10, 16, 40]],
  ['anthropic', 'claude-haiku-5-5', 100_000, [0.1, 0.01, 0.125, 0.2, 0.5]],
  ['anthropic', 'claude-haiku-5-5-20261007', 100_001, [0.5, 0.05, 0.625, 1, 2.5]],
  ['vertex', 'claude-mythos-5-2', 1000, [8, 0.2, 10, 16, 40]],
  // Amazon's profiles of a region cost a tenth more.
  ['bedrock', 'global.anthropic.claude-haiku-5-5', 1000, [0.1, 0.01, 0.125, 0.2, 0.5]],
  ['bedrock', 'us.anthropic.claude-haiku-5-5', 1000, [0.11, 0.011, 0.1375, 0.22, 0.55]],
  ['bedrock', 'anthropic.claude-haiku-5-5-v1:0', 100_001, [0.55, 0.055, 0.6875, 1.1, 2.75]],
  ['bedrock', 'eu.anthropic.claude-sonnet-5-5', 1000, [2.2, 0.11, 2.75, 4.4, 11]],
])('has the newest Claude models at their own price: %s/%s with %i tokens', (provider, model, tokens, expected) => {
  const price = priceOf({ provider, model });
  expect(price?.contextLength).toBe(1_000_000);
  const rates = price === undefined ? {} : ratesAt(price, tokens, atMs);
  const kinds = ['input', 'cachedInput', 'cacheWrite', 'cacheWrite1h', 'output'] as const;
  expect(kinds.map((kind) => rateOf(rates, kind) / 1e6)).toEqual(expected);
});

it('knows that fast mode doubles the price of Fable 5.2', () => {
  const fable = priceOf({ provider: 'anthropic', model: 'claude-fable-5-2' });
  expect(fable && serviceTierMultiplier(fable, 'fast')).toBe(200_000);
});
