import * as z from 'zod';
import { type CacheCounts, noCounts } from '../../../shared/cache/answer-store.ts';
import type { CacheAdministration } from '../../../shared/cache/cache-administration.ts';
import type { AdminParts, Operation } from '../operation.ts';
import { parseInput } from '../parse-input.ts';

const dayMs = 86_400_000;
const day = z.iso.date('must be a day such as 2027-01-31').optional();
const querySchema = z
  .strictObject({ from: day, to: day })
  .refine(({ from, to }) => from === undefined || to === undefined || from <= to, 'from must not be after to');

/** `GET /admin/cache/stats?from=&to=`: what the cache did by day (UTC), and what it saved; the last seven days unless told. */
export function getCacheStats({ cache, clock }: Pick<AdminParts, 'clock'> & { readonly cache: CacheAdministration }): Operation {
  return async (request) => {
    const query = parseInput(querySchema, request.query, 'query');
    const to = query.to ?? dayOf(Math.max(clock(), Date.parse(query.from ?? '') || 0));
    const from = query.from ?? dayOf(Date.parse(to) - 6 * dayMs);
    const days = await cache.countsByDay(from, to);
    const total = noCounts();
    for (const counts of days) addTo(total, counts);
    return {
      status: 200,
      body: { object: 'cache_stats', from, to, total: shown(total), days: days.map((counts) => ({ day: counts.day, ...shown(counts) })) },
    };
  };
}

function addTo(total: CacheCounts, { day: _day, ...counts }: CacheCounts & { readonly day: string }): void {
  total.hits += counts.hits;
  total.semantic += counts.semantic;
  total.misses += counts.misses;
  total.coalesced += counts.coalesced;
  total.stale += counts.stale;
  total.stored += counts.stored;
  total.bodyBytes += counts.bodyBytes;
  total.storedBytes += counts.storedBytes;
  total.savedNanoUsd += counts.savedNanoUsd;
  total.savedMs += counts.savedMs;
}

function shown(counts: CacheCounts) {
  const served = counts.hits + counts.semantic + counts.coalesced + counts.stale;
  const calls = served + counts.misses;
  return {
    calls,
    hits: counts.hits,
    semantic: counts.semantic,
    coalesced: counts.coalesced,
    stale: counts.stale,
    misses: counts.misses,
    /** Share of calls that needed no provider; null where there was no call. */
    hit_rate: calls === 0 ? null : Math.round((served / calls) * 10_000) / 10_000,
    saved_usd: counts.savedNanoUsd / 1e9,
    saved_seconds: Math.round(counts.savedMs) / 1_000,
    stored: counts.stored,
    body_bytes: counts.bodyBytes,
    stored_bytes: counts.storedBytes,
  };
}

function dayOf(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}
