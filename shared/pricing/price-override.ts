import * as z from 'zod';
import type { PriceVariant } from './price.ts';
import { type Rates, wholeUnits } from './rates.ts';

/** A million USD per million tokens is far past any price and keeps every product a safe integer. */
const usd = z.number().nonnegative().max(1_000_000);

const tokenPrices = {
  input: usd.optional(),
  cached_input: usd.optional(),
  cache_write: usd.optional(),
  cache_write_1h: usd.optional(),
  output: usd.optional(),
  reasoning: usd.optional(),
  input_audio: usd.optional(),
  cached_input_audio: usd.optional(),
  output_audio: usd.optional(),
};

/**
 * One entry of `prices` in `gateway.yaml`. Token prices are USD per million tokens; the others are
 * USD per unit, except `per_million_characters`. An entry is the whole price of the models it
 * matches: what it leaves out is not taken from the built-in table but from its own wider prices
 * (see `rateOf`), so a price that is really nothing is written as `0`.
 */
export const priceOverrideSchema = z
  .strictObject({
    ...tokenPrices,
    per_image: usd.max(1_000).optional(),
    per_second: usd.max(2).optional(),
    per_request: usd.max(1_000).optional(),
    per_million_characters: usd.optional(),
    per_search: usd.max(1_000).optional(),
    /** Prices for the whole call once its input passes `above` tokens; what a tier leaves out stays as it is. */
    context: z.array(z.strictObject({ above: z.int().nonnegative(), ...tokenPrices })).optional(),
    /** What a service tier multiplies the whole price with; wins over the built-in multipliers. */
    service_tiers: z.record(z.string().min(1), z.number().nonnegative().max(1_000)).optional(),
  })
  .refine((entry) => Object.keys(entry).some((key) => key !== 'context' && key !== 'service_tiers'), {
    error: 'A price needs at least one of input, output, per_image, per_second, per_request, per_million_characters or per_search.',
  });

/** See {@link priceOverrideSchema}. */
export type PriceOverride = z.infer<typeof priceOverrideSchema>;

/** `prices` of `gateway.yaml`: `provider/model`, where `*` stands for any text, to its price. */
export const priceOverridesSchema = z.record(z.string().min(1), priceOverrideSchema);

/** See {@link priceOverridesSchema}. */
export type PriceOverrides = Readonly<z.infer<typeof priceOverridesSchema>>;

/** The amounts of an override, without what modifies them. */
export type PriceFields = Omit<PriceOverride, 'context' | 'service_tiers'>;

/** USD per million tokens is pico-USD per token, times a million. */
const PICO_PER_MTOK = 1_000_000;
const PICO = 1_000_000_000_000;

const scales = {
  input: ['input', PICO_PER_MTOK],
  cached_input: ['cachedInput', PICO_PER_MTOK],
  cache_write: ['cacheWrite', PICO_PER_MTOK],
  cache_write_1h: ['cacheWrite1h', PICO_PER_MTOK],
  output: ['output', PICO_PER_MTOK],
  reasoning: ['reasoning', PICO_PER_MTOK],
  input_audio: ['inputAudio', PICO_PER_MTOK],
  cached_input_audio: ['cachedInputAudio', PICO_PER_MTOK],
  output_audio: ['outputAudio', PICO_PER_MTOK],
  per_image: ['image', PICO],
  per_second: ['audioHour', 3600 * PICO],
  per_request: ['request', PICO],
  per_million_characters: ['character', PICO_PER_MTOK],
  per_search: ['search', PICO],
} as const satisfies Record<keyof PriceFields, readonly [keyof Rates, number]>;

/** Prices in USD, as an operator or the compiled table writes them, as rates in pico-USD. */
export function ratesFrom(fields: PriceFields): Rates {
  const rates: { -readonly [name in keyof Rates]: number } = {};
  const given = new Map<string, number | undefined>(Object.entries(fields));
  for (const [field, [name, scale]] of Object.entries(scales)) {
    const amount = given.get(field);
    if (amount !== undefined) rates[name] = wholeUnits(amount, scale);
  }
  return rates;
}

/** The rates and tiers an override, or a row of the compiled table, states. */
export function variantFrom(fields: PriceFields, context: PriceOverride['context'] = []): PriceVariant {
  return {
    rates: ratesFrom(fields),
    tiers: context
      .map(({ above, ...tierFields }) => ({ above, rates: ratesFrom({ ...fields, ...tierFields }) }))
      .sort((a, b) => a.above - b.above),
  };
}
