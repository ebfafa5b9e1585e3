import type { Slot } from '../cache/answer-store.ts';
import type { CachePolicy } from '../cache/cache-policy.ts';
import type { CachedAnswer, Generations } from '../cache/cached-answer.ts';
import type { Lead, LeadClaim } from '../cache/single-flight.ts';
import type { DialectName } from '../calls/call.ts';

/** What the cache did for a call, as `x-sluice-cache` says it. */
export type CacheOutcome = 'hit' | 'miss' | 'coalesced' | 'stale' | 'semantic' | 'bypass';

/** What was found under a call's key, and what has been purged; undefined where the store failed or was too slow. */
export interface CacheLookup {
  readonly slot: Slot;
  readonly generations: Generations;
}

/** The cache's part in a call. */
export interface CacheExchange {
  readonly key: string;
  readonly dialect: DialectName;
  readonly policy: CachePolicy;
  /** Whether the key is that of the call's translation, which other dialects may share. */
  readonly worded: boolean;
  /** Dimensions by which the call's answer can be purged. */
  readonly dimensions: readonly string[];
  readonly lookup: Promise<CacheLookup | undefined>;
  outcome: CacheOutcome;
  /** Set while this call is the one that asks for an answer others may wait for. */
  lead?: Lead;
  /** The call's question as a point among those of like meaning, where the call is to be found by it. */
  point?: { readonly partition: string; readonly vector: Float32Array };
  /** Settles when the books of the question's embedding are closed. */
  embedded?: Promise<void>;
  /** Set where an expired answer was served: the lead on a fresh one, if nobody has it. */
  revalidation?: Promise<LeadClaim | undefined>;
}

/** A stored answer that a call was served; the call costs nothing. */
export interface Replayed {
  readonly answer: CachedAnswer;
  readonly from: 'cache' | 'idempotency';
}
