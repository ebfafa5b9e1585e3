import type { CallRecord } from './call-record.ts';
import { countedTarget, errorType, operationOf, partsOf, providerName, type TracedCall } from './otlp-call.ts';
import { attributesOf, type OtlpAttribute, otlpScope, resourceOf, unixNano } from './otlp-encoding.ts';

/** SPAN_KIND_CLIENT, which the conventions ask for where a model is called over the network. */
const client = 3;
/** STATUS_CODE_ERROR. */
const failed = 2;

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly OtlpAttribute[];
  readonly status?: { readonly code: number; readonly message?: string };
}

/**
 * The body of a POST to `/v1/traces`: a span of the call by the GenAI conventions
 * (https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/), and below it one of each attempt. Tokens and cost stand on
 * the call alone, so that whoever adds up spans counts them once.
 */
export function otlpTraces(traced: TracedCall, instanceId: string): object {
  const spans = [callSpan(traced), ...traced.record.attempts.map((attempt) => attemptSpan(attempt, traced))];
  return { resourceSpans: [{ resource: resourceOf(instanceId), scopeSpans: [{ scope: otlpScope, spans }] }] };
}

function callSpan(traced: TracedCall): Span {
  const { record, traceId, spanId, parentSpanId } = traced;
  const error = errorType(record);
  return {
    traceId,
    spanId,
    ...(parentSpanId !== undefined && { parentSpanId }),
    name: spanName(operationOf(record), record.model),
    kind: client,
    startTimeUnixNano: unixNano(record.startedAtMs),
    endTimeUnixNano: unixNano(record.startedAtMs + (record.durationMs ?? record.endedAtMs - record.startedAtMs)),
    attributes: attributesOf({ ...conventional(traced), ...ours(record) }),
    ...(error !== undefined && { status: { code: failed, message: error } }),
  };
}

function conventional({ record, provider }: TracedCall): Parameters<typeof attributesOf>[0] {
  const { usage } = record;
  const target = countedTarget(record);
  const asked = target === undefined ? undefined : provider(partsOf(target).provider);
  return {
    'gen_ai.operation.name': operationOf(record),
    'gen_ai.provider.name': asked && providerName(asked),
    'gen_ai.request.model': record.model,
    'gen_ai.response.model': record.servedBy === undefined ? undefined : partsOf(record.servedBy).model,
    'gen_ai.response.id': record.providerAnswerId,
    'gen_ai.response.finish_reasons': record.finishReason === undefined ? undefined : [record.finishReason],
    'gen_ai.conversation.id': record.session,
    'gen_ai.usage.input_tokens': usage.inputTokens,
    'gen_ai.usage.output_tokens': usage.outputTokens,
    'gen_ai.usage.cache_read.input_tokens': usage.cachedInputTokens,
    'gen_ai.usage.reasoning.output_tokens': usage.reasoningTokens,
    'server.address': asked?.serverAddress,
    'server.port': asked?.serverPort,
    'http.response.status_code': record.status,
    'user_agent.original': record.userAgent,
    'error.type': errorType(record),
  };
}

function ours(record: CallRecord): Parameters<typeof attributesOf>[0] {
  return {
    'sluice.request_id': record.id,
    'sluice.ending': record.ending,
    'sluice.dialect': record.dialect,
    'sluice.app': record.app,
    'sluice.stream': record.stream,
    'sluice.key': record.keyId,
    'sluice.team': record.team,
    'sluice.user': record.user,
    'sluice.organization': record.organization,
    'sluice.served_by': record.servedBy,
    'sluice.cache': record.cache,
    'sluice.cache.source': record.cacheSource,
    'sluice.cache.saved_usd': record.savedNanoUsd === undefined ? undefined : record.savedNanoUsd / 1e9,
    'sluice.cache.saved_ms': record.savedMs,
    'sluice.cost_usd': record.unpriced ? undefined : record.costNanoUsd / 1e9,
    'sluice.cost_stated': record.costStated,
    'sluice.estimated': record.estimated,
    'sluice.refused_by': record.refusedBy && `${record.refusedBy.scope} ${record.refusedBy.limit}`,
    'sluice.first_token_ms': record.firstTokenMs,
    'sluice.overhead_ms': record.overheadMs,
  };
}

function attemptSpan(attempt: CallRecord['attempts'][number], { record, traceId, spanId, provider, newSpanId }: TracedCall): Span {
  const startedAtMs = record.startedAtMs + (attempt.startedMs ?? 0);
  const asked = partsOf(attempt.target);
  const known = provider(asked.provider);
  const error = attempt.outcome === 'answered' ? undefined : attempt.outcome;
  return {
    traceId,
    spanId: newSpanId(),
    parentSpanId: spanId,
    name: `attempt ${asked.provider}/${asked.model}`,
    kind: client,
    startTimeUnixNano: unixNano(startedAtMs),
    endTimeUnixNano: unixNano(startedAtMs + attempt.latencyMs),
    attributes: attributesOf({
      'sluice.attempt.target': `${asked.provider}/${asked.model}`,
      'sluice.attempt.outcome': attempt.outcome,
      'server.address': known?.serverAddress,
      'server.port': known?.serverPort,
      'http.response.status_code': attempt.status,
      'error.type': error,
    }),
    ...(error !== undefined && { status: { code: failed, message: attempt.reason ?? error } }),
  };
}

function spanName(operation: string, model: string | undefined): string {
  return model === undefined ? operation : `${operation} ${model}`;
}
