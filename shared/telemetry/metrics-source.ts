/** Statistics that can be asked for, in CloudWatch's words. */
export const metricStatistics = ['Sum', 'Average', 'Minimum', 'Maximum', 'SampleCount', 'p50', 'p90', 'p95', 'p99'] as const;

export type MetricStatistic = (typeof metricStatistics)[number];

/** Which time series. */
export interface MetricsQuery {
  readonly metric: string;
  readonly statistic: MetricStatistic;
  readonly fromMs: number;
  readonly toMs: number;
  readonly periodSeconds: number;
  /** One series per provider and model, or one of all calls together; which of the two there is, the metric decides. */
  readonly byModel: boolean;
}

/** One time series; periods without a value are left out. */
export interface MetricSeries {
  readonly provider: string | undefined;
  readonly model: string | undefined;
  readonly points: readonly { readonly atMs: number; readonly value: number }[];
}

/** Where metrics are read: CloudWatch, or what the host of this process has collected. */
export interface MetricsSource {
  read(query: MetricsQuery): Promise<MetricSeries[]>;
}

let hostSource: MetricsSource | undefined;

/** Makes a host's own collection the source of metrics. For hosts without CloudWatch. */
export function setHostMetrics(source: MetricsSource | undefined): void {
  hostSource = source;
}

/** The host's own collection; undefined in AWS. */
export function hostMetrics(): MetricsSource | undefined {
  return hostSource;
}
