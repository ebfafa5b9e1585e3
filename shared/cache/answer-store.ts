import type { CachedAnswer, Generations } from './cached-answer.ts';

/** What is found under a key: an answer, fresh or not, somebody at work on one, both, or nothing. */
export interface Slot {
  readonly answer: CachedAnswer | undefined;
  /** The `storedAtMs` of what is there and cannot be read: damaged, half gone, or written by a version to come. */
  readonly unreadableAtMs?: number;
  /** Until when somebody is taken to be at work on an answer, in milliseconds since the epoch; 0 when nobody is. */
  readonly leaseUntilMs: number;
}

/** The `storedAtMs` of what is under a key, whether or not it can be read; undefined where nothing is. */
export function storedAtMsOf({ answer, unreadableAtMs }: Slot): number | undefined {
  return answer?.storedAtMs ?? unreadableAtMs;
}

/** How a claim went. */
export type Claim = { readonly kind: 'leading' } | { readonly kind: 'occupied'; readonly slot: Slot };

/**
 * Where answers are kept, and who is at work on a missing one. A slot is one item, so that taking the lead is atomic
 * with the answer's absence, and storing the answer gives up the lead. Every method throws when the store fails.
 */
export interface AnswerStore {
  /** @param consistent whether what was written a moment ago must be seen. */
  find(key: string, consistent: boolean): Promise<Slot>;
  /**
   * Takes the lead on an answer, if nobody has it and no answer is there that is fresh past `answerFreshAfterMs`.
   * @param owner unique for ever.
   * @param outdated the `storedAtMs` of an answer that is to be replaced though it is fresh.
   */
  claim(
    key: string,
    owner: string,
    ask: { readonly nowMs: number; readonly leaseUntilMs: number; readonly outdated: number | undefined },
  ): Promise<Claim>;
  /** Stays in the lead; false when the lead is lost. */
  renew(key: string, owner: string, leaseUntilMs: number): Promise<boolean>;
  /** Stores the answer and gives up the lead; undefined, with nothing stored, when the lead was lost. */
  keep(key: string, owner: string, answer: CachedAnswer): Promise<KeptSize | undefined>;
  /** Gives up the lead without an answer. Harmless when it was lost. */
  abandon(key: string, owner: string): Promise<void>;
  /** Removes what is under a key; says whether there was an answer. */
  remove(key: string): Promise<boolean>;
}

/** How large an answer is, before and after compression. */
export interface KeptSize {
  readonly bytes: number;
  readonly storedBytes: number;
}

/** The count of purges, shared by all instances. */
export interface GenerationSource {
  /** What holds now, or held a few seconds ago. Throws when the store fails and nothing recent is remembered. */
  current(): Promise<Generations>;
}

/** What the cache counts. Amounts add up. */
export interface CacheCounts {
  hits: number;
  semantic: number;
  misses: number;
  coalesced: number;
  stale: number;
  stored: number;
  bodyBytes: number;
  storedBytes: number;
  savedNanoUsd: number;
  savedMs: number;
}

/** A fresh set of counts, all 0. */
export function noCounts(): CacheCounts {
  return { hits: 0, semantic: 0, misses: 0, coalesced: 0, stale: 0, stored: 0, bodyBytes: 0, storedBytes: 0, savedNanoUsd: 0, savedMs: 0 };
}

/** Keeps the counts of a day. Losing one is no harm; throws when the store fails. */
export interface CacheStatistics {
  add(counts: CacheCounts, nowMs: number): Promise<void>;
}
