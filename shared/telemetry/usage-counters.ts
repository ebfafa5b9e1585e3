import type { CallRecord } from './call-record.ts';

/** What is counted, by the short names it is stored under. All are integers and only ever grow. */
export const usageCounters = {
  calls: 'n',
  errors: 'e',
  refusals: 'rf',
  cacheHits: 'ch',
  fallbacks: 'fb',
  retries: 'rt',
  estimated: 'es',
  unpriced: 'up',
  inputTokens: 'ti',
  cachedInputTokens: 'tc',
  cacheWriteTokens: 'tw',
  outputTokens: 'to',
  reasoningTokens: 'tr',
  costNanoUsd: 'c',
  savedNanoUsd: 'sv',
  durationMs: 'ms',
} as const;

/** Counts of a number of calls; money in nano-USD. */
export type UsageCounters = Record<keyof typeof usageCounters, number>;

/** The names of all counters. */
export const usageCounterNames: readonly (keyof UsageCounters)[] = keysOf(usageCounters);

function keysOf<Keyed extends object>(keyed: Keyed): (keyof Keyed)[] {
  const keys: (keyof Keyed)[] = [];
  for (const key in keyed) keys.push(key);
  return keys;
}

/** Counters of no call at all. */
export function noUsage(): UsageCounters {
  return {
    calls: 0,
    errors: 0,
    refusals: 0,
    cacheHits: 0,
    fallbacks: 0,
    retries: 0,
    estimated: 0,
    unpriced: 0,
    inputTokens: 0,
    cachedInputTokens: 0,
    cacheWriteTokens: 0,
    outputTokens: 0,
    reasoningTokens: 0,
    costNanoUsd: 0,
    savedNanoUsd: 0,
    durationMs: 0,
  };
}

/** Adds `more` to `sum`, in place. */
export function addUsage(sum: UsageCounters, more: UsageCounters): void {
  for (const name of usageCounterNames) sum[name] += more[name];
}

/** What one call adds. */
export function usageOfRecord(record: CallRecord): UsageCounters {
  const { usage, attempts } = record;
  const one = (yes: boolean): number => (yes ? 1 : 0);
  return {
    calls: 1,
    errors: one(record.ending === 'failed' || record.ending === 'crashed'),
    refusals: one(record.ending === 'refused'),
    cacheHits: one(servedFromCache(record)),
    fallbacks: one(fellBack(record)),
    retries: retriesOf(attempts),
    estimated: one(record.estimated === true),
    unpriced: one(record.unpriced === true),
    inputTokens: usage.inputTokens ?? 0,
    cachedInputTokens: usage.cachedInputTokens ?? 0,
    cacheWriteTokens: usage.cacheWriteTokens ?? 0,
    outputTokens: usage.outputTokens ?? 0,
    reasoningTokens: usage.reasoningTokens ?? 0,
    costNanoUsd: record.costNanoUsd,
    savedNanoUsd: record.savedNanoUsd ?? 0,
    durationMs: Math.round(record.durationMs ?? 0),
  };
}

const cacheHits: ReadonlySet<string | undefined> = new Set(['hit', 'stale', 'coalesced', 'semantic']);

/** Whether the cache, and not a provider, gave the answer. */
export function servedFromCache({ cache }: Pick<CallRecord, 'cache'>): boolean {
  return cacheHits.has(cache);
}

/** Whether the answer was there already, in the cache or under an `Idempotency-Key`, and nobody was asked: it says nothing of the provider that once gave it. */
export function isReplayed(record: Pick<CallRecord, 'cache' | 'attempts'>): boolean {
  return record.attempts.length === 0 && (servedFromCache(record) || record.cache === 'idempotent');
}

/** Whether another target than the first answered. */
export function fellBack({ servedBy, attempts }: Pick<CallRecord, 'servedBy' | 'attempts'>): boolean {
  return servedBy !== undefined && attempts[0] !== undefined && attempts[0].target !== servedBy;
}

/** Tries of a target beyond its first. */
export function retriesOf(attempts: CallRecord['attempts']): number {
  return attempts.length - new Set(attempts.map(({ target }) => target)).size;
}
