import * as z from 'zod';

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
    per_file_search: usd.max(1_000).optional(),
    per_container_gb: usd.max(1_000).optional(),
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
