import fc from 'fast-check';
import { expect, it } from 'vitest';
import { builtInProviders } from '../../shared/pricing/built-in-providers.ts';
import { costOf } from '../../shared/pricing/cost.ts';
import { affordableOutputTokens, type BoundFacts, costBound, outputTokenBound } from '../../shared/pricing/cost-bound.ts';
import { PRICE_HORIZON_MS, type Price } from '../../shared/pricing/price.ts';
import { priceOf } from '../../shared/pricing/price-of.ts';
import { priceOverrideSchema } from '../../shared/pricing/price-override.ts';
import { priceTables } from '../../shared/pricing/price-table.generated.ts';
import type { PriceTableRow } from '../../shared/pricing/price-table.ts';
import { usages } from './arbitraries.ts';

const atMs = Date.parse('2026-11-23T12:00:00Z');

/** Every price that the catalogue's providers can be asked for by a whole name. */
function allPrices(): readonly { readonly label: string; readonly price: Price }[] {
  return Object.entries(builtInProviders).flatMap(([provider, { tables }]) => {
    const rows: PriceTableRow[] = tables.flatMap((table) => JSON.parse(priceTables[table] ?? '[]'));
    return rows.flatMap((row) => {
      const price = priceOf({ provider, model: row.names?.[0] ?? row.id });
      return price === undefined ? [] : [{ label: `${provider}/${row.id}`, price }];
    });
  });
}

function overridden(fields: unknown): Price {
  const price = priceOf({ provider: 'own', model: 'm', overrides: { 'own/m': priceOverrideSchema.parse(fields) } });
  if (price === undefined) throw new Error('no price');
  return price;
}

const tokens = fc.oneof(fc.nat(2_000), fc.integer({ min: 190_000, max: 300_000 }), fc.nat(2_000_000));
const usd = fc.integer({ min: 0, max: 200_000 }).map((thousandths) => thousandths / 1000);
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const tokenPrices = {
  input: maybe(usd),
  cached_input: maybe(usd),
  cache_write: maybe(usd),
  cache_write_1h: maybe(usd),
  output: maybe(usd),
  reasoning: maybe(usd),
  input_audio: maybe(usd),
  cached_input_audio: maybe(usd),
  output_audio: maybe(usd),
};

/** Prices as odd as an operator can write them: tiers that get cheaper, cached input dearer than plain. */
const oddPrices: fc.Arbitrary<Price> = fc
  .record({
    ...tokenPrices,
    per_request: usd,
    per_image: usd,
    per_second: maybe(fc.constantFrom(0.0001, 0.000075, 1.9)),
    per_million_characters: maybe(usd),
    per_search: maybe(usd),
    per_file_search: maybe(usd),
    per_container_gb: maybe(usd),
    context: fc.array(fc.record({ above: fc.nat(300_000), ...tokenPrices }), { maxLength: 3 }),
    service_tiers: fc.dictionary(fc.constantFrom('default', 'flex', 'priority'), fc.constantFrom(0, 0.5, 1, 1.66667, 2.5)),
  })
  .map((fields) => overridden(JSON.parse(JSON.stringify(fields))));

/** A bound and a call that keeps within it, at some moment before the horizon. */
function callsWithin(price: Price): fc.Arbitrary<{ facts: BoundFacts & { maxOutputTokens: number }; costNanoUsd: number }> {
  const cacheWrites = price.writesCacheUnasked ? '5m' : 'none';
  return fc
    .record({
      inputTokens: tokens,
      maxOutputTokens: fc.nat(150_000),
      choices: fc.integer({ min: 1, max: 4 }),
      serviceTier: fc.constantFrom(undefined, 'default', 'flex', 'priority', 'fast+us', 'never-heard-of'),
      promptCache: fc.constantFrom('none' as const, '5m' as const, '1h' as const),
      startMs: fc.integer({ min: Date.parse('2026-01-01'), max: Date.parse('2027-03-01') }),
      images: fc.nat(4),
      audioMs: fc.nat(100_000),
      characters: fc.nat(10_000),
      searches: fc.nat(5),
      fileSearches: fc.nat(5),
      containers: fc.nat(64),
    })
    .chain(({ startMs, ...bound }) => {
      const { maxOutputTokens, choices, promptCache } = bound;
      const limits = {
        ...bound,
        outputTokens: maxOutputTokens * choices,
        cacheWrites: promptCache === 'none' ? cacheWrites : promptCache,
      } as const;
      // A provider may serve a call in the standard tier whatever was asked.
      const { serviceTier, ...rest } = { serviceTier: bound.serviceTier, unasked: price.unaskedTier };
      const added =
        rest.unasked === undefined ? [] : [rest.unasked, serviceTier === undefined ? rest.unasked : `${serviceTier}+${rest.unasked}`];
      const tiers = fc.constantFrom(serviceTier, undefined, ...added);
      return fc.tuple(usages(limits), fc.nat(PRICE_HORIZON_MS), tiers).map(([usage, laterMs, serviceTier]) => ({
        facts: { ...bound, price, atMs: startMs },
        costNanoUsd: costOf(usage, price, { atMs: startMs + laterMs, serviceTier }).totalNanoUsd,
      }));
    });
}

it('is never below the cost of a call within its tokens, for every built-in price', () => {
  const prices = allPrices();
  expect(prices.length).toBeGreaterThan(1000);
  for (const { label, price } of prices) {
    for (const { facts, costNanoUsd } of fc.sample(callsWithin(price), { numRuns: 6, seed: prices.length })) {
      expect(costBound(facts), label).toBeGreaterThanOrEqual(costNanoUsd);
    }
  }
});

it('is never below the cost for any price an operator can write', () => {
  fc.assert(
    fc.property(
      oddPrices.chain((price) => callsWithin(price)),
      ({ facts, costNanoUsd }) => costBound(facts) >= costNanoUsd,
    ),
    { numRuns: 400 },
  );
});

it('never falls when the input, the output or the choices grow', () => {
  fc.assert(
    fc.property(
      oddPrices.chain((price) => callsWithin(price)),
      fc.nat(400_000),
      fc.nat(3),
      ({ facts }, more, moreChoices) => {
        const bound = costBound(facts);
        expect(costBound({ ...facts, inputTokens: facts.inputTokens + more })).toBeGreaterThanOrEqual(bound);
        expect(costBound({ ...facts, maxOutputTokens: facts.maxOutputTokens + more })).toBeGreaterThanOrEqual(bound);
        expect(costBound({ ...facts, choices: (facts.choices ?? 1) + moreChoices })).toBeGreaterThanOrEqual(bound);
      },
    ),
  );
});

it('affords exactly the output whose bound fits: one token more does not', () => {
  fc.assert(
    fc.property(
      oddPrices.chain((price) => callsWithin(price)),
      fc.nat(2_000_000_000),
      ({ facts }, amountNanoUsd) => {
        const affordable = affordableOutputTokens(amountNanoUsd, facts);
        if (affordable === Number.MAX_SAFE_INTEGER) return;
        if (affordable > 0) expect(costBound({ ...facts, maxOutputTokens: affordable })).toBeLessThanOrEqual(amountNanoUsd);
        expect(costBound({ ...facts, maxOutputTokens: affordable + 1 })).toBeGreaterThan(amountNanoUsd);
      },
    ),
    { numRuns: 300 },
  );
});

it('holds for a predicted output beside the answer, and leaves it out of what is affordable', () => {
  const price = overridden({ input: 1, output: 10 });
  const facts = { price, inputTokens: 1_000, atMs, promptCache: 'none' as const, predictedTokens: 200 };
  expect(costBound({ ...facts, maxOutputTokens: 100 })).toBe(1_000_000 + 300 * 10_000);
  expect(affordableOutputTokens(1_000_000 + 300 * 10_000, facts)).toBe(100);
});

it('affords any output where output is free, and none where the input does not fit', () => {
  const price = overridden({ input: 1, output: 0 });
  const facts = { price, inputTokens: 1_000, atMs, promptCache: 'none' as const };
  expect(affordableOutputTokens(1_000_000, facts)).toBe(Number.MAX_SAFE_INTEGER);
  expect(affordableOutputTokens(999_999, facts)).toBe(0);
});

it('answers with more than any budget holds for a senseless wish', () => {
  const price = overridden({ input: 1, output: 2 });
  expect(costBound({ price, inputTokens: 1, maxOutputTokens: Number.MAX_SAFE_INTEGER, choices: 128, atMs })).toBe(Number.MAX_SAFE_INTEGER);
});

it('takes the cache write for the input where the request marks it: Claude Opus 5, 5 / 6.25 / 10', () => {
  const price = priceOf({ provider: 'anthropic', model: 'claude-opus-5' });
  if (price === undefined) throw new Error('no price');
  const bound = (promptCache: 'none' | '5m' | '1h') =>
    costBound({ price, inputTokens: 1_000, maxOutputTokens: 100, atMs, promptCache, accountTier: false });
  expect([bound('none'), bound('5m'), bound('1h')]).toEqual([7_500_000, 8_750_000, 12_500_000]);
});

it('takes the tier that the account may add to whatever is asked: Claude in the US is a tenth dearer, fast or not', () => {
  const bound = (model: string, serviceTier?: string) => {
    const price = priceOf({ provider: 'anthropic', model });
    if (price === undefined) throw new Error('no price');
    return costBound({ price, inputTokens: 1_000, maxOutputTokens: 100, atMs, promptCache: 'none', serviceTier });
  };
  expect(bound('claude-opus-5')).toBe(8_250_000);
  expect(bound('claude-opus-5', 'fast')).toBe(16_500_000);
  expect(bound('claude-opus-4-5')).toBe(7_500_000);
});

it('takes the dearest tier there is for an account that chooses it by itself', () => {
  const bound = (model: string, serviceTier?: string) => {
    const price = priceOf({ provider: 'openai', model });
    if (price === undefined) throw new Error('no price');
    return costBound({ price, inputTokens: 1_000_000, maxOutputTokens: 0, atMs, serviceTier });
  };
  expect(bound('gpt-4.1-2025-04-14', 'account')).toBe(3_500_000_000);
  expect(bound('gpt-4o-2024-05-13', 'account')).toBe(8_750_000_000);
  expect(bound('gpt-4.1-2025-04-14', 'default')).toBe(2_000_000_000);
});

it('takes the write for the input where the provider writes unasked: GPT-5.6 Sol since 21 August 2026, 4 / 5 / 20', () => {
  const price = priceOf({ provider: 'openai', model: 'gpt-5.6' });
  if (price === undefined) throw new Error('no price');
  expect(costBound({ price, inputTokens: 1_000, maxOutputTokens: 0, atMs, promptCache: 'none' })).toBe(5_000_000);
});

it('takes the price of peak hours for a call that may end in them', () => {
  const price = priceOf({ provider: 'deepseek', model: 'deepseek-reasoner' });
  if (price === undefined) throw new Error('no price');
  expect(costBound({ price, inputTokens: 0, maxOutputTokens: 1_000, atMs: Date.parse('2026-11-23T00:20:00Z') })).toBe(2_190_000);
});

it('counts audio only where there can be some: Gemini 2.5 Flash, 0.30 text, 1.00 audio', () => {
  const price = priceOf({ provider: 'google', model: 'gemini-2.5-flash' });
  if (price === undefined) throw new Error('no price');
  const bound = (audioInput: boolean) => costBound({ price, inputTokens: 1_000, maxOutputTokens: 0, atMs, audioInput });
  expect([bound(false), bound(true)]).toEqual([300_000, 1_000_000]);
});

it('bounds the output by what the caller asks, else by what the model can write, else not at all', () => {
  const price = overridden({ input: 1 });
  expect(outputTokenBound(500, price)).toBe(500);
  expect(outputTokenBound(500, { ...price, maxOutputTokens: 100 })).toBe(500);
  expect(outputTokenBound(undefined, { ...price, maxOutputTokens: 100, contextLength: 1000 })).toBe(100);
  expect(outputTokenBound(undefined, { ...price, contextLength: 1000 })).toBe(1000);
  expect(outputTokenBound(undefined, price)).toBeUndefined();
});
