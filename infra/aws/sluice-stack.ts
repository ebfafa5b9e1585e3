import { CfnOutput, Stack, type StackProps, Validations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { Alarms } from './alarms.ts';
import { Api } from './api.ts';
import { Dashboard } from './dashboard.ts';
import { Firewall } from './firewall.ts';
import { type FunctionCode, Functions } from './functions.ts';
import { Payloads } from './payloads.ts';
import { SweepSchedule } from './schedule.ts';
import { Secrets } from './secrets.ts';
import { SemanticCache } from './semantic-cache.ts';
import type { DeploymentSettings } from './settings.ts';
import { Tables } from './tables.ts';
import { Uploads } from './uploads.ts';
import { UsageExports } from './usage-exports.ts';

export interface SluiceStackProps extends StackProps {
  readonly code: FunctionCode;
  readonly settings: DeploymentSettings;
}

/** The whole gateway in one stack, bound to no account and no region. */
export class SluiceStack extends Stack {
  constructor(scope: Construct, id: string, { code, settings, ...props }: SluiceStackProps) {
    super(scope, id, { description: 'Sluice, an AI gateway for your own AWS account.', ...props });

    const tables = new Tables(this, 'Tables');
    const secrets = new Secrets(this, 'Secrets');
    const functions = new Functions(this, 'Functions', { code, settings, tables, secrets });
    const api = new Api(this, 'Api', { gateway: functions.gateway.function, admin: functions.admin.function, settings });
    if (settings.waf) {
      new Firewall(this, 'Firewall', {
        stageArn: api.restApi.deploymentStage.stageArn,
        requestsPerMinutePerAddress: settings.wafRequestsPerMinute,
      });
    } else {
      Validations.of(api.restApi).acknowledge({
        id: 'AwsSolutions-APIG3',
        reason: 'The operator runs without the firewall; the limits of the stage still hold back a flood.',
      });
    }
    const sweeping = new SweepSchedule(this, 'Sweeping', { sweeper: functions.sweeper.function });
    const { payloads: place, payloadRetentionDays: retentionDays } = settings;
    if (place !== 'off') new Payloads(this, 'Payloads', { functions, place, retentionDays });
    if (settings.uploads) new Uploads(this, 'Uploads', { functions, maxMegabytes: settings.uploadMaxMb });
    if (settings.usageExport !== 'off') {
      const { bucket } = new UsageExports(this, 'UsageExports', { sweeper: functions.sweeper.function, format: settings.usageExport });
      new CfnOutput(this, 'UsageExportBucket', {
        value: bucket.bucketName,
        description: 'Where the usage of each month lies once it is over.',
      });
    }
    if (settings.semanticCache) new SemanticCache(this, 'SemanticCache', { functions, dimensions: settings.semanticCacheDimensions });
    const alarms = new Alarms(this, 'Alarms', { functions, sweeping, secrets, email: settings.alarmEmail });
    new Dashboard(this, 'Dashboard', { code, settings, tables, functions });

    new CfnOutput(this, 'ApiUrl', { value: api.restApi.url, description: 'Where the gateway answers; clients take this plus v1.' });
    new CfnOutput(this, 'AlarmTopic', {
      value: alarms.topic.topicArn,
      description: 'Where alarms and budget alerts are told; subscribe to it.',
    });
    new CfnOutput(this, 'AdminKeySecret', {
      value: `aws secretsmanager get-secret-value --region ${this.region} --secret-id ${secrets.adminKey.secretArn} --query SecretString --output text`,
      description: 'The command that prints the admin key.',
    });
    new CfnOutput(this, 'ProviderSecret', {
      value: secrets.provider.secretArn,
      description: 'The secret that holds the keys of providers as one JSON object; fill it with aws secretsmanager put-secret-value.',
    });
  }
}
