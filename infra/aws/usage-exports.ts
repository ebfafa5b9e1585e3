import { RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { BlockPublicAccess, Bucket, BucketEncryption, CfnBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';

interface UsageExportsProps {
  readonly sweeper: LambdaFunction;
  readonly format: 'csv' | 'parquet';
}

/** A bucket with the usage of each month that is over, for whoever does the accounts. The sweeper may only add to it. */
export class UsageExports extends Construct {
  readonly bucket: Bucket;

  constructor(scope: Construct, id: string, { sweeper, format }: UsageExportsProps) {
    super(scope, id);
    this.bucket = new Bucket(this, 'Bucket', {
      encryption: BucketEncryption.S3_MANAGED,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      versioned: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    Validations.of(this.bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason: 'It holds sums of usage, a file a month; who may read them is for the operator to say, and to log.',
    });
    sweeper.addEnvironment('SLUICE_USAGE_EXPORT_BUCKET', this.bucket.bucketName);
    sweeper.addEnvironment('SLUICE_USAGE_EXPORT_FORMAT', format);
    sweeper.addToRolePolicy(new PolicyStatement({ actions: ['s3:PutObject'], resources: [this.bucket.arnForObjects('usage/*')] }));
    const { defaultChild } = this.bucket.node;
    const bucketId = defaultChild instanceof CfnBucket ? Stack.of(this).getLogicalId(defaultChild) : '';
    if (sweeper.role === undefined) return;
    Validations.of(sweeper.role).acknowledge({
      id: `AwsSolutions-IAM5[Resource::<${bucketId}.Arn>/usage/*]`,
      reason: 'There is an object per month, named by it.',
    });
  }
}
