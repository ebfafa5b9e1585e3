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
  const freshUntilMs = Math.min(answer.freshUntilMs, answer.storedAtMs + policy.ttlMs);
  const isYoungEnough = policy.maxAgeMs === undefined || nowMs - answer.storedAtMs <= policy.maxAgeMs;
  if (!policy.refresh) {
    if (isYoungEnough && nowMs + policy.minFreshMs < freshUntilMs) return 'fresh';
    if (policy.minFreshMs === 0 && nowMs >= freshUntilMs && withinWindow(answer, freshUntilMs, policy.staleWhileRevalidateMs, nowMs))
      return 'revalidate';
  }
  return withinWindow(answer, freshUntilMs, policy.staleIfErrorMs, nowMs) ? 'if-error' : 'none';
}

/** An answer that is still fresh, but not to this caller, is as good in need as one that has just expired. */
function withinWindow({ keptUntilMs }: Dates, freshUntilMs: number, windowMs: number, nowMs: number): boolean {
  return windowMs > 0 && nowMs < Math.min(keptUntilMs, freshUntilMs + windowMs);
}

/** The `Age` of a stored answer in whole seconds (RFC 9111 section 5.1). */
export function ageSeconds(answer: Pick<CachedAnswer, 'storedAtMs'>, nowMs: number): number {
  return Math.max(0, Math.floor((nowMs - answer.storedAtMs) / 1_000));
}
