import { Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { BlockPublicAccess, Bucket, BucketEncryption, CfnBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { Functions } from './functions.ts';

interface PayloadsProps {
  readonly functions: Functions;
  readonly retentionDays: number;
}

/**
 * A place for prompts and answers, for the keys and routes that say so: a bucket with a key and an end of its own. The
 * gateway may only add to it, and the control plane only read.
 */
export class Payloads extends Construct {
  constructor(scope: Construct, id: string, { functions, retentionDays }: PayloadsProps) {
    super(scope, id);
    const key = new Key(this, 'Key', { description: 'Sluice: prompts and answers that are kept.', enableKeyRotation: true });
    const bucket = new Bucket(this, 'Bucket', {
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
    const { defaultChild } = bucket.node;
    const bucketId = defaultChild instanceof CfnBucket ? Stack.of(this).getLogicalId(defaultChild) : '';
    const objects = bucket.arnForObjects('payloads/*');
    for (const [{ function: lambda }, actions, keyAction] of [
      [functions.gateway, 's3:PutObject', 'kms:GenerateDataKey'],
      [functions.admin, 's3:GetObject', 'kms:Decrypt'],
    ] as const) {
      lambda.addEnvironment('SLUICE_PAYLOAD_BUCKET', bucket.bucketName);
      lambda.addToRolePolicy(new PolicyStatement({ actions: [actions], resources: [objects] }));
      lambda.addToRolePolicy(new PolicyStatement({ actions: [keyAction], resources: [key.keyArn] }));
      if (lambda.role === undefined) continue;
      Validations.of(lambda.role).acknowledge({
        id: `AwsSolutions-IAM5[Resource::<${bucketId}.Arn>/payloads/*]`,
        reason: 'There is an object per call, and nothing else in this bucket.',
      });
    }
  }
}
