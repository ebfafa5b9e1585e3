import { Aws, Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { allowObjects } from './bucket-access.ts';
import type { Functions } from './functions.ts';
import type { PayloadPlace } from './settings.ts';

interface PayloadsProps {
  readonly functions: Functions;
  readonly place: PayloadPlace;
  readonly retentionDays: number;
}

/**
 * A place for prompts and answers, for the keys and routes that say so: a bucket or a log group with a key and an end of
 * its own. The gateway may only add to it, and the control plane only read.
 */
export class Payloads extends Construct {
  constructor(scope: Construct, id: string, { functions, place, retentionDays }: PayloadsProps) {
    super(scope, id);
    const key = new Key(this, 'Key', { description: 'Sluice: prompts and answers that are kept.', enableKeyRotation: true });
    const [gateway, admin] = [functions.gateway.function, functions.admin.function];
    if (place === 's3') keepInBucket(this, { key, retentionDays, gateway, admin });
    else keepInLogGroup(this, { key, retentionDays, gateway, admin });
  }
}

interface Keeping {
  readonly key: Key;
  readonly retentionDays: number;
  readonly gateway: LambdaFunction;
  readonly admin: LambdaFunction;
}

function keepInBucket(scope: Construct, { key, retentionDays, gateway, admin }: Keeping): void {
  const bucket = new Bucket(scope, 'Bucket', {
    encryption: BucketEncryption.KMS,
    encryptionKey: key,
    bucketKeyEnabled: true,
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    enforceSSL: true,
    lifecycleRules: [{ expiration: Duration.days(retentionDays) }],
    removalPolicy: RemovalPolicy.RETAIN,
  });
  Validations.of(bucket).acknowledge({
    id: 'AwsSolutions-S1',
    reason: 'Two functions alone may touch it, and the log of the one that reads says who asked for what.',
  });
  for (const [lambda, action, keyAction] of [
    [gateway, 's3:PutObject', 'kms:GenerateDataKey'],
    [admin, 's3:GetObject', 'kms:Decrypt'],
  ] as const) {
    lambda.addEnvironment('SLUICE_PAYLOAD_BUCKET', bucket.bucketName);
    allowObjects(bucket, 'payloads', lambda, {
      actions: [action],
      reason: 'There is an object per call, and nothing else in this bucket.',
    });
    lambda.addToRolePolicy(new PolicyStatement({ actions: [keyAction], resources: [key.keyArn] }));
  }
}

function keepInLogGroup(scope: Construct, { key, retentionDays, gateway, admin }: Keeping): void {
  const logs = `logs.${Aws.REGION}.amazonaws.com`;
  // CloudWatch Logs itself encrypts and decrypts: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
  key.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal(logs)],
      actions: ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncryptFrom', 'kms:ReEncryptTo', 'kms:GenerateDataKey', 'kms:DescribeKey'],
      resources: ['*'],
      conditions: {
        ArnLike: { 'kms:EncryptionContext:aws:logs:arn': `arn:${Aws.PARTITION}:logs:${Aws.REGION}:${Aws.ACCOUNT_ID}:log-group:*` },
      },
    }),
  );
  const logGroup = new LogGroup(scope, 'LogGroup', {
    encryptionKey: key,
    retention: knownRetention(retentionDays),
    removalPolicy: RemovalPolicy.RETAIN,
  });
  for (const [lambda, actions] of [
    [gateway, ['logs:CreateLogStream', 'logs:PutLogEvents']],
    [admin, ['logs:FilterLogEvents']],
  ] as const) {
    lambda.addEnvironment('SLUICE_PAYLOAD_LOG_GROUP', logGroup.logGroupName);
    lambda.addToRolePolicy(new PolicyStatement({ actions: [...actions], resources: [logGroup.logGroupArn] }));
  }
}

/** @throws Error for a number of days that CloudWatch Logs does not know. */
function knownRetention(days: number): RetentionDays {
  const known = Object.values(RetentionDays).find((candidate) => candidate === days);
  if (typeof known === 'number') return known;
  throw new Error(
    `The deployment settings are wrong: payloadRetentionDays=${days} is no retention that CloudWatch Logs knows, such as 1, 3, 5, 7, 14 or 30.`,
  );
}
