import * as z from 'zod';

const count = z.int().nonnegative();

/**
 * What a call consumed, in one vocabulary for all providers.
 *
 * `inputTokens` and `outputTokens` are totals: cached and cache-written tokens are a part of the
 * input, reasoning tokens a part of the output, whatever the provider's own convention
 * (Anthropic reports them beside each other, OpenAI one inside the other).
 */
export const usageSchema = z.strictObject({
  /** All input tokens, those read from or written to the provider's prompt cache included. */
  inputTokens: count,
  /** The part of the input that was read from the provider's prompt cache. */
  cachedInputTokens: count.default(0),
  /** The part of the input that was written to the provider's prompt cache, whatever its lifetime. */
  cacheWriteTokens: count.default(0),
  /** The part of `cacheWriteTokens` written to stay, which costs more: for an hour at Anthropic, for twelve at OpenAI. */
  cacheWrite1hTokens: count.default(0),
  /** All output tokens, reasoning included. */
  outputTokens: count,
  /** The part of the output spent on reasoning. */
  reasoningTokens: count.default(0),
  /** The part of the input that is audio. */
  inputAudioTokens: count.default(0),
  /** The part of the output that is audio. */
  outputAudioTokens: count.default(0),
  /** Images made, for models priced by the image. */
  images: count.default(0),
  /** Audio heard or made, in milliseconds, for models priced by the second. */
  audioMs: count.default(0),
  /** Characters spoken, for models priced by the character. */
  characters: count.default(0),
  /** Provider-side searches made, for models priced by the search. */
  searches: count.default(0),
  /** Searches in files that lie with the provider, for tools priced by the search. */
  fileSearches: count.default(0),
  /** Containers that the provider ran code in, by the gigabyte of their memory. */
  containers: count.default(0),
  /** What the provider says that it bills for all of it, in nano-USD, where it says so at all. */
  billedNanoUsd: count.exactOptional(),
});

/** See {@link usageSchema}. */
export type Usage = z.infer<typeof usageSchema>;

/** A `Usage` with every count at zero but those given. */
export function usageOf(counts: Partial<Usage>): Usage {
  return {
    inputTokens: 0,
    cachedInputTokens: 0,
    cacheWriteTokens: 0,
    cacheWrite1hTokens: 0,
    outputTokens: 0,
    reasoningTokens: 0,
    inputAudioTokens: 0,
    outputAudioTokens: 0,
    images: 0,
    audioMs: 0,
    characters: 0,
    searches: 0,
    fileSearches: 0,
    containers: 0,
    ...counts,
  };
}

/** What a provider reports as a count: never less than nothing, and whole. What is no number counts as none. */
export function wholeCount(value: unknown): number {
  return typeof value === 'number' && value > 0 ? Math.ceil(value) : 0;
}

/** More than ten times the longest context there is, and than a day of sound in milliseconds. */
const mostOfAnything = 100_000_000;

/**
 * A `Usage` as a provider reports it. Undefined, as if it had reported nothing, where a count is past all reason: a slip
 * of the provider must not eat up a budget.
 */
export function reportedUsage(counts: Partial<Usage>): Usage | undefined {
  const usage = usageOf(counts);
  return Object.values(countsOf(usage)).some((count) => count > mostOfAnything) ? undefined : usage;
}

/** The counts of a usage that are not zero, without what is money. */
export function countsOf({ billedNanoUsd: _money, ...counts }: Usage): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, value]) => value > 0));
}

/** What two answers consumed together. What their providers bill is added up where costs are. */
export function sumOfUsage(one: Usage, other: Usage): Usage {
  return {
    inputTokens: one.inputTokens + other.inputTokens,
    cachedInputTokens: one.cachedInputTokens + other.cachedInputTokens,
    cacheWriteTokens: one.cacheWriteTokens + other.cacheWriteTokens,
    cacheWrite1hTokens: one.cacheWrite1hTokens + other.cacheWrite1hTokens,
    outputTokens: one.outputTokens + other.outputTokens,
    reasoningTokens: one.reasoningTokens + other.reasoningTokens,
    inputAudioTokens: one.inputAudioTokens + other.inputAudioTokens,
    outputAudioTokens: one.outputAudioTokens + other.outputAudioTokens,
    images: one.images + other.images,
    audioMs: one.audioMs + other.audioMs,
    characters: one.characters + other.characters,
    searches: one.searches + other.searches,
    fileSearches: one.fileSearches + other.fileSearches,
    containers: one.containers + other.containers,
  };
}
