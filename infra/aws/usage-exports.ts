import { RemovalPolicy, Validations } from 'aws-cdk-lib';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { allowObjects } from './bucket-access.ts';

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
    allowObjects(this.bucket, 'usage', sweeper, { actions: ['s3:PutObject'], reason: 'There is an object per month, named by it.' });
  }
}
