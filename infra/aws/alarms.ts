import { Duration } from 'aws-cdk-lib';
import { Alarm, type AlarmProps, CfnAlarm, ComparisonOperator, MathExpression, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { type GatewayMetric, metricNamespace } from '../../shared/telemetry/call-metrics.ts';
import type { SweepMetric } from '../../shared/telemetry/sweep-line.ts';
import type { Functions } from './functions.ts';
import type { SweepSchedule } from './schedule.ts';
import type { Secrets } from './secrets.ts';

interface AlarmsProps {
  readonly functions: Functions;
  readonly sweeping: SweepSchedule;
  readonly secrets: Secrets;
  /** Is told of every alarm; must confirm by a click. */
  readonly email: string | undefined;
}

const fiveMinutes = Duration.minutes(5);

/** A metric of all calls together. */
export function gatewayMetric(metricName: GatewayMetric | SweepMetric, statistic: string, period: Duration): Metric {
  return new Metric({ namespace: metricNamespace, metricName, statistic, period });
}

/**
 * What somebody should be woken for, on one topic; budgets that pass a threshold are told there too, by the sweeper. Few
 * enough to stay within what CloudWatch gives every account for nothing.
 */
export class Alarms extends Construct {
  readonly topic: Topic;
  readonly alarms: Alarm[] = [];

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    this.topic = new Topic(this, 'Topic', { displayName: 'Sluice', enforceSSL: true });
    if (props.email !== undefined) this.topic.addSubscription(new EmailSubscription(props.email));
    this.#letSweeperTell(props);
    this.#forCalls();
    this.#forMachinery(props);
    this.#forSpending();
  }

  #letSweeperTell({ functions, secrets }: AlarmsProps): void {
    const { function: sweeper } = functions.sweeper;
    sweeper.addEnvironment('SLUICE_ALERT_TOPIC_ARN', this.topic.topicArn);
    // The secret of the alert webhook stands beside the provider keys.
    sweeper.addEnvironment('SLUICE_PROVIDER_SECRET_ID', secrets.provider.secretArn);
    this.topic.grantPublish(sweeper);
    sweeper.addToRolePolicy(new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [secrets.provider.secretArn] }));
  }

  #forCalls(): void {
    const sum = (name: GatewayMetric): Metric => gatewayMetric(name, 'Sum', fiveMinutes);
    const requests = sum('sluice.requests');
    this.#alarm('ErrorRate', {
      alarmDescription: 'More than one call in twenty fails. See "Failures by class" on the dashboard: provider, gateway or caller.',
      metric: new MathExpression({
        label: 'failed calls in percent',
        expression: 'IF(requests >= 20, 100 * failures / requests, 0)',
        usingMetrics: { failures: sum('sluice.failures'), requests },
        period: fiveMinutes,
      }),
      threshold: 5,
      evaluationPeriods: 2,
    });
    this.#alarm('ProviderDown', {
      alarmDescription: 'A provider fails again and again. "Providers side by side" shows which; move its routes or wait for its breaker.',
      metric: providerErrors(),
      threshold: 20,
      evaluationPeriods: 2,
    });
    this.#alarm('Latency', {
      alarmDescription: 'One call in a hundred takes over two minutes from its start to its last byte.',
      metric: gatewayMetric('sluice.duration', 'p99', fiveMinutes),
      threshold: 120,
      evaluationPeriods: 3,
    });
    this.#alarm('BooksNotKept', {
      alarmDescription:
        'The store did not take settlements or records. What is held is settled in full once it expires; "sluice audit" says where.',
      metric: new MathExpression({
        label: 'failed settlements and records',
        expression: 'FILL(settlements, 0) + FILL(records, 0)',
        usingMetrics: { settlements: sum('sluice.settle.failures'), records: sum('sluice.record.failures') },
        period: fiveMinutes,
      }),
      threshold: 0,
      evaluationPeriods: 1,
    });
  }

  #forMachinery({ functions, sweeping }: AlarmsProps): void {
    const { function: gateway } = functions.gateway;
    this.#alarm('Throttles', {
      alarmDescription: 'Lambda turns calls away: the concurrency of the account or of the function is used up. Ask AWS for more.',
      metric: gateway.metricThrottles({ period: fiveMinutes, statistic: 'Sum' }),
      threshold: 0,
      evaluationPeriods: 1,
    });
    this.#alarm('SweeperNotRun', {
      alarmDescription: 'Nobody has settled the holds of dead calls for five minutes: budgets are held by calls that are gone.',
      metric: gatewayMetric('sluice.sweeps', 'Sum', fiveMinutes),
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      threshold: 1,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.BREACHING,
    });
    this.#alarm('SweeperFailed', {
      alarmDescription: 'The sweeper has failed, which left a message in its queue. Its log says why; empty the queue when it is mended.',
      metric: sweeping.failures.metricApproximateNumberOfMessagesVisible({ period: fiveMinutes }),
      threshold: 0,
      evaluationPeriods: 1,
    });
  }

  /** Spending above what the trailing weeks let expect for this hour; CloudWatch learns from up to two weeks. */
  #forSpending(): void {
    new CfnAlarm(this, 'SpendAnomaly', {
      alarmDescription: 'More is spent this hour than the trailing weeks let expect. "sluice usage --since 24h --by key" shows by whom.',
      comparisonOperator: 'GreaterThanUpperThreshold',
      evaluationPeriods: 1,
      treatMissingData: 'notBreaching',
      thresholdMetricId: 'expected',
      alarmActions: [this.topic.topicArn],
      metrics: [
        {
          id: 'spend',
          returnData: true,
          metricStat: {
            metric: { namespace: metricNamespace, metricName: 'sluice.spend' satisfies GatewayMetric },
            period: 3_600,
            stat: 'Sum',
          },
        },
        { id: 'expected', expression: 'ANOMALY_DETECTION_BAND(spend, 4)', label: 'expected' },
      ],
    });
  }

  #alarm(id: string, props: AlarmProps): void {
    const alarm = new Alarm(this, id, {
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
      ...props,
    });
    alarm.addAlarmAction(new SnsAction(this.topic));
    alarm.addOkAction(new SnsAction(this.topic));
    this.alarms.push(alarm);
  }
}

/** The errors of the worst provider: a Metrics Insights query, because which providers there are changes without a deployment. */
function providerErrors(): MathExpression {
  return new MathExpression({
    label: 'errors of the worst provider',
    expression: `SELECT SUM("sluice.errors") FROM SCHEMA("${metricNamespace}", model, provider) GROUP BY provider ORDER BY SUM() DESC LIMIT 1`,
    usingMetrics: {},
    period: fiveMinutes,
  });
}
