/**
 * What one unit costs, in whole pico-USD (10⁻¹² USD), so that a price such as 0.0375 USD per
 * million tokens (37,500 pico-USD a token) is an exact integer. A rate that is absent is not free:
 * {@link rateOf} says what stands in for it.
 */
export interface Rates {
  /** A token of input that is neither cached nor audio. */
  readonly input?: number;
  /** An input token read from the provider's prompt cache. */
  readonly cachedInput?: number;
  /** An input token written to the prompt cache with the usual lifetime. */
  readonly cacheWrite?: number;
  /** An input token written to the prompt cache to stay: for an hour at Anthropic, for twelve at OpenAI. */
  readonly cacheWrite1h?: number;
  readonly output?: number;
  /** An output token spent on reasoning. */
  readonly reasoning?: number;
  readonly inputAudio?: number;
  readonly cachedInputAudio?: number;
  readonly outputAudio?: number;
  readonly image?: number;
  /** An hour of audio: an hour, because prices by the hour are rarely whole pico-USD a second. */
  readonly audioHour?: number;
  readonly request?: number;
  readonly character?: number;
  readonly search?: number;
  readonly fileSearch?: number;
  /** A gigabyte of a container's memory, for as long as one answer takes. */
  readonly container?: number;
}

/** The name of one rate. */
export type RateName = keyof Rates;

/** Every rate name, in the order in which the parts of a cost are listed. */
export const rateNames = [
  'input',
  'cachedInput',
  'cacheWrite',
  'cacheWrite1h',
  'output',
  'reasoning',
  'inputAudio',
  'cachedInputAudio',
  'outputAudio',
  'image',
  'audioHour',
  'request',
  'character',
  'search',
  'fileSearch',
  'container',
] as const satisfies readonly RateName[];

/**
 * The rate of one unit with its stand-ins, in pico-USD: a price that is not listed is never taken
 * for zero as long as a wider one is known.
 *
 * - Cached reads and writes cost what plain input costs; a one-hour write costs at least twice the
 *   input, which is Anthropic's rule (https://platform.claude.com/docs/en/build-with-claude/prompt-caching#pricing)
 *   and is missing from some resellers' lists.
 * - Output costs at least what input costs, reasoning is output, audio is text.
 *
 * Units with nothing wider (images, hours, requests, characters, searches, containers) cost zero when absent.
 */
export function rateOf(rates: Rates, name: RateName): number {
  const input = rates.input ?? 0;
  const output = rates.output ?? input;
  switch (name) {
    case 'input':
      return input;
    case 'output':
      return output;
    case 'cachedInput':
      return rates.cachedInput ?? input;
    case 'cacheWrite':
      return rates.cacheWrite ?? input;
    case 'cacheWrite1h':
      return rates.cacheWrite1h ?? (rates.cacheWrite === undefined ? input : Math.max(rates.cacheWrite, 2 * input));
    case 'reasoning':
      return rates.reasoning ?? output;
    case 'inputAudio':
      return rates.inputAudio ?? input;
    case 'cachedInputAudio':
      return rates.cachedInputAudio ?? rates.inputAudio ?? rates.cachedInput ?? input;
    case 'outputAudio':
      return rates.outputAudio ?? output;
    case 'image':
    case 'audioHour':
    case 'request':
    case 'character':
    case 'search':
    case 'fileSearch':
    case 'container':
      return rates[name] ?? 0;
  }
}

/**
 * `amount × scale` as a whole number, rounded up where a decimal has more digits than fit. The
 * tolerance undoes binary noise (0.0375 × 10⁶ is not quite 37,500 in a double) and nothing else.
 */
export function wholeUnits(amount: number, scale: number): number {
  const scaled = amount * scale;
  const nearest = Math.round(scaled);
  return Math.abs(scaled - nearest) <= Math.abs(scaled) * 4 * Number.EPSILON ? nearest : Math.ceil(scaled);
}
