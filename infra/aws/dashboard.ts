import { CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import {
  Dashboard as CloudWatchDashboard,
  CustomWidget,
  GraphWidget,
  type IMetric,
  type IWidget,
  LogQueryVisualizationType,
  LogQueryWidget,
  MathExpression,
  PeriodOverride,
  SingleValueWidget,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { type GatewayMetric, type ModelMetric, metricNamespace } from '../../shared/telemetry/call-metrics.ts';
import { gatewayMetric } from './alarms.ts';
import { saveQueries } from './dashboard-queries.ts';
import { BudgetWidget } from './dashboard-widget.ts';
import type { FunctionCode, Functions } from './functions.ts';
import type { DeploymentSettings } from './settings.ts';
import type { Tables } from './tables.ts';

interface DashboardProps {
  readonly code: FunctionCode;
  readonly settings: DeploymentSettings;
  readonly tables: Tables;
  readonly functions: Functions;
}

const fiveMinutes = Duration.minutes(5);
const hour = Duration.hours(1);
const day = Duration.days(1);

/** One screen for the engineer on call and for the person who pays: money above, health below, details last. */
export class Dashboard extends Construct {
  constructor(scope: Construct, id: string, props: DashboardProps) {
    super(scope, id);
    const { functions, settings } = props;
    const widget = new BudgetWidget(this, 'Budgets', props);
    const dashboard = new CloudWatchDashboard(this, 'Board', {
      defaultInterval: Duration.hours(24),
      periodOverride: PeriodOverride.INHERIT,
      widgets: [
        ...moneyRows(widget),
        ...trafficRows(),
        ...modelRows(),
        ...logRows(functions.gateway.logGroup.logGroupName),
        ...machineryRows(functions),
      ],
    });
    functions.admin.function.addEnvironment('SLUICE_GATEWAY_LOG_GROUP', functions.gateway.logGroup.logGroupName);
    saveQueries(this, settings.stackName, functions.gateway.logGroup);
    const { region } = Stack.of(this);
    new CfnOutput(this, 'DashboardUrl', {
      value: `https://${region}.console.aws.amazon.com/cloudwatch/home?region=${region}#dashboards:name=${dashboard.dashboardName}`,
      description: 'Traffic, latency, cost, budgets and health on one screen.',
    }).overrideLogicalId('DashboardUrl');
  }
}

/** What a person who pays looks at. */
function moneyRows(widget: BudgetWidget): IWidget[][] {
  return [
    [heading('Money', 'What is spent, by whom, against which budgets. The ledger is exact to the nano-dollar; graphs are for the eye.')],
    [
      single('Spent, last day (USD)', [overall('sluice.spend', 'Sum', day, 'spent')], 8),
      single('Calls, last day', [overall('sluice.requests', 'Sum', day, 'calls')], 8),
      single('Refused for their budget, last day', [overall('sluice.refusals.budget', 'Sum', day, 'refused')], 8),
    ],
    [
      single('Saved by the cache, last day (USD)', [overall('sluice.cache.saved', 'Sum', day, 'saved')], 8),
      single('Waiting saved by the cache, last day (seconds)', [overall('sluice.cache.saved_time', 'Sum', day, 'saved')], 8),
      single('Cache hits, last day (percent)', [cacheHitRate(day)], 8),
    ],
    [
      new CustomWidget({
        title: 'Month to date, and budgets: spent and held now',
        functionArn: widget.logged.function.functionArn,
        width: 12,
        height: 9,
      }),
      graph('Cost by the hour, by model (USD)', [byModel('sluice.cost', 'Sum', hour)], { stacked: true, height: 9 }),
    ],
  ];
}

/** What an engineer on call looks at first. */
function trafficRows(): IWidget[][] {
  const requests = overall('sluice.requests', 'Sum', fiveMinutes, 'all calls');
  const failures = overall('sluice.failures', 'Sum', fiveMinutes, 'failed');
  const rate = new MathExpression({
    label: 'failed, percent',
    expression: '100 * failures / requests',
    usingMetrics: { failures, requests },
    period: fiveMinutes,
  });
  return [
    [
      heading(
        'Health',
        'Failed: after a provider was asked, or by the gateway itself. Refused: by a key, a limit or a budget, as intended.',
      ),
    ],
    [
      graph('Traffic', [requests, failures, ...series({ 'sluice.refusals': 'refused', 'sluice.client_gone': 'caller left' })], {
        width: 8,
      }),
      graph('Failed calls (percent)', [rate], { width: 8 }),
      graph(
        'Failures by class',
        series({
          'sluice.failures.provider': 'provider',
          'sluice.failures.gateway': 'gateway',
          'sluice.failures.caller': 'caller',
          'sluice.crashes': 'crashed',
        }),
        { width: 8, stacked: true },
      ),
    ],
    [
      graph('Whole call (seconds)', percentiles('sluice.duration'), { width: 8 }),
      graph('First token by model (seconds, p95)', [byModel('gen_ai.server.time_to_first_token', 'p95', fiveMinutes)], { width: 8 }),
      graph("The gateway's own time (milliseconds)", percentiles('sluice.overhead'), { width: 8 }),
    ],
    [
      graph(
        'Refusals by kind',
        series({
          'sluice.refusals.rate': 'rate',
          'sluice.refusals.budget': 'budget',
          'sluice.refusals.key': 'key',
          'sluice.refusals.request': 'malformed or unknown',
        }),
        { width: 8, stacked: true },
      ),
      graph('Fallbacks and retries', series({ 'sluice.fallbacks': 'answered by another target', 'sluice.retries': 'retries' }), {
        width: 8,
      }),
      graph("Tokens from the providers' own caches", series({ 'gen_ai.usage.cache_read.input_tokens': 'tokens' }), { width: 8 }),
    ],
    [
      graph('Cache', series({ 'sluice.cache.hits': 'hits', 'sluice.cache.misses': 'misses' }), { width: 8, stacked: true }),
      graph('Cache hits (percent)', [cacheHitRate(fiveMinutes)], { width: 8 }),
      graph('Waiting saved by the cache (seconds)', series({ 'sluice.cache.saved_time': 'saved' }), { width: 8 }),
    ],
  ];
}

function modelRows(): IWidget[][] {
  return [
    [heading('Providers side by side', 'One line per provider and model.')],
    [
      graph('Calls', [byModel('sluice.calls', 'Sum', fiveMinutes)], { width: 8 }),
      graph('Errors', [byModel('sluice.errors', 'Sum', fiveMinutes)], { width: 8 }),
      graph('Whole call (seconds, p95)', [byModel('gen_ai.server.request.duration', 'p95', fiveMinutes)], { width: 8 }),
    ],
    [
      graph('Tokens in', [byModel('gen_ai.usage.input_tokens', 'Sum', fiveMinutes)], { stacked: true }),
      graph('Tokens out', [byModel('gen_ai.usage.output_tokens', 'Sum', fiveMinutes)], { stacked: true }),
    ],
    [graph('Breakers opened', [byModel('sluice.breaker.openings', 'Sum', fiveMinutes)], { width: 24 })],
  ];
}

/** Keys and teams are not metrics: a thousand keys would cost thousands of dollars a month. The log has them. */
function logRows(logGroupName: string): IWidget[][] {
  const table = (title: string, by: string): IWidget =>
    new LogQueryWidget({
      title,
      logGroupNames: [logGroupName],
      view: LogQueryVisualizationType.TABLE,
      queryLines: [
        "filter message = 'call'",
        `stats count(*) as calls, sum(usage.inputTokens) as input, sum(usage.outputTokens) as output, sum(cost_nano_usd) / 1000000000 as usd by ${by}`,
        'sort usd desc',
        'limit 20',
      ],
      width: 12,
      height: 8,
    });
  return [[heading('Who', 'From the log, for the time range above.')], [table('Keys', 'key'), table('Teams', 'team')]];
}

function machineryRows({ gateway, sweeper }: Functions): IWidget[][] {
  const lambda = gateway.function;
  return [
    [heading('Machinery', 'Throttles and failures here should be flat at zero; sweeps come once a minute.')],
    [
      graph(
        'Gateway function',
        [
          lambda.metricInvocations({ period: fiveMinutes }),
          lambda.metricErrors({ period: fiveMinutes }),
          lambda.metricThrottles({ period: fiveMinutes }),
        ],
        { width: 8 },
      ),
      graph('Calls at once', [lambda.metric('ConcurrentExecutions', { statistic: 'Maximum', period: fiveMinutes })], { width: 8 }),
      graph(
        'Accounting',
        [
          ...series({ 'sluice.settle.failures': 'settlements failed', 'sluice.record.failures': 'records failed' }),
          gatewayMetric('sluice.sweeps', 'Sum', fiveMinutes).with({ label: 'sweeps' }),
          sweeper.function.metricErrors({ period: fiveMinutes, label: 'sweeps failed' }),
        ],
        { width: 8 },
      ),
    ],
    [
      graph('Calls that hold money', [gatewayMetric('sluice.holds.calls', 'Maximum', fiveMinutes).with({ label: 'calls' })]),
      graph('Held for calls under way (USD)', [gatewayMetric('sluice.holds.amount', 'Maximum', fiveMinutes).with({ label: 'held' })]),
    ],
  ];
}

function overall(name: GatewayMetric, statistic: string, period: Duration, label: string) {
  return gatewayMetric(name, statistic, period).with({ label });
}

/** The share of calls that needed no provider, of those that the cache had a part in. */
function cacheHitRate(period: Duration): IMetric {
  return new MathExpression({
    label: 'hits, percent',
    expression: '100 * FILL(hits, 0) / (FILL(hits, 0) + FILL(misses, 0))',
    usingMetrics: {
      hits: overall('sluice.cache.hits', 'Sum', period, 'hits'),
      misses: overall('sluice.cache.misses', 'Sum', period, 'misses'),
    },
    period,
  });
}

/** Sums of several metrics of all calls, each under a name for people. */
function series(names: Partial<Record<GatewayMetric, string>>): IMetric[] {
  const metrics: IMetric[] = [];
  let name: GatewayMetric;
  for (name in names) metrics.push(overall(name, 'Sum', fiveMinutes, names[name] ?? name));
  return metrics;
}

function percentiles(name: GatewayMetric): IMetric[] {
  return ['p50', 'p95', 'p99'].map((statistic) => overall(name, statistic, fiveMinutes, statistic));
}

/** One line per provider and model, whichever there are. */
function byModel(name: ModelMetric, statistic: string, period: Duration): IMetric {
  return new MathExpression({
    label: '',
    expression: `SEARCH('{${metricNamespace},provider,model} MetricName="${name}"', '${statistic}', ${period.toSeconds()})`,
    usingMetrics: {},
    period,
  });
}

function graph(
  title: string,
  left: IMetric[],
  { width = 12, height = 6, stacked = false }: { readonly width?: number; readonly height?: number; readonly stacked?: boolean } = {},
): IWidget {
  return new GraphWidget({ title, left, width, height, stacked, leftYAxis: { min: 0, showUnits: false } });
}

function single(title: string, metrics: IMetric[], width: number): IWidget {
  return new SingleValueWidget({ title, metrics, width, height: 3 });
}

function heading(title: string, text: string): IWidget {
  return new TextWidget({ markdown: `## ${title}\n${text}`, width: 24, height: 2 });
}
