import type { CallRecord } from './call-record.ts';
import { countedTarget, errorType, operationOf, partsOf, providerName, type TracedCall } from './otlp-call.ts';
import { attributesOf, type OtlpAttribute, otlpScope, resourceOf, unixNano } from './otlp-encoding.ts';
import { isReplayed, servedFromCache } from './usage-counters.ts';

/** AGGREGATION_TEMPORALITY_DELTA: each call tells its own, since no process lives long enough to add up. */
const delta = 1;

/** The boundaries the conventions ask for (https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/). */
const tokenBounds = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864];
const durationBounds = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
const firstTokenBounds = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

interface Observation {
  readonly value: number;
  readonly attributes: readonly OtlpAttribute[];
}

/** When a call was and whose it is, as each of its points says it. */
interface Told {
  readonly span: { readonly startTimeUnixNano: string; readonly timeUnixNano: string };
  readonly common: Parameters<typeof attributesOf>[0];
}

/**
 * The body of a POST to `/v1/metrics`; undefined for a call that neither a provider nor the cache had a part in. Names of
 * models are those of the configuration, since what a caller makes up would be a series of its own.
 */
export function otlpMetrics(traced: TracedCall, instanceId: string): object | undefined {
  const { record } = traced;
  const told = {
    span: { startTimeUnixNano: unixNano(record.startedAtMs), timeUnixNano: unixNano(record.endedAtMs) },
    common: commonOf(traced),
  };
  const byProvider = countedTarget(record) === undefined || isReplayed(record) ? [] : providerMetrics(record, told);
  const metrics = [...byProvider, ...cacheMetrics(record, told)].filter((metric) => metric !== undefined);
  if (metrics.length === 0) return undefined;
  return { resourceMetrics: [{ resource: resourceOf(instanceId), scopeMetrics: [{ scope: otlpScope, metrics }] }] };
}

function commonOf({ record, provider }: TracedCall): Told['common'] {
  const target = countedTarget(record);
  const asked = target === undefined ? undefined : partsOf(target);
  const known = asked && provider(asked.provider);
  return {
    'gen_ai.operation.name': operationOf(record),
    'gen_ai.provider.name': known ? providerName(known) : asked?.provider,
    'gen_ai.request.model': asked?.model,
    'gen_ai.response.model': record.servedBy === undefined ? undefined : asked?.model,
    'sluice.key': record.keyId,
    'sluice.team': record.team,
  };
}

function providerMetrics(record: CallRecord, told: Told): (object | undefined)[] {
  const { usage } = record;
  const { common, span } = told;
  const tokens = (type: string, value: number | undefined): Observation[] =>
    value === undefined || value === 0 ? [] : [{ value, attributes: attributesOf({ ...common, 'gen_ai.token.type': type }) }];
  const seconds = (ms: number | undefined, error?: string): Observation[] =>
    ms === undefined ? [] : [{ value: ms / 1_000, attributes: attributesOf({ ...common, 'error.type': error }) }];
  return [
    histogram(
      'gen_ai.client.token.usage',
      '{token}',
      tokenBounds,
      [...tokens('input', usage.inputTokens), ...tokens('output', usage.outputTokens)],
      span,
    ),
    histogram('gen_ai.client.operation.duration', 's', durationBounds, seconds(record.durationMs, errorType(record)), span),
    histogram('gen_ai.server.time_to_first_token', 's', firstTokenBounds, seconds(record.firstTokenMs), span),
    counted('sluice.cost', 'What calls cost, in US dollars.', '{USD}', record.costNanoUsd / 1e9, told),
  ];
}

/** What the cache did, told apart by its outcome, and what it spared; nothing for a call that it had no part in. */
function cacheMetrics(record: CallRecord, { span, common }: Told): (object | undefined)[] {
  if (!servedFromCache(record) && record.cache !== 'miss') return [];
  const told = { span, common: { ...common, 'sluice.cache': record.cache } };
  return [
    counted('sluice.cache.calls', 'Calls that the cache had a part in, by what it did.', '{call}', 1, told),
    counted('sluice.cache.saved', 'What stored answers once cost, in US dollars.', '{USD}', (record.savedNanoUsd ?? 0) / 1e9, told),
    counted('sluice.cache.saved_time', 'How much longer stored answers once took.', 's', (record.savedMs ?? 0) / 1_000, told),
  ];
}

/** A sum that this call adds to; undefined where it adds nothing. */
function counted(name: string, description: string, unit: string, value: number, { span, common }: Told): object | undefined {
  if (value === 0) return undefined;
  const dataPoints = [{ ...span, asDouble: value, attributes: attributesOf(common) }];
  return { name, description, unit, sum: { aggregationTemporality: delta, isMonotonic: true, dataPoints } };
}

function histogram(
  name: string,
  unit: string,
  bounds: readonly number[],
  observations: readonly Observation[],
  span: Told['span'],
): object | undefined {
  if (observations.length === 0) return undefined;
  const dataPoints = observations.map(({ value, attributes }) => ({
    ...span,
    attributes,
    count: '1',
    sum: value,
    min: value,
    max: value,
    explicitBounds: bounds,
    // A bucket holds what lies above the bound before it, up to and with its own.
    bucketCounts: [...bounds, Number.POSITIVE_INFINITY].map((bound, index) =>
      value <= bound && value > (bounds[index - 1] ?? Number.NEGATIVE_INFINITY) ? '1' : '0',
    ),
  }));
  return { name, unit, histogram: { aggregationTemporality: delta, dataPoints } };
}
