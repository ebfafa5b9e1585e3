import { type CallMetrics, gatewayMetrics, metricNamespace, modelMetrics } from './call-metrics.ts';

interface MetricDefinition {
  readonly Name: string;
  readonly Unit?: string;
}

/**
 * Metrics as fields of a log line, in CloudWatch's embedded metric format
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
 *
 * Thirty lines of our own, because the libraries for it write a line of their own when a handler returns, which for a
 * stream is before its first byte: here metrics and facts share the one line of a call, after its last byte.
 */
export function metricFields({ dimensions, byModel, overall }: CallMetrics, atMs: number): Record<string, unknown> {
  const directives = [{ Namespace: metricNamespace, Dimensions: [[] as string[]], Metrics: definitions(overall, gatewayMetrics) }];
  if (dimensions !== undefined) {
    directives.push({ Namespace: metricNamespace, Dimensions: [['provider', 'model']], Metrics: definitions(byModel, modelMetrics) });
  }
  return { _aws: { Timestamp: Math.floor(atMs), CloudWatchMetrics: directives }, ...dimensions, ...rounded(byModel), ...rounded(overall) };
}

function definitions(values: Readonly<Record<string, number>>, units: Readonly<Record<string, string>>): MetricDefinition[] {
  // None is what CloudWatch assumes.
  return Object.keys(values).map((Name) => (units[Name] === 'None' || units[Name] === undefined ? { Name } : { Name, Unit: units[Name] }));
}

/** Twelve digits: more than any clock or price has, without the noise of floats. */
function rounded(values: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value.toPrecision(12))]));
}
