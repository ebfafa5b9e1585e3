import { Annotations, Match, type Template } from 'aws-cdk-lib/assertions';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import { beforeAll, describe, expect, it } from 'vitest';
import { resourcesOf, synthesise } from './synthesise.ts';

interface Statement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: unknown;
}

/** Everything a function may do: the statements of its role and of the policies attached to it. */
function statementsOf(template: Template, functionName: string): Statement[] {
  const roles = Object.entries(resourcesOf(template, 'AWS::IAM::Role')).filter(([id]) => id.startsWith(`Functions${functionName}Role`));
  const policies = Object.entries(resourcesOf(template, 'AWS::IAM::Policy')).filter(([id]) =>
    id.startsWith(`Functions${functionName}Role`),
  );
  const documents = [
    ...roles.flatMap(([, role]) =>
      (role.Properties.Policies as { PolicyDocument: { Statement: Statement[] } }[]).map((p) => p.PolicyDocument),
    ),
    ...policies.map(([, policy]) => policy.Properties.PolicyDocument as { Statement: Statement[] }),
  ];
  return documents.flatMap((document) => document.Statement);
}

const listed = <T>(value: T | T[]): T[] => (Array.isArray(value) ? value : [value]);

/** Resource → the actions allowed on it, with every reference as its logical id. */
function permissionsOf(template: Template, functionName: string): Record<string, string[]> {
  const flat = (node: unknown): string => {
    if (typeof node === 'string') return node;
    const {
      Ref,
      'Fn::GetAtt': attribute,
      'Fn::Join': join,
    } = node as { Ref?: string; 'Fn::GetAtt'?: string[]; 'Fn::Join'?: [string, unknown[]] };
    if (join) return join[1].map(flat).join(join[0]);
    return (Ref ?? attribute?.[0] ?? '').replace(/[0-9A-F]{8}$/, '');
  };
  const permissions: Record<string, string[]> = {};
  for (const statement of statementsOf(template, functionName)) {
    for (const resource of listed(statement.Resource).map(flat)) {
      permissions[resource] = [...(permissions[resource] ?? []), ...listed(statement.Action)].sort();
    }
  }
  return permissions;
}

const reads = ['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:Query'];
const writes = ['dynamodb:BatchWriteItem', 'dynamodb:DeleteItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'];
const items = [...reads, ...writes].sort();
const traces = ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'];
const ownLog = ['logs:CreateLogStream', 'logs:PutLogEvents'];
const invokeModel = ['bedrock:InvokeModel', 'bedrock:InvokeModelWithResponseStream'];

let template: Template;

beforeAll(() => {
  ({ template } = synthesise());
});

describe('what a function may do', () => {
  it('is, for the gateway: its tables, of which keys and limits only to read, the provider keys, models of Bedrock, uploads to sign and to read, its own log and traces', () => {
    expect(permissionsOf(template, 'Gateway')).toEqual({
      TablesControl: reads,
      TablesLedger: items,
      TablesCache: items,
      TablesRecords: items,
      'TablesRecords/index/byList': items,
      SecretsProvider: ['secretsmanager:GetSecretValue'],
      'arn:AWS::Partition:bedrock:*::foundation-model/*': invokeModel,
      // Neither to list nor to delete.
      'UploadsBucket/uploads/*': ['s3:GetObject', 's3:PutObject'],
      'arn:AWS::Partition:bedrock:*:AWS::AccountId:inference-profile/*': invokeModel,
      'arn:AWS::Partition:bedrock:*:AWS::AccountId:application-inference-profile/*': invokeModel,
      FunctionsGatewayLogs: ownLog,
      '*': traces,
    });
  });

  it('is, where metrics go out by OTLP, to send them as well', () => {
    const { template: exporting } = synthesise({ otlpMetrics: 'on' });
    expect(permissionsOf(exporting, 'Gateway')['*']).toEqual(['cloudwatch:PutMetricData', ...traces]);
  });

  it('is, for the control plane: the tables, the admin key, metrics and its dashboards', () => {
    expect(permissionsOf(template, 'Admin')).toEqual({
      TablesControl: items,
      TablesLedger: items,
      TablesCache: items,
      TablesRecords: items,
      'TablesRecords/index/byList': items,
      SecretsAdminKey: ['secretsmanager:GetSecretValue'],
      'arn:AWS::Partition:cloudwatch::AWS::AccountId:dashboard/sluice-*': ['cloudwatch:PutDashboard'],
      FunctionsAdminLogs: ownLog,
      '*': ['cloudwatch:GetMetricData', ...traces],
    });
  });

  it('is, for the sweeper: the ledger, the records, keys to read, the queue of its failures, and telling of budgets', () => {
    expect(permissionsOf(template, 'Sweeper')).toEqual({
      TablesControl: reads,
      TablesLedger: [...items, 'dynamodb:Scan'].sort(),
      TablesRecords: items,
      'TablesRecords/index/byList': items,
      AlarmsTopic: ['sns:Publish'],
      SecretsProvider: ['secretsmanager:GetSecretValue'],
      SweepingFailures: ['sqs:GetQueueAttributes', 'sqs:GetQueueUrl', 'sqs:SendMessage'],
      FunctionsSweeperLogs: ownLog,
      '*': traces,
    });
  });

  it('is, where months are exported, for the sweeper to add to the bucket, and for nobody else', () => {
    const { template: exporting } = synthesise({ usageExport: 'csv' });
    expect(permissionsOf(exporting, 'Sweeper')['UsageExportsBucket/usage/*']).toEqual(['s3:PutObject']);
    expect(JSON.stringify([permissionsOf(exporting, 'Gateway'), permissionsOf(exporting, 'Admin')])).not.toContain('UsageExports');
    exporting.hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: Match.objectLike({ SLUICE_USAGE_EXPORT_FORMAT: 'csv' }) },
    });
    expect(() => synthesise({ usageExport: 'xlsx' })).toThrow('usageExport');
  });

  it.each(['Gateway', 'Admin', 'Sweeper'])('never holds a wildcard action (%s)', (name) => {
    const actions = statementsOf(template, name).flatMap((statement) => listed(statement.Action));
    expect(actions.length).toBeGreaterThan(0);
    expect(actions.filter((action) => action.includes('*'))).toEqual([]);
  });
});

describe('the checks of AWS Solutions', () => {
  it.each([
    {},
    { waf: 'off' },
    { apiGatewayLogRole: 'off' },
    { payloads: 's3' },
    { payloads: 'cloudwatch' },
    { usageExport: 'parquet' },
    { uploads: 'off' },
    { semanticCache: 'on' },
    { otlpMetrics: 'on' },
  ])('find nothing that is not explained (%o)', (settings) => {
    const { app, stack } = synthesise(settings);
    expect(new AwsSolutionsChecks(app).validateScope(app).violations).toEqual([]);
    expect(Annotations.fromStack(stack).findWarning('*', Match.anyValue())).toEqual([]);
    expect(Annotations.fromStack(stack).findError('*', Match.anyValue())).toEqual([]);
  });

  it('do find what is wrong', () => {
    const { app, stack } = synthesise();
    new Bucket(stack, 'Open');
    const { success, violations } = new AwsSolutionsChecks(app).validateScope(app);
    expect(success).toBe(false);
    expect(violations.map((violation) => violation.ruleName)).toContain('AwsSolutions-S10');
  });
});
