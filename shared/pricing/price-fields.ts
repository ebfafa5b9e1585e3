import type { PriceVariant } from './price.ts';
import type { PriceOverride } from './price-override.ts';
import { type Rates, wholeUnits } from './rates.ts';

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
  per_file_search: ['fileSearch', PICO],
  per_container_gb: ['container', PICO],
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

/** Rates as an operator writes them, in USD: those that are stated, without what stands in for the others. */
export function fieldsFrom(rates: Rates): PriceFields {
  const stated = Object.entries(scales).flatMap(([field, [name, scale]]) => {
    const rate = rates[name];
    return rate === undefined ? [] : [[field, rate / scale] as const];
  });
  return Object.fromEntries(stated);
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
