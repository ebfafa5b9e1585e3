import { type CallRecord, chargesOf, tokensPerSecond } from './call-record.ts';

/** Nano-USD in a US dollar. */
const perUsd = 1e9;

/**
 * A call as both planes show it: every field always there, null for "none", money in US dollars beside the exact
 * nano-USD, times in ISO 8601.
 */
export function renderCallRecord(record: CallRecord) {
  return {
    id: record.id,
    object: 'generation',
    created_at: new Date(record.startedAtMs).toISOString(),
    ended_at: new Date(record.endedAtMs).toISOString(),
    ending: record.ending,
    status: orNull(record.status),
    error: orNull(record.error),
    ...renderOrigin(record),
    dialect: orNull(record.dialect),
    model: orNull(record.model),
    served_by: orNull(record.servedBy),
    provider: orNull(record.provider),
    provider_answer_id: orNull(record.providerAnswerId),
    stream: orNull(record.stream),
    attempts: record.attempts.map(renderAttempt),
    ...(record.resumed && { resumed: { from: record.resumed.from, at_output_bytes: record.resumed.atOutputBytes } }),
    finish_reason: orNull(record.finishReason),
    tools: record.tools ?? [],
    usage: renderUsage(record.usage),
    ...renderMoney(record),
    bytes_in: orNull(record.bytesIn),
    bytes_out: orNull(record.bytesOut),
    duration_ms: orNull(record.durationMs),
    first_byte_ms: orNull(record.firstByteMs),
    first_token_ms: orNull(record.firstTokenMs),
    tokens_per_second: orNull(tokensPerSecond(record)),
    overhead_ms: orNull(record.overheadMs),
  };
}

function renderAttempt(attempt: CallRecord['attempts'][number]) {
  return {
    target: attempt.target,
    ...(attempt.via !== undefined && { via: attempt.via }),
    started_ms: orNull(attempt.startedMs),
    latency_ms: attempt.latencyMs,
    status: orNull(attempt.status),
    outcome: attempt.outcome,
    reason: orNull(attempt.reason),
    estimated: attempt.estimated === true,
    cost_usd: attempt.unpriced ? null : (attempt.costNanoUsd ?? 0) / perUsd,
    cost_nano_usd: attempt.costNanoUsd ?? 0,
  };
}

function renderOrigin(record: CallRecord) {
  return {
    key: orNull(record.keyId),
    team: orNull(record.team),
    user: orNull(record.user),
    organization: orNull(record.organization),
    end_user: orNull(record.endUser),
    tags: orNull(record.tags),
    session: orNull(record.session),
    trace_id: orNull(record.traceId),
    user_agent: orNull(record.userAgent),
    app: orNull(record.app),
  };
}

function renderMoney(record: CallRecord) {
  return {
    estimated: record.estimated === true,
    cost_usd: record.unpriced ? null : record.costNanoUsd / perUsd,
    cost_nano_usd: record.costNanoUsd,
    cost_parts_nano_usd: orNull(record.cost),
    cost_stated: record.costStated === true,
    saved_usd: (record.savedNanoUsd ?? 0) / perUsd,
    saved_ms: record.savedMs ?? 0,
    cache: orNull(record.cache),
    cache_source: orNull(record.cacheSource),
    scopes: Object.fromEntries(chargesOf(record)),
    held_nano_usd: orNull(record.heldNanoUsd),
    refused_by: orNull(record.refusedBy),
    max_output_tokens: orNull(record.maxOutputTokens),
  };
}

function orNull<Value>(value: Value | undefined): Value | null {
  return value ?? null;
}

/** The counts everybody asks for, always there; the rarer ones where they are not zero. */
function renderUsage(usage: CallRecord['usage']) {
  const { inputTokens, outputTokens, cachedInputTokens, cacheWriteTokens, reasoningTokens, ...others } = usage;
  return {
    input_tokens: inputTokens ?? 0,
    cached_input_tokens: cachedInputTokens ?? 0,
    cache_write_tokens: cacheWriteTokens ?? 0,
    output_tokens: outputTokens ?? 0,
    reasoning_tokens: reasoningTokens ?? 0,
    ...Object.fromEntries(Object.entries(others).map(([name, value]) => [snakeCase(name), value])),
  };
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]|\d+h/g, (part) => `_${part.toLowerCase()}`);
}
