import { noUsage, type UsageCounters } from './usage-counters.ts';

/** Sums of usage in the words of the API: what `GET /admin/usage` and the export of a month name alike. */
export function renderCounters(counters: UsageCounters) {
  return {
    calls: counters.calls,
    errors: counters.errors,
    refusals: counters.refusals,
    cache_hits: counters.cacheHits,
    fallbacks: counters.fallbacks,
    retries: counters.retries,
    input_tokens: counters.inputTokens,
    cached_input_tokens: counters.cachedInputTokens,
    cache_write_tokens: counters.cacheWriteTokens,
    output_tokens: counters.outputTokens,
    reasoning_tokens: counters.reasoningTokens,
    cost_usd: counters.costNanoUsd / 1e9,
    cost_nano_usd: counters.costNanoUsd,
    saved_usd: counters.savedNanoUsd / 1e9,
    estimated_calls: counters.estimated,
    unpriced_calls: counters.unpriced,
    average_ms: counters.calls === 0 ? 0 : Math.round(counters.durationMs / counters.calls),
  };
}

/** The names of the sums, in the order of a table's columns. */
export function counterNames(): (keyof ReturnType<typeof renderCounters>)[] {
  const names: (keyof ReturnType<typeof renderCounters>)[] = [];
  let name: keyof ReturnType<typeof renderCounters>;
  for (name in renderCounters(noUsage())) names.push(name);
  return names;
}
