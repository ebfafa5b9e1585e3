import * as z from 'zod';
import { isJsonObject, type JsonObject } from '../calls/json.ts';
import type { MetricSeries, MetricStatistic, MetricsQuery, MetricsSource } from './metrics-source.ts';

const minuteMs = 60_000;

/** So long metrics are kept in memory. */
const keptMs = 24 * 60 * minuteMs;

/** So many values of a minute are kept one by one, for percentiles. */
const mostSamples = 500;

/** What of an embedded-metric line says where its metrics are. The rest of the line, all about the call, is looked at only by name. */
const directivesSchema = z.object({
  Timestamp: z.number(),
  CloudWatchMetrics: z.array(z.object({ Dimensions: z.array(z.array(z.string())), Metrics: z.array(z.object({ Name: z.string() })) })),
});

interface Minute {
  count: number;
  sum: number;
  least: number;
  most: number;
  readonly samples: number[];
}

interface Collected {
  readonly provider: string | undefined;
  readonly model: string | undefined;
  readonly minutes: Map<number, Minute>;
}

/** Collects the embedded metrics of log lines in memory, as CloudWatch does with the same lines. */
export class CollectedMetrics implements MetricsSource {
  readonly #series = new Map<string, Map<string, Collected>>();

  /** Takes a log line; one without metrics, or that is no JSON, is passed over. */
  take(line: string): void {
    if (!line.includes('"CloudWatchMetrics"')) return;
    const fields = parsedJson(line);
    const directives = directivesSchema.safeParse(fields?._aws);
    if (fields === undefined || !directives.success) return;
    const { Timestamp, CloudWatchMetrics } = directives.data;
    for (const { Dimensions, Metrics } of CloudWatchMetrics) {
      for (const dimensions of Dimensions) {
        const [provider, model] = dimensions.length === 0 ? [] : [String(fields.provider), String(fields.model)];
        for (const { Name } of Metrics) {
          const value = fields[Name];
          if (typeof value === 'number') this.#add(Name, provider, model, Timestamp, value);
        }
      }
    }
  }

  async read({ metric, statistic, fromMs, toMs, periodSeconds, byModel }: MetricsQuery): Promise<MetricSeries[]> {
    const found = [...(this.#series.get(metric)?.values() ?? [])].filter(({ provider }) => (provider !== undefined) === byModel);
    return found.map(({ provider, model, minutes }) => {
      const periods = new Map<number, Minute>();
      for (const [minute, values] of minutes) {
        if (minute < fromMs || minute >= toMs) continue;
        const start = Math.floor(minute / (periodSeconds * 1000)) * periodSeconds * 1000;
        periods.set(start, merged(periods.get(start), values));
      }
      const points = [...periods].map(([atMs, values]) => ({ atMs, value: statisticOf(values, statistic) }));
      return { provider, model, points: points.sort((one, other) => one.atMs - other.atMs) };
    });
  }

  #add(metric: string, provider: string | undefined, model: string | undefined, atMs: number, value: number): void {
    const byDimensions = this.#series.get(metric) ?? new Map<string, Collected>();
    this.#series.set(metric, byDimensions);
    const id = provider === undefined ? '' : `${provider}/${model}`;
    const series = byDimensions.get(id) ?? { provider, model, minutes: new Map<number, Minute>() };
    byDimensions.set(id, series);
    const minute = Math.floor(atMs / minuteMs) * minuteMs;
    const known = series.minutes.get(minute);
    if (known !== undefined) {
      count(known, value);
      return;
    }
    forgetOld(series.minutes, minute - keptMs);
    series.minutes.set(minute, { count: 1, sum: value, least: value, most: value, samples: [value] });
  }
}

function forgetOld(minutes: Map<number, Minute>, beforeMs: number): void {
  for (const minute of minutes.keys()) {
    if (minute >= beforeMs) return;
    minutes.delete(minute);
  }
}

function count(minute: Minute, value: number): void {
  minute.count += 1;
  minute.sum += value;
  minute.least = Math.min(minute.least, value);
  minute.most = Math.max(minute.most, value);
  if (minute.samples.length < mostSamples) minute.samples.push(value);
}

function merged(one: Minute | undefined, other: Minute): Minute {
  if (one === undefined) return { ...other, samples: [...other.samples] };
  one.count += other.count;
  one.sum += other.sum;
  one.least = Math.min(one.least, other.least);
  one.most = Math.max(one.most, other.most);
  one.samples.push(...other.samples.slice(0, Math.max(0, mostSamples - one.samples.length)));
  return one;
}

function statisticOf({ count, sum, least, most, samples }: Minute, statistic: MetricStatistic): number {
  switch (statistic) {
    case 'Sum':
      return sum;
    case 'Average':
      return sum / count;
    case 'Minimum':
      return least;
    case 'Maximum':
      return most;
    case 'SampleCount':
      return count;
    default: {
      const sorted = [...samples].sort((one, other) => one - other);
      const rank = Math.ceil((Number(statistic.slice(1)) / 100) * sorted.length) - 1;
      return sorted[Math.max(0, rank)] ?? 0;
    }
  }
}

function parsedJson(line: string): JsonObject | undefined {
  try {
    const parsed: unknown = JSON.parse(line);
    return isJsonObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}
