/** What each first try of a target adds to what may be retried there: a tenth of a retry, so at most a tenth more load. */
const depositPerTry = 0.1;
/** What is saved at most, and there at the start: a quiet service can always retry. */
const reserve = 10;
/** What time alone gives back, in retries per millisecond: one a second. */
const trickle = 1 / 1000;
/** More targets than these are not remembered; the least recently used goes first. */
const mostTargets = 1000;

interface Bucket {
  tokens: number;
  filledAtMs: number;
}

/**
 * Bounds how much load retries add to a target, so that a fleet of callers cannot turn a provider's stumble into its
 * outage: one retry for every ten first tries, and a small reserve that refills with time. In memory, per process.
 */
export class RetryBudget {
  readonly #buckets = new Map<string, Bucket>();

  /** Counts a first try. */
  tried(id: string, nowMs: number): void {
    const bucket = this.#filled(id, nowMs);
    bucket.tokens = Math.min(reserve, bucket.tokens + depositPerTry);
  }

  /** Takes one retry out of the budget; false where there is none left. */
  take(id: string, nowMs: number): boolean {
    const bucket = this.#filled(id, nowMs);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  #filled(id: string, nowMs: number): Bucket {
    const bucket = this.#buckets.get(id) ?? { tokens: reserve, filledAtMs: nowMs };
    bucket.tokens = Math.min(reserve, bucket.tokens + Math.max(0, nowMs - bucket.filledAtMs) * trickle);
    bucket.filledAtMs = nowMs;
    this.#buckets.delete(id);
    this.#buckets.set(id, bucket);
    if (this.#buckets.size > mostTargets) {
      const [oldest] = this.#buckets.keys();
      if (oldest !== undefined) this.#buckets.delete(oldest);
    }
    return bucket;
  }
}
