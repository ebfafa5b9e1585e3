import fc from 'fast-check';
import type { Usage } from '../../shared/calls/usage.ts';

/** The most a generated usage holds. */
export interface UsageLimits {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly images?: number;
  readonly audioMs?: number;
  readonly characters?: number;
  readonly searches?: number;
  readonly fileSearches?: number;
  readonly containers?: number;
  /** What may have been written to the provider's cache. */
  readonly cacheWrites?: 'none' | '5m' | '1h';
}

/** Usages whose parts fit their totals, as an honest provider reports them. */
export function usages(limits: UsageLimits): fc.Arbitrary<Usage> {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const upTo = (most = 0) => fc.oneof({ weight: 3, arbitrary: fc.nat(most) }, { weight: 1, arbitrary: fc.constant(most) });
  const { cacheWrites = '1h' } = limits;
  return fc
    .record({
      input: upTo(limits.inputTokens),
      output: upTo(limits.outputTokens),
      cached: share,
      written: cacheWrites === 'none' ? fc.constant(0) : share,
      written1h: cacheWrites === '1h' ? share : fc.constant(0),
      inputAudio: share,
      outputAudio: share,
      reasoning: share,
      images: upTo(limits.images),
      audioMs: upTo(limits.audioMs),
      characters: upTo(limits.characters),
      searches: upTo(limits.searches),
      fileSearches: upTo(limits.fileSearches),
      containers: upTo(limits.containers),
    })
    .map((drawn) => {
      const cachedInputTokens = Math.floor(drawn.input * drawn.cached);
      const cacheWriteTokens = Math.floor((drawn.input - cachedInputTokens) * drawn.written);
      const reasoningTokens = Math.floor(drawn.output * drawn.reasoning);
      return {
        inputTokens: drawn.input,
        cachedInputTokens,
        cacheWriteTokens,
        cacheWrite1hTokens: Math.floor(cacheWriteTokens * drawn.written1h),
        outputTokens: drawn.output,
        reasoningTokens,
        inputAudioTokens: Math.floor((drawn.input - cacheWriteTokens) * drawn.inputAudio),
        outputAudioTokens: Math.floor((drawn.output - reasoningTokens) * drawn.outputAudio),
        images: drawn.images,
        audioMs: drawn.audioMs,
        characters: drawn.characters,
        searches: drawn.searches,
        fileSearches: drawn.fileSearches,
        containers: drawn.containers,
      };
    });
}
