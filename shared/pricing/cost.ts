import type { Usage } from '../calls/usage.ts';
import { MULTIPLIER_UNIT, type Price, ratesAt, serviceTierMultiplier } from './price.ts';
import { type RateName, type Rates, rateOf } from './rates.ts';

/** What decides which of a price's variants a call meets. */
export interface CostFacts {
  /** The service tier the provider says it served the call with; undefined where it says nothing. */
  readonly serviceTier?: string | undefined;
  /** When the provider's answer ended. */
  readonly atMs: number;
}

/** The cost of a call by what it was spent on, in nano-USD. The parts sum exactly to the total. */
export interface Cost {
  readonly totalNanoUsd: number;
  readonly parts: Readonly<Record<CostPart, number>>;
}

/** A part of a cost is named like the rate it was charged at. */
export type CostPart = RateName;

/** Units of each kind, before any price. Audio time is in milliseconds, charged by the hour. */
export type Units = Readonly<Record<RateName, number>>;

/** Audio is counted in milliseconds and priced by the hour. */
export const HOUR_MS = 3_600_000;
const PICO_PER_NANO = 1000;
/** Sums are kept in pico-USD / `HOUR_MS` / `MULTIPLIER_UNIT`, in which every charge is whole. */
export const SUM_UNITS_PER_NANO_USD = BigInt(PICO_PER_NANO) * BigInt(HOUR_MS) * BigInt(MULTIPLIER_UNIT);

/**
 * What a call cost, exactly. The parts are added in whole fractions of a pico-USD and rounded once,
 * up to the next nano-USD; each part is what it adds to the rounded running sum, so that the parts
 * sum to the total and none is off by more than a nano-USD.
 *
 * A usage whose parts exceed their totals (a provider's slip) is charged for the parts: nothing a
 * provider reports is dropped. Past 9 million USD, which no budget holds, the total is `Number.MAX_SAFE_INTEGER` and no
 * longer the sum of its parts.
 */
export function costOf(usage: Usage, price: Price, facts: CostFacts): Cost {
  const rates = ratesAt(price, usage.inputTokens, facts.atMs);
  const units = unitsOf(usage);
  const search = Math.min(units.search, price.mostSearches ?? units.search);
  const { totalNanoUsd, parts } = chargeOf({ ...units, search }, rates, serviceTierMultiplier(price, facts.serviceTier));
  return { totalNanoUsd: Math.min(Number.MAX_SAFE_INTEGER, totalNanoUsd), parts };
}

/** Splits a usage, whose totals include their parts, into units that do not overlap. */
function unitsOf(usage: Usage): Units {
  const audio = splitAudio(usage);
  const plainInput = usage.inputTokens - usage.cachedInputTokens - usage.cacheWriteTokens - audio.plain;
  const plainOutput = usage.outputTokens - usage.reasoningTokens - usage.outputAudioTokens;
  return {
    input: Math.max(0, plainInput),
    cachedInput: usage.cachedInputTokens - audio.cached,
    cacheWrite: Math.max(0, usage.cacheWriteTokens - usage.cacheWrite1hTokens),
    cacheWrite1h: usage.cacheWrite1hTokens,
    output: Math.max(0, plainOutput),
    reasoning: usage.reasoningTokens,
    inputAudio: audio.plain,
    cachedInputAudio: audio.cached,
    outputAudio: usage.outputAudioTokens,
    image: usage.images,
    audioHour: usage.audioMs,
    request: 1,
    character: usage.characters,
    search: usage.searches,
    fileSearch: usage.fileSearches,
    container: usage.containers,
  };
}

/**
 * A usage does not say how much of its audio was cached. Audio is taken as not cached as long as
 * the uncached input has room for it, since that is the dearer reading; only the rest is cached.
 */
function splitAudio(usage: Usage): { readonly plain: number; readonly cached: number } {
  const room = Math.max(0, usage.inputTokens - usage.cachedInputTokens - usage.cacheWriteTokens);
  const cached = Math.min(Math.max(0, usage.inputAudioTokens - room), usage.cachedInputTokens);
  return { plain: usage.inputAudioTokens - cached, cached };
}

/** What the provider's own tools cost is the same in every service tier. */
const toolFees: readonly RateName[] = ['search', 'fileSearch', 'container'];

/** What one kind of unit adds to the exact sum, before rounding. */
export function exactCharge(name: RateName, units: Units, rates: Rates, multiplier: number): bigint {
  if (units[name] === 0) return 0n;
  const perUnit = BigInt(rateOf(rates, name)) * (name === 'audioHour' ? 1n : BigInt(HOUR_MS));
  return BigInt(units[name]) * perUnit * BigInt(toolFees.includes(name) ? MULTIPLIER_UNIT : multiplier);
}

/** Units × rates × multiplier, rounded up once: a cost and a bound are made by the same arithmetic. Exact below 9 million USD. */
export function chargeOf(units: Units, rates: Rates, multiplier: number): Cost {
  let sum = 0n;
  let chargedNanoUsd = 0n;
  const charge = (name: RateName): number => {
    sum += exactCharge(name, units, rates, multiplier);
    const beforeNanoUsd = chargedNanoUsd;
    chargedNanoUsd = (sum + SUM_UNITS_PER_NANO_USD - 1n) / SUM_UNITS_PER_NANO_USD;
    return Number(chargedNanoUsd - beforeNanoUsd);
  };
  const parts = {
    input: charge('input'),
    cachedInput: charge('cachedInput'),
    cacheWrite: charge('cacheWrite'),
    cacheWrite1h: charge('cacheWrite1h'),
    output: charge('output'),
    reasoning: charge('reasoning'),
    inputAudio: charge('inputAudio'),
    cachedInputAudio: charge('cachedInputAudio'),
    outputAudio: charge('outputAudio'),
    image: charge('image'),
    audioHour: charge('audioHour'),
    request: charge('request'),
    character: charge('character'),
    search: charge('search'),
    fileSearch: charge('fileSearch'),
    container: charge('container'),
  };
  return { totalNanoUsd: Number(chargedNanoUsd), parts };
}
