import { errorCodes } from '../errors/codes.ts';
import type { CallRecord } from './call-record.ts';
import { fellBack, isReplayed, retriesOf, servedFromCache } from './usage-counters.ts';

/** Every metric of a call lies in this namespace. */
export const metricNamespace = 'Sluice';

type Unit = 'Count' | 'Seconds' | 'Milliseconds' | 'None';

/**
 * Metrics told apart by provider and model. Each costs some $0.30 a month per model in use, so there are few.
 * Names are OpenTelemetry's where it has one (https://github.com/open-telemetry/semantic-conventions-genai).
 */
export const modelMetrics = {
  'sluice.calls': 'Count',
  'sluice.errors': 'Count',
  'gen_ai.server.request.duration': 'Seconds',
  'gen_ai.server.time_to_first_token': 'Seconds',
  'gen_ai.usage.input_tokens': 'Count',
  'gen_ai.usage.output_tokens': 'Count',
  /** US dollars. */
  'sluice.cost': 'None',
  /** Not of a call: told when a breaker opens, see `breaker-line.ts`. */
  'sluice.breaker.openings': 'Count',
} as const satisfies Record<string, Unit>;

/** Metrics of all calls together. */
export const gatewayMetrics = {
  'sluice.requests': 'Count',
  'sluice.failures': 'Count',
  'sluice.failures.caller': 'Count',
  'sluice.failures.provider': 'Count',
  'sluice.failures.gateway': 'Count',
  'sluice.client_gone': 'Count',
  'sluice.crashes': 'Count',
  'sluice.truncated': 'Count',
  'sluice.refusals': 'Count',
  'sluice.refusals.key': 'Count',
  'sluice.refusals.rate': 'Count',
  'sluice.refusals.budget': 'Count',
  'sluice.refusals.request': 'Count',
  'sluice.duration': 'Seconds',
  'sluice.spend': 'None',
  'gen_ai.usage.cache_read.input_tokens': 'Count',
  'gen_ai.usage.reasoning.output_tokens': 'Count',
  'sluice.cache.hits': 'Count',
  /** With the hits, all calls that the cache had a part in. */
  'sluice.cache.misses': 'Count',
  /** US dollars. */
  'sluice.cache.saved': 'None',
  'sluice.cache.saved_time': 'Seconds',
  'sluice.fallbacks': 'Count',
  'sluice.retries': 'Count',
  'sluice.settle.failures': 'Count',
  'sluice.record.failures': 'Count',
  'sluice.overhead': 'Milliseconds',
} as const satisfies Record<string, Unit>;

export type ModelMetric = keyof typeof modelMetrics;
export type GatewayMetric = keyof typeof gatewayMetrics;

/** What the record does not say. */
export interface CallFailures {
  /** Scopes that did not settle at once. */
  readonly settle: number;
  /** Whether the record could not be written. */
  readonly record: boolean;
}

/** A call's metrics; those that say nothing are left out. */
export interface CallMetrics {
  /** Absent where no provider was asked. */
  readonly dimensions: { readonly provider: string; readonly model: string } | undefined;
  readonly byModel: Partial<Record<ModelMetric, number>>;
  readonly overall: Partial<Record<GatewayMetric, number>>;
}

/** Measures one call. */
export function metricsOf(record: CallRecord, failures: CallFailures): CallMetrics {
  const dimensions = dimensionsOf(record);
  return { dimensions, byModel: dimensions === undefined ? {} : modelMetricsOf(record), overall: gatewayMetricsOf(record, failures) };
}

/**
 * The target that answered, or the last that was asked: names of the configuration, never what a caller made up. A stored
 * answer says nothing of the provider that once gave it.
 */
function dimensionsOf({ servedBy, attempts, cache }: CallRecord): CallMetrics['dimensions'] {
  if (isReplayed({ attempts, cache })) return undefined;
  const target = (servedBy ?? attempts.at(-1)?.target)?.split('?', 1)[0];
  if (target === undefined) return undefined;
  const slash = target.indexOf('/');
  return slash === -1 ? { provider: target, model: target } : { provider: target.slice(0, slash), model: target.slice(slash + 1) };
}

function modelMetricsOf(record: CallRecord): CallMetrics['byModel'] {
  const { usage, durationMs, firstTokenMs, costNanoUsd } = record;
  return {
    'sluice.calls': 1,
    'sluice.errors': record.ending === 'failed' ? 1 : 0,
    ...(durationMs !== undefined && { 'gen_ai.server.request.duration': durationMs / 1000 }),
    ...(firstTokenMs !== undefined && { 'gen_ai.server.time_to_first_token': firstTokenMs / 1000 }),
    ...((usage.inputTokens ?? 0) > 0 && { 'gen_ai.usage.input_tokens': usage.inputTokens ?? 0 }),
    ...((usage.outputTokens ?? 0) > 0 && { 'gen_ai.usage.output_tokens': usage.outputTokens ?? 0 }),
    ...(costNanoUsd > 0 && { 'sluice.cost': costNanoUsd / 1e9 }),
  };
}

function gatewayMetricsOf(record: CallRecord, failures: CallFailures): CallMetrics['overall'] {
  const { ending, usage, durationMs, overheadMs, costNanoUsd, savedNanoUsd, savedMs } = record;
  const counted: Partial<Record<GatewayMetric, number>> = {
    'sluice.client_gone': ending === 'client_gone' ? 1 : 0,
    'sluice.crashes': ending === 'crashed' ? 1 : 0,
    'sluice.truncated': ending === 'truncated' ? 1 : 0,
    'sluice.spend': costNanoUsd / 1e9,
    'gen_ai.usage.cache_read.input_tokens': usage.cachedInputTokens ?? 0,
    'gen_ai.usage.reasoning.output_tokens': usage.reasoningTokens ?? 0,
    'sluice.cache.hits': servedFromCache(record) ? 1 : 0,
    'sluice.cache.misses': record.cache === 'miss' ? 1 : 0,
    'sluice.cache.saved': (savedNanoUsd ?? 0) / 1e9,
    'sluice.cache.saved_time': (savedMs ?? 0) / 1000,
    'sluice.fallbacks': fellBack(record) ? 1 : 0,
    'sluice.retries': retriesOf(record.attempts),
    'sluice.settle.failures': failures.settle,
    'sluice.record.failures': failures.record ? 1 : 0,
  };
  if (ending === 'refused') {
    counted['sluice.refusals'] = 1;
    counted[`sluice.refusals.${refusalKind(record)}`] = 1;
  }
  const failed = ending === 'failed';
  if (failed) counted[`sluice.failures.${failureClass(record)}`] = 1;
  return {
    'sluice.requests': 1,
    'sluice.failures': failed ? 1 : 0,
    ...Object.fromEntries(Object.entries(counted).filter(([, value]) => value > 0)),
    ...(durationMs !== undefined && { 'sluice.duration': durationMs / 1000 }),
    ...(overheadMs !== undefined && { 'sluice.overhead': overheadMs }),
  };
}

function refusalKind({ error, refusedBy }: CallRecord): 'key' | 'rate' | 'budget' | 'request' {
  const status = statusOf(error);
  if (status === 401 || status === 403) return 'key';
  if (status === 402 || refusedBy?.limit === 'budget') return 'budget';
  return status === 429 ? 'rate' : 'request';
}

/** Who has to do something about it. */
function failureClass({ error, attempts }: CallRecord): 'caller' | 'provider' | 'gateway' {
  if (error === 'internal_error' || error === 'store_unavailable') return 'gateway';
  const told = attempts.at(-1)?.outcome;
  const callersOwn = told === 'caller' || told === 'context_length' || told === 'content_policy' || told === 'too_large';
  return callersOwn ? 'caller' : 'provider';
}

function statusOf(code: string | undefined): number | undefined {
  return Object.entries(errorCodes).find(([name]) => name === code)?.[1].status;
}
