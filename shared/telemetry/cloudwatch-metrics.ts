import type { CloudWatchClient, MetricDataQuery, MetricDataResult } from '@aws-sdk/client-cloudwatch';
import { metricNamespace } from './call-metrics.ts';
import type { MetricSeries, MetricsQuery, MetricsSource } from './metrics-source.ts';

/** Parts of a label that no provider and no model contains. */
const separator = ' | ';

/** Reads metrics from CloudWatch. The SDK's client is loaded by the first reading. */
export class CloudWatchMetrics implements MetricsSource {
  readonly #client: () => Promise<CloudWatchClient>;

  constructor(client: () => Promise<CloudWatchClient> = lazyClient()) {
    this.#client = client;
  }

  /** @throws the SDK's error when CloudWatch refuses or does not answer. */
  async read(query: MetricsQuery): Promise<MetricSeries[]> {
    const [{ GetMetricDataCommand }, client] = await Promise.all([import('@aws-sdk/client-cloudwatch'), this.#client()]);
    const series = new Map<string, { atMs: number; value: number }[]>();
    let token: string | undefined;
    do {
      const page = await client.send(
        new GetMetricDataCommand({
          StartTime: new Date(query.fromMs),
          EndTime: new Date(query.toMs),
          ScanBy: 'TimestampAscending',
          MetricDataQueries: [dataQuery(query)],
          ...(token !== undefined && { NextToken: token }),
        }),
      );
      for (const result of page.MetricDataResults ?? []) {
        const label = result.Label ?? '';
        series.set(label, [...(series.get(label) ?? []), ...pointsOf(result)]);
      }
      token = page.NextToken;
    } while (token !== undefined);
    return [...series].map(([label, points]) => {
      const [provider, model] = query.byModel ? label.split(separator) : [];
      return { provider, model, points };
    });
  }
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html */
function dataQuery({ metric, statistic, periodSeconds, byModel }: MetricsQuery): MetricDataQuery {
  if (!byModel) {
    return {
      Id: 'series',
      MetricStat: { Metric: { Namespace: metricNamespace, MetricName: metric }, Period: periodSeconds, Stat: statistic },
    };
  }
  return {
    Id: 'series',
    Expression: `SEARCH('{${metricNamespace},provider,model} MetricName="${metric}"', '${statistic}', ${periodSeconds})`,
    Label: `\${PROP('Dim.provider')}${separator}\${PROP('Dim.model')}`,
  };
}

function pointsOf({ Timestamps, Values }: MetricDataResult): { atMs: number; value: number }[] {
  return (Timestamps ?? []).flatMap((time, index) => {
    const value = Values?.[index];
    return value === undefined ? [] : [{ atMs: time.getTime(), value }];
  });
}

function lazyClient(): () => Promise<CloudWatchClient> {
  let client: Promise<CloudWatchClient> | undefined;
  return () => {
    client ??= import('@aws-sdk/client-cloudwatch').then(({ CloudWatchClient: Client }) => new Client({}));
    return client;
  };
}
