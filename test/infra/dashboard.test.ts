import { Match, type Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { gatewayMetrics, modelMetrics } from '../../shared/telemetry/call-metrics.ts';
import { sweepMetrics } from '../../shared/telemetry/sweep-line.ts';
import { resourcesOf, synthesise } from './synthesise.ts';

let template: Template;

beforeAll(() => {
  ({ template } = synthesise());
});

interface Widget {
  readonly type: string;
  readonly properties: Record<string, unknown>;
}

/** The dashboard as CloudWatch gets it, references replaced by their names. */
function widgets(): Widget[] {
  const [board] = Object.values(resourcesOf(template, 'AWS::CloudWatch::Dashboard'));
  const body = board?.Properties.DashboardBody as { 'Fn::Join': [string, unknown[]] };
  const text = body['Fn::Join'][1].map((part) => (typeof part === 'string' ? part : 'REF')).join('');
  return JSON.parse(text).widgets;
}

/** Names of our own metrics anywhere in a text. */
function metricsIn(text: string): Set<string> {
  return new Set([...text.matchAll(/(?:sluice|gen_ai)\.[a-z_.]+[a-z]/g)].map(([name]) => name));
}

const measured = new Set([...Object.keys(gatewayMetrics), ...Object.keys(modelMetrics), ...Object.keys(sweepMetrics)]);

describe('the dashboard', () => {
  it('is one screen whose address is an output', () => {
    template.resourceCountIs('AWS::CloudWatch::Dashboard', 1);
    expect(JSON.stringify(template.findOutputs('DashboardUrl'))).toContain('cloudwatch/home');
  });

  it('shows money, health, providers, keys and teams, and the machinery', () => {
    const titles = widgets().map(({ type, properties }) =>
      type === 'text' ? String(properties.markdown).split('\n')[0] : properties.title,
    );
    expect(titles).toEqual(
      expect.arrayContaining([
        '## Money',
        'Month to date, and budgets: spent and held now',
        'Cost by the hour, by model (USD)',
        'Traffic',
        'Failures by class',
        'Whole call (seconds)',
        'First token by model (seconds, p95)',
        'Tokens in',
        'Tokens out',
        'Cache',
        'Cache hits (percent)',
        'Saved by the cache, last day (USD)',
        'Waiting saved by the cache, last day (seconds)',
        'Refusals by kind',
        'Keys',
        'Teams',
        'Calls at once',
        'Breakers opened',
        'Calls that hold money',
        'Held for calls under way (USD)',
      ]),
    );
  });

  it('asks for no metric that nobody measures', () => {
    const asked = metricsIn(JSON.stringify(widgets()));
    expect(asked.size).toBeGreaterThan(15);
    expect([...asked].filter((name) => !measured.has(name))).toEqual([]);
  });

  it('has a widget that reads the ledger, and may only read', () => {
    expect(widgets().filter(({ type }) => type === 'custom')).toHaveLength(1);
    const [[, role] = []] = Object.entries(resourcesOf(template, 'AWS::IAM::Role')).filter(([id]) => id.startsWith('DashboardBudgets'));
    const actions = JSON.stringify(role?.Properties.Policies).match(/dynamodb:\w+/g);
    expect(new Set(actions)).toEqual(new Set(['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query']));
  });

  it('comes with saved questions to the log', () => {
    const queries = Object.values(resourcesOf(template, 'AWS::Logs::QueryDefinition'));
    expect(queries.length).toBeGreaterThanOrEqual(8);
    for (const { Properties } of queries) expect(Properties.QueryString).toMatch(/filter message = 'call'/);
  });
});

describe('the alarms', () => {
  const alarm = (part: object): void => template.hasResourceProperties('AWS::CloudWatch::Alarm', part);

  it('all tell one topic that takes nothing over plain HTTP', () => {
    const alarms = Object.values(resourcesOf(template, 'AWS::CloudWatch::Alarm'));
    expect(alarms).toHaveLength(8);
    for (const { Properties } of alarms) {
      expect(Properties.AlarmActions).toEqual([{ Ref: expect.stringMatching(/^AlarmsTopic/) }]);
      expect(String(Properties.AlarmDescription).length).toBeGreaterThan(40);
    }
    template.hasResourceProperties('AWS::SNS::TopicPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } })]),
      },
    });
  });

  it('watch error rate, latency, throttles, providers, the books, the sweeper and what is spent', () => {
    alarm({
      Threshold: 5,
      Metrics: Match.arrayWith([Match.objectLike({ Expression: 'IF(requests >= 20, 100 * failures / requests, 0)' })]),
    });
    alarm({ MetricName: 'sluice.duration', ExtendedStatistic: 'p99', Threshold: 120 });
    alarm({ MetricName: 'Throttles', Namespace: 'AWS/Lambda', Threshold: 0 });
    alarm({ Metrics: Match.arrayWith([Match.objectLike({ Expression: Match.stringLikeRegexp('GROUP BY provider') })]) });
    alarm({ Metrics: Match.arrayWith([Match.objectLike({ Expression: 'FILL(settlements, 0) + FILL(records, 0)' })]) });
    alarm({ MetricName: 'sluice.sweeps', ComparisonOperator: 'LessThanThreshold', TreatMissingData: 'breaching' });
    alarm({ MetricName: 'ApproximateNumberOfMessagesVisible' });
    alarm({
      ThresholdMetricId: 'expected',
      Metrics: Match.arrayWith([Match.objectLike({ Expression: 'ANOMALY_DETECTION_BAND(spend, 4)' })]),
    });
  });

  it('watch metrics that are measured, with no dimension but provider and model', () => {
    for (const { Properties } of Object.values(resourcesOf(template, 'AWS::CloudWatch::Alarm'))) {
      expect([...metricsIn(JSON.stringify({ ...Properties, AlarmDescription: '' }))].filter((name) => !measured.has(name))).toEqual([]);
    }
  });

  it('can be told by mail', () => {
    template.resourceCountIs('AWS::SNS::Subscription', 0);
    const { template: mailed } = synthesise({ alarmEmail: 'oncall@example.com' });
    mailed.hasResourceProperties('AWS::SNS::Subscription', { Protocol: 'email', Endpoint: 'oncall@example.com' });
  });
});

describe('the place for prompts and answers', () => {
  it('is not there unless it is asked for', () => {
    expect(Object.keys(resourcesOf(template, 'AWS::S3::Bucket')).filter((id) => id.startsWith('Payloads'))).toEqual([]);
    template.resourceCountIs('AWS::KMS::Key', 0);
  });

  it('is a bucket with a key and an end of its own, which the gateway only fills and the control plane only reads', () => {
    const { template: kept } = synthesise({ payloads: 'on', payloadRetentionDays: '3', uploads: 'off' });
    kept.hasResourceProperties('AWS::S3::Bucket', {
      BucketEncryption: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' } }] },
      LifecycleConfiguration: { Rules: [{ ExpirationInDays: 3, Status: 'Enabled' }] },
      PublicAccessBlockConfiguration: { BlockPublicAcls: true, RestrictPublicBuckets: true },
    });
    kept.hasResourceProperties('AWS::KMS::Key', { EnableKeyRotation: true });
    const actionsOf = (name: string): string[] => {
      const policies = Object.entries(resourcesOf(kept, 'AWS::IAM::Policy')).filter(([id]) => id.startsWith(`Functions${name}Role`));
      return JSON.stringify(policies).match(/(?:s3|kms):\w+/g) ?? [];
    };
    expect(actionsOf('Gateway').sort()).toEqual(['kms:GenerateDataKey', 's3:PutObject']);
    expect(actionsOf('Admin').sort()).toEqual(['kms:Decrypt', 's3:GetObject']);
    expect(actionsOf('Sweeper')).toEqual([]);
  });

  it('is a log group with a key and an end of its own where that is asked for, apart from the log of the functions', () => {
    const { template: kept } = synthesise({ payloads: 'cloudwatch', payloadRetentionDays: '3', uploads: 'off' });
    kept.resourceCountIs('AWS::S3::Bucket', 0);
    const [keyId = ''] = Object.keys(resourcesOf(kept, 'AWS::KMS::Key'));
    kept.hasResource('AWS::Logs::LogGroup', {
      Properties: { RetentionInDays: 3, KmsKeyId: { 'Fn::GetAtt': [keyId, 'Arn'] } },
      DeletionPolicy: 'Retain',
    });
    expect(JSON.stringify(resourcesOf(kept, 'AWS::KMS::Key'))).toContain('kms:EncryptionContext:aws:logs:arn');
    const [group] = Object.entries(resourcesOf(kept, 'AWS::Logs::LogGroup')).find(([, { Properties }]) => Properties.KmsKeyId) ?? [''];
    const actionsOf = (name: string): string[] => {
      const policies = Object.entries(resourcesOf(kept, 'AWS::IAM::Policy')).filter(([id]) => id.startsWith(`Functions${name}Role`));
      const statements = policies.flatMap(
        ([, { Properties }]) => (Properties.PolicyDocument as { Statement: { Action: string | string[]; Resource: unknown }[] }).Statement,
      );
      return statements.filter(({ Resource }) => JSON.stringify(Resource).includes(group)).flatMap(({ Action }) => Action);
    };
    expect(actionsOf('Gateway').sort()).toEqual(['logs:CreateLogStream', 'logs:PutLogEvents']);
    expect(actionsOf('Admin')).toEqual(['logs:FilterLogEvents']);
    expect(() => synthesise({ payloads: 'cloudwatch', payloadRetentionDays: '4' })).toThrow('payloadRetentionDays=4');
  });
});
