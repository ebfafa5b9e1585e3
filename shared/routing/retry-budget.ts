/** What each first try of a target adds to what may be retried there: a tenth of a retry, so at most a tenth more load. */
const depositPerTry = 0.1;
/** What is earned is kept up to this. */
const mostEarned = 10;
/** What there is beside it at the start and at most: a quiet service can always retry. */
const reserve = 10;
/** What time alone gives back of the reserve, in retries per millisecond: one a second. */
const trickle = 1 / 1000;
/** More targets than these are not remembered; the least recently used goes first. */
const mostTargets = 1000;

interface Bucket {
  earned: number;
  reserve: number;
  filledAtMs: number;
}

/**
 * Bounds how much load retries add to a target, so that a fleet of callers cannot turn a provider's stumble into its
 * outage: one retry for every ten first tries, and a small reserve that refills with time. In memory, per process: where
 * there are many processes with a reserve each, it holds as long as the reserves are left alone while the target struggles.
 */
export class RetryBudget {
  readonly #buckets = new Map<string, Bucket>();

  /** Counts a first try. */
  tried(id: string, nowMs: number): void {
    const bucket = this.#filled(id, nowMs);
    bucket.earned = Math.min(mostEarned, bucket.earned + depositPerTry);
  }

  /**
   * Takes one retry out of the budget; false where there is none left.
   * @param struggles whether so many of all processes' tries fail that retrying each of them would be too much: then only
   * what was earned counts. Below that, retries add no more load than there are failures.
   */
  take(id: string, nowMs: number, struggles: boolean): boolean {
    const bucket = this.#filled(id, nowMs);
    if (bucket.earned >= 1) bucket.earned -= 1;
    else if (!struggles && bucket.reserve >= 1) bucket.reserve -= 1;
    else return false;
    return true;
  }

  #filled(id: string, nowMs: number): Bucket {
    const bucket = this.#buckets.get(id) ?? { earned: 0, reserve, filledAtMs: nowMs };
    bucket.reserve = Math.min(reserve, bucket.reserve + Math.max(0, nowMs - bucket.filledAtMs) * trickle);
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
