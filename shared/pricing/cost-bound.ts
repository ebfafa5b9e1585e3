import type { CallUnits, ContentFacts } from '../calls/call.ts';
import { chargeOf, exactCharge, HOUR_MS, SUM_UNITS_PER_NANO_USD, type Units } from './cost.ts';
import { dearestRates, MULTIPLIER_UNIT, type Price, serviceTierMultiplier } from './price.ts';
import { type Rates, rateNames } from './rates.ts';

/** What bounds a call before it is made. Every figure is a maximum. */
export interface BoundFacts extends CallUnits {
  readonly price: Price;
  /** See `inputTokenBound`. */
  readonly inputTokens: number;
  /** Answers asked for: each may have all the output tokens. Default 1. */
  readonly choices?: number;
  /** Tokens billed as output beside the answer's own, see `Call.predictedTokens`. */
  readonly predictedTokens?: number | undefined;
  /** The tier the request asks for; the provider may serve it in the standard one, so that is the least. */
  readonly serviceTier?: string | undefined;
  /** Whether the account's own setting may choose a dearer tier than the request. Default true; false for list prices. */
  readonly accountTier?: boolean;
  readonly atMs: number;
  /** Whether the request marks parts of the prompt for the provider's cache. Default `1h`, the dearest. */
  readonly promptCache?: ContentFacts['promptCache'];
  /** Whether any of the input can be audio. Default true. */
  readonly audioInput?: boolean;
  /** Whether any of the output can be audio. Default true. */
  readonly audioOutput?: boolean;
}

/**
 * The most a call can cost, in nano-USD, whatever the provider reports within these token bounds:
 * the dearest of all prices that can hold until it ends (dates, times of day, context tiers), all
 * input at the dearest of plain, cached, written and audio, all output at the dearest of text,
 * reasoning and audio, for every choice. Never below `costOf` of the same call; past 9 million USD it
 * is `Number.MAX_SAFE_INTEGER`, which no budget holds.
 */
export function costBound(facts: BoundFacts & { readonly maxOutputTokens: number }): number {
  const { rates, multiplier, units } = boundOf(facts);
  const output = units.output + facts.maxOutputTokens * (facts.choices ?? 1);
  return Math.min(Number.MAX_SAFE_INTEGER, chargeOf({ ...units, output }, rates, multiplier).totalNanoUsd);
}

/**
 * The most output tokens per choice with which `costBound` stays within an amount: the inverse of
 * `costBound`. 0 when not even the input fits; `Number.MAX_SAFE_INTEGER` when output costs nothing.
 */
export function affordableOutputTokens(amountNanoUsd: number, facts: BoundFacts): number {
  const { rates, multiplier, units } = boundOf(facts);
  const perToken = BigInt(rates.output) * BigInt(facts.choices ?? 1) * BigInt(multiplier) * BigInt(HOUR_MS);
  // The exact sum of all else, not its rounded one: rounding happens once, on input and output together.
  const inputSum = rateNames.reduce((sum, name) => sum + exactCharge(name, units, rates, multiplier), 0n);
  const left = BigInt(amountNanoUsd) * SUM_UNITS_PER_NANO_USD - inputSum;
  if (left < 0n) return 0;
  if (perToken === 0n) return Number.MAX_SAFE_INTEGER;
  const affordable = left / perToken;
  return affordable > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(affordable);
}

/**
 * The most a model can write in one answer: what the caller asks, else what the model can, else its
 * whole context. Undefined when none is known: such a call has no bound but the one the gateway sets.
 *
 * A caller who asks for more than the known limit is held for what it asks: limits grow.
 */
export function outputTokenBound(requested: number | undefined, price: Price): number | undefined {
  return requested ?? price.maxOutputTokens ?? price.contextLength;
}

interface Bound {
  readonly rates: Required<Rates>;
  readonly multiplier: number;
  /** All but the answer's own output. */
  readonly units: Units;
}

function boundOf(facts: BoundFacts): Bound {
  const dearest = dearestRates(facts.price, facts.inputTokens, facts.atMs);
  const promptCache = facts.promptCache ?? '1h';
  const writes = facts.price.writesCacheUnasked || promptCache !== 'none';
  const audio = facts.audioInput ?? true;
  const input = Math.max(
    dearest.input,
    dearest.cachedInput,
    writes ? dearest.cacheWrite : 0,
    promptCache === '1h' ? dearest.cacheWrite1h : 0,
    audio ? Math.max(dearest.inputAudio, dearest.cachedInputAudio) : 0,
  );
  const output = Math.max(dearest.output, dearest.reasoning, (facts.audioOutput ?? true) ? dearest.outputAudio : 0);
  return {
    rates: { ...dearest, input, output },
    multiplier: dearestMultiplier(facts),
    units: {
      input: facts.inputTokens,
      cachedInput: 0,
      cacheWrite: 0,
      cacheWrite1h: 0,
      output: facts.predictedTokens ?? 0,
      reasoning: 0,
      inputAudio: 0,
      cachedInputAudio: 0,
      outputAudio: 0,
      image: facts.images ?? 0,
      audioHour: facts.audioMs ?? 0,
      request: 1,
      character: facts.characters ?? 0,
      search: Math.min(facts.searches ?? 0, facts.price.mostSearches ?? Number.POSITIVE_INFINITY),
      fileSearch: facts.fileSearches ?? 0,
      container: facts.containers ?? 0,
    },
  };
}

/** The request's tier, the standard one in its place, and either of them with what the account may add. */
function dearestMultiplier({ price, serviceTier, accountTier = true }: BoundFacts): number {
  const unaskedTier = accountTier ? price.unaskedTier : undefined;
  const asked = [undefined, serviceTier];
  const tiers = unaskedTier === undefined ? asked : [...asked, unaskedTier, serviceTier && `${serviceTier}+${unaskedTier}`];
  return tiers.reduce((most, tier) => Math.max(most, serviceTierMultiplier(price, tier)), MULTIPLIER_UNIT);
}
