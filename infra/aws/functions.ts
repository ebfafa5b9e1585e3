import { Aws, Duration } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { Bundle } from './bundle.ts';
import { LoggedFunction } from './logged-function.ts';
import type { Secrets } from './secrets.ts';
import type { DeploymentSettings } from './settings.ts';
import { type Tables, tableIds } from './tables.ts';

/** The functions, by the names of their folders in `functions/`. */
export type FunctionId = 'gateway' | 'admin' | 'sweeper';

/** The code packages, one per function. */
export type FunctionCode = Readonly<Record<FunctionId, Pick<Bundle, 'directory' | 'handler'>>>;

/** The file name of the configuration inside every code package. */
export const packagedConfig = 'gateway.json';

interface FunctionsProps {
  readonly code: FunctionCode;
  readonly settings: DeploymentSettings;
  readonly tables: Tables;
  readonly secrets: Secrets;
}

/** The three functions and exactly what each of them may touch. */
export class Functions extends Construct {
  readonly gateway: LoggedFunction;
  readonly admin: LoggedFunction;
  readonly sweeper: LoggedFunction;

  constructor(scope: Construct, id: string, props: FunctionsProps) {
    super(scope, id);
    this.gateway = gatewayFunction(this, props);
    this.admin = adminFunction(this, props);
    this.sweeper = sweeperFunction(this, props);
  }
}

function gatewayFunction(scope: Construct, { code, settings, tables, secrets }: FunctionsProps): LoggedFunction {
  return new LoggedFunction(scope, 'Gateway', {
    description: 'Sluice data plane: one call to a model per invocation, streamed.',
    code: code.gateway,
    timeout: Duration.minutes(15),
    memorySize: settings.memory,
    logRetention: settings.logRetentionDays,
    environment: {
      ...tables.environment(tableIds),
      SLUICE_PROVIDER_SECRET_ID: secrets.provider.secretArn,
      SLUICE_CONFIG: packagedConfig,
      SLUICE_RECORD_DAYS: String(settings.recordDays),
    },
    permissions: {
      // What keys and limits say is written by the control plane alone: nobody makes a key through the data plane.
      Tables: [
        tables.allow('control', 'read'),
        tables.allow('ledger', 'read', 'write'),
        tables.allow('cache', 'read', 'write'),
        tables.allow('records', 'read', 'write'),
      ],
      ProviderKeys: [readSecret(secrets.provider.secretArn)],
      ...(settings.otlpMetrics && {
        Metrics: [new PolicyStatement({ actions: ['cloudwatch:PutMetricData'], resources: ['*'] })],
      }),
      Bedrock: [
        new PolicyStatement({
          actions: ['bedrock:InvokeModel', 'bedrock:InvokeModelWithResponseStream'],
          resources: bedrockModels.map((model) => `arn:${Aws.PARTITION}:bedrock:${model}`),
        }),
      ],
    },
    wildcards: {
      ...Object.fromEntries(
        bedrockModels.map((model) => [
          `Resource::arn:<AWS::Partition>:bedrock:${model.replace(Aws.REGION, '<AWS::Region>').replace(Aws.ACCOUNT_ID, '<AWS::AccountId>')}`,
          'gateway.yaml and the models enabled in the account decide which models are served, and both change without a deployment.',
        ]),
      ),
      ...(settings.otlpMetrics && { 'Resource::*': 'PutMetricData writes numbers and takes no resource.' }),
    },
  });
}

function adminFunction(scope: Construct, { code, settings, tables, secrets }: FunctionsProps): LoggedFunction {
  return new LoggedFunction(scope, 'Admin', {
    description: 'Sluice control plane: keys, teams, limits, usage, configuration, console.',
    code: code.admin,
    timeout: Duration.seconds(30),
    memorySize: 512,
    logRetention: settings.logRetentionDays,
    environment: {
      ...tables.environment(tableIds),
      SLUICE_ADMIN_SECRET_ID: secrets.adminKey.secretArn,
      SLUICE_CONFIG: packagedConfig,
      SLUICE_RECORD_DAYS: String(settings.recordDays),
      ...(settings.otlpMetrics && { SLUICE_OTLP_METRICS: 'on' }),
    },
    permissions: {
      Tables: tableIds.map((table) => tables.allow(table, 'read', 'write')),
      AdminKey: [readSecret(secrets.adminKey.secretArn)],
      Metrics: [
        new PolicyStatement({ actions: ['cloudwatch:GetMetricData'], resources: ['*'] }),
        new PolicyStatement({
          actions: ['cloudwatch:PutDashboard'],
          resources: [`arn:${Aws.PARTITION}:cloudwatch::${Aws.ACCOUNT_ID}:dashboard/${dashboardPrefix}*`],
        }),
      ],
    },
    wildcards: {
      'Resource::*': 'GetMetricData reads numbers and takes no resource.',
      [`Resource::arn:<AWS::Partition>:cloudwatch::<AWS::AccountId>:dashboard/${dashboardPrefix}*`]:
        'A team gets its dashboard when it is made; the prefix keeps every other dashboard out of reach.',
    },
  });
}

function sweeperFunction(scope: Construct, { code, settings, tables }: FunctionsProps): LoggedFunction {
  return new LoggedFunction(scope, 'Sweeper', {
    description: 'Sluice sweeper: settles the holds of calls that ended without a word.',
    code: code.sweeper,
    timeout: Duration.seconds(60),
    memorySize: 256,
    logRetention: settings.logRetentionDays,
    environment: {
      ...tables.environment(['control', 'ledger', 'records']),
      SLUICE_CONFIG: packagedConfig,
      SLUICE_RECORD_DAYS: String(settings.recordDays),
    },
    permissions: {
      // Expired holds lie in any item of the ledger, so it is gone through whole.
      Tables: [
        // The record of a call that died says whose key it was.
        tables.allow('control', 'read'),
        tables.allow('ledger', 'read', 'write', 'scan'),
        tables.allow('records', 'read', 'write'),
      ],
    },
  });
}

/** Dashboards made at run time bear this prefix. */
const dashboardPrefix = 'sluice-';

/**
 * What a call to Bedrock may name. A cross-region inference profile calls foundation models of other regions, a
 * global one those of no region; a provider may name several regions: https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-prereq.html
 */
const bedrockModels = [
  '*::foundation-model/*',
  `*:${Aws.ACCOUNT_ID}:inference-profile/*`,
  `*:${Aws.ACCOUNT_ID}:application-inference-profile/*`,
];

function readSecret(arn: string): PolicyStatement {
  return new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [arn] });
}
