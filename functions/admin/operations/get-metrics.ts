import * as z from 'zod';
import { GatewayError } from '../../../shared/errors/gateway-error.ts';
import { type GatewayMetric, gatewayMetrics, modelMetrics } from '../../../shared/telemetry/call-metrics.ts';
import { type MetricStatistic, type MetricsSource, metricStatistics } from '../../../shared/telemetry/metrics-source.ts';
import { sweepMetrics } from '../../../shared/telemetry/sweep-line.ts';
import type { Operation } from '../operation.ts';
import { parseInput } from '../parse-input.ts';
import { momentSchema } from '../query-moments.ts';

/** What reading metrics works with. */
export interface MetricsParts {
  readonly metrics: MetricsSource;
  readonly clock: () => number;
}

/** Metrics by provider and model, and those of all calls together, with their units. */
const known: Readonly<Record<string, { readonly unit: string; readonly byModel: boolean }>> = Object.fromEntries([
  ...Object.entries(modelMetrics).map(([name, unit]) => [name, { unit, byModel: true }] as const),
  ...Object.entries(gatewayMetrics).map(([name, unit]) => [name, { unit, byModel: false }] as const),
  ...Object.entries(sweepMetrics).map(([name, unit]) => [name, { unit, byModel: false }] as const),
]);

const hourMs = 3_600_000;

/** GetMetricData gives at most this many points of a series in one answer. */
const mostPoints = 1_440;

const querySchema = z.strictObject({
  /** Several are separated by commas. Default: requests, failures and latency. */
  metric: z
    .string()
    .transform((text) => text.split(','))
    .pipe(
      z
        .array(z.string().refine((name) => Object.hasOwn(known, name), { error: `must be one of ${Object.keys(known).join(', ')}` }))
        .min(1)
        .max(10),
    )
    .optional(),
  /** Default: sums of counts, the 95th percentile of times. */
  stat: z.enum(metricStatistics).optional(),
  from: momentSchema.optional(),
  to: momentSchema.optional(),
  /** In seconds, a multiple of 60. */
  period: z
    .string()
    .regex(/^[1-9]\d{1,5}$/, 'must be a number of seconds')
    .transform(Number)
    .refine((seconds) => seconds % 60 === 0, 'must be a multiple of 60')
    .optional(),
  provider: z.string().optional(),
  model: z.string().optional(),
});

/** `GET /admin/metrics`: time series, from CloudWatch or from what the local host has collected. */
export function getMetrics({ metrics, clock }: MetricsParts): Operation {
  return async (request) => {
    const query = parseInput(querySchema, request.query, 'query');
    const toMs = query.to ?? clock();
    const fromMs = query.from ?? toMs - 3 * hourMs;
    const periodSeconds = query.period ?? usualPeriod(toMs - fromMs);
    if (fromMs >= toMs || (toMs - fromMs) / (periodSeconds * 1000) > mostPoints) {
      throw new GatewayError('invalid_request', `from must lie before to, with at most ${mostPoints} periods between them.`, {
        param: 'from',
      });
    }
    const names = query.metric ?? ['sluice.requests', 'sluice.failures', 'sluice.duration'];
    const read = names.map(async (metric) => {
      const statistic = query.stat ?? usualStatistic(metric);
      const byModel = known[metric]?.byModel ?? false;
      const series = await metrics.read({ metric, statistic, fromMs, toMs, periodSeconds, byModel });
      return series
        .filter(({ provider, model }) => matches(provider, query.provider) && matches(model, query.model))
        .map(({ provider, model, points }) => ({
          metric,
          unit: known[metric]?.unit ?? 'None',
          stat: statistic,
          provider: provider ?? null,
          model: model ?? null,
          points: points.map(({ atMs, value }) => ({ at: new Date(atMs).toISOString(), value })),
        }));
    });
    return {
      status: 200,
      body: {
        object: 'metrics',
        from: new Date(fromMs).toISOString(),
        to: new Date(toMs).toISOString(),
        period: periodSeconds,
        data: (await Promise.all(read)).flat(),
      },
    };
  };
}

/** Up to 300 points, in periods CloudWatch keeps for the whole time. */
function usualPeriod(rangeMs: number): number {
  const wanted = rangeMs / 1000 / 300;
  return [60, 300, 900, 3_600, 21_600].find((seconds) => seconds >= wanted) ?? 86_400;
}

/** A time of which one wants the sum and not how it is spread. */
const summedTime: GatewayMetric = 'sluice.cache.saved_time';

function usualStatistic(metric: string): MetricStatistic {
  const unit = metric === summedTime ? 'None' : known[metric]?.unit;
  return unit === 'Seconds' || unit === 'Milliseconds' ? 'p95' : 'Sum';
}

function matches(value: string | undefined, wanted: string | undefined): boolean {
  return wanted === undefined || value === wanted;
}
