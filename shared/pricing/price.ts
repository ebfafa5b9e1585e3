import { type Rates, type rateNames, rateOf, wholeUnits } from './rates.ts';

/** Rates for the whole call, once its input passes a number of tokens. */
export interface ContextTier {
  /** The tier holds for calls with more input tokens than this, cached ones included. */
  readonly above: number;
  readonly rates: Rates;
}

/** The prices that hold from a date on, or in a part of each day. */
export interface PriceVariant {
  /** From this instant on. */
  readonly fromMs?: number;
  /** Between these times of each UTC day, in milliseconds since midnight; past midnight when `endMs < startMs`. */
  readonly daily?: { readonly startMs: number; readonly endMs: number };
  readonly rates: Rates;
  /** Ascending by `above`. */
  readonly tiers: readonly ContextTier[];
}

/** What a model costs, at all times and in all tiers. Made by `priceOf`; opaque to everyone else. */
export interface Price {
  /** The built-in model or the pattern of `gateway.yaml` that this price comes from. */
  readonly name: string;
  readonly source: 'built-in' | 'override';
  /** Tokens the model can read and write in one call; undefined where nobody says. */
  readonly contextLength?: number;
  /** Output tokens the model can write in one answer; undefined where nobody says. */
  readonly maxOutputTokens?: number;
  /**
   * Whether the provider writes to its prompt cache unasked, so that any input may be charged at
   * the write rate. Anthropic's models write only what the caller marks.
   */
  readonly writesCacheUnasked: boolean;
  /** The last one that holds at a moment counts; the first one holds where no other does. */
  readonly variants: readonly PriceVariant[];
  /** Service tier → what it multiplies the price with. A name that is not listed takes the dearest. */
  readonly serviceTiers: Readonly<Record<string, number>>;
  /** The most searches a call is charged for, where the provider charges by the call and not by the search. */
  readonly mostSearches?: number;
  /** A tier in which the provider may serve calls that do not ask for it, because the account is set so. */
  readonly unaskedTier?: string;
}

const DAY_MS = 86_400_000;

/**
 * How long after admission a call may still be priced by the provider's clock: providers with
 * prices by the time of day bill by the moment the answer ends. A bound is the dearest of all
 * prices that hold within this time.
 */
export const PRICE_HORIZON_MS = DAY_MS;

function holdsAt(variant: PriceVariant, atMs: number): boolean {
  if (variant.fromMs !== undefined) return atMs >= variant.fromMs;
  if (variant.daily === undefined) return true;
  const { startMs, endMs } = variant.daily;
  const time = ((atMs % DAY_MS) + DAY_MS) % DAY_MS;
  return endMs < startMs ? time >= startMs || time < endMs : time >= startMs && time < endMs;
}

/** The variant that holds at a moment. */
function variantAt(price: Price, atMs: number): PriceVariant {
  const holding = price.variants.findLast((variant) => holdsAt(variant, atMs)) ?? price.variants[0];
  return holding ?? { rates: {}, tiers: [] };
}

/** The rates of a call that has `inputTokens` of input at a moment: cliffs, not margins. */
export function ratesAt(price: Price, inputTokens: number, atMs: number): Rates {
  const variant = variantAt(price, atMs);
  return variant.tiers.findLast((tier) => inputTokens > tier.above)?.rates ?? variant.rates;
}

/** Every variant that can hold at some moment of `[atMs, atMs + PRICE_HORIZON_MS]`. */
function variantsWithinHorizon(price: Price, atMs: number): ReadonlySet<PriceVariant> {
  if (price.variants.length === 1) return new Set(price.variants);
  const moments = [atMs];
  for (const { fromMs, daily } of price.variants) {
    if (fromMs !== undefined) moments.push(fromMs);
    if (daily === undefined) continue;
    const midnight = Math.floor(atMs / DAY_MS) * DAY_MS;
    for (const day of [midnight, midnight + DAY_MS]) moments.push(day + daily.startMs, day + daily.endMs);
  }
  const within = moments.filter((moment) => moment >= atMs && moment <= atMs + PRICE_HORIZON_MS);
  return new Set(within.map((moment) => variantAt(price, moment)));
}

/**
 * The dearest rate of each kind that a call of at most `inputTokens` can meet from `atMs` on, all
 * stand-ins resolved. Lower tiers are in it too: a tier may be cheaper than the one below it.
 */
export function dearestRates(price: Price, inputTokens: number, atMs: number): Required<Rates> {
  const candidates = [...variantsWithinHorizon(price, atMs)].flatMap((variant) => [
    variant.rates,
    ...variant.tiers.filter((tier) => inputTokens > tier.above).map((tier) => tier.rates),
  ]);
  const dearest = (name: (typeof rateNames)[number]) => Math.max(0, ...candidates.map((rates) => rateOf(rates, name)));
  return {
    input: dearest('input'),
    cachedInput: dearest('cachedInput'),
    cacheWrite: dearest('cacheWrite'),
    cacheWrite1h: dearest('cacheWrite1h'),
    output: dearest('output'),
    reasoning: dearest('reasoning'),
    inputAudio: dearest('inputAudio'),
    cachedInputAudio: dearest('cachedInputAudio'),
    outputAudio: dearest('outputAudio'),
    image: dearest('image'),
    audioHour: dearest('audioHour'),
    request: dearest('request'),
    character: dearest('character'),
    search: dearest('search'),
    fileSearch: dearest('fileSearch'),
    container: dearest('container'),
  };
}

/** Multipliers are kept in hundred-thousandths: 1.1, 2.5 and 0.5 are whole numbers of them. */
export const MULTIPLIER_UNIT = 100_000;

/**
 * What a service tier multiplies the price with, in units of 1/`MULTIPLIER_UNIT`, rounded up.
 *
 * `serviceTier` is one name, or several joined by `+` whose multipliers stack (`fast+us`). No tier
 * is the standard one; an unknown one takes the dearest known, never less than standard.
 */
export function serviceTierMultiplier(price: Price, serviceTier: string | undefined): number {
  if (serviceTier === undefined) return wholeUnits(price.serviceTiers.default ?? 1, MULTIPLIER_UNIT);
  const dearest = Math.max(1, ...Object.values(price.serviceTiers));
  const known = (name: string) => (Object.hasOwn(price.serviceTiers, name) ? price.serviceTiers[name] : undefined);
  const product = serviceTier.split('+').reduce((factor, name) => factor * (known(name) ?? dearest), 1);
  return wholeUnits(product, MULTIPLIER_UNIT);
}
