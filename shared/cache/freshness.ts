import type { CachePolicy } from './cache-policy.ts';
import type { CachedAnswer } from './cached-answer.ts';

/**
 * What a stored answer is good for:
 * - `fresh`: may be served.
 * - `revalidate`: expired; may be served at once, while a fresh one is fetched.
 * - `if-error`: expired; may be served when every target fails.
 * - `none`: of no use to this call.
 */
export type Freshness = 'fresh' | 'revalidate' | 'if-error' | 'none';

type Dates = Pick<CachedAnswer, 'storedAtMs' | 'freshUntilMs' | 'keptUntilMs'>;

/** Judges a stored answer by RFC 9111 section 4.2 and RFC 5861: the stricter of what its writer and its reader allow. */
export function freshnessOf(answer: Dates, policy: CachePolicy, nowMs: number): Freshness {
  const untilMs = freshUntilMs(answer, policy);
  const isYoungEnough = policy.maxAgeMs === undefined || nowMs - answer.storedAtMs <= policy.maxAgeMs;
  if (!policy.refresh) {
    if (isYoungEnough && nowMs + policy.minFreshMs < untilMs) return 'fresh';
    if (policy.minFreshMs === 0 && nowMs >= untilMs && withinWindow(answer, untilMs, policy.staleWhileRevalidateMs, nowMs))
      return 'revalidate';
  }
  return withinWindow(answer, untilMs, policy.staleIfErrorMs, nowMs) ? 'if-error' : 'none';
}

/** An answer that is still fresh, but not to this caller, is as good in need as one that has just expired. */
function withinWindow({ keptUntilMs }: Dates, untilMs: number, windowMs: number, nowMs: number): boolean {
  return windowMs > 0 && nowMs < Math.min(keptUntilMs, untilMs + windowMs);
}

/** For how many whole seconds more a stored answer is fresh to a caller; 0 once it has expired. */
export function freshForSeconds(answer: Dates, policy: Pick<CachePolicy, 'ttlMs'>, nowMs: number): number {
  return Math.max(0, Math.floor((freshUntilMs(answer, policy) - nowMs) / 1_000));
}

/** The stricter of what the writer of an answer and its reader allow. */
function freshUntilMs(answer: Dates, policy: Pick<CachePolicy, 'ttlMs'>): number {
  return Math.min(answer.freshUntilMs, answer.storedAtMs + policy.ttlMs);
}

/** The `Age` of a stored answer in whole seconds (RFC 9111 section 5.1). */
export function ageSeconds(answer: Pick<CachedAnswer, 'storedAtMs'>, nowMs: number): number {
  return Math.max(0, Math.floor((nowMs - answer.storedAtMs) / 1_000));
}
