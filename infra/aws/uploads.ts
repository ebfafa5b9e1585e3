import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { allowObjects } from './bucket-access.ts';
import type { Functions } from './functions.ts';

interface UploadsProps {
  readonly functions: Functions;
  /** The largest upload the gateway takes, in megabytes. */
  readonly maxMegabytes: number;
}

/**
 * A place for the bodies of requests that are too large for an invocation: a private bucket that forgets them after a day.
 * Callers put them there by URLs that the gateway signs, and the gateway alone reads them; it can neither list nor delete.
 */
export class Uploads extends Construct {
  constructor(scope: Construct, id: string, { functions, maxMegabytes }: UploadsProps) {
    super(scope, id);
    const bucket = new Bucket(this, 'Bucket', {
      // Keys of S3's own cost nothing; a key of KMS would cost $1 a month while nobody uploads.
      encryption: BucketEncryption.S3_MANAGED,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      lifecycleRules: [{ expiration: Duration.days(1), abortIncompleteMultipartUploadAfter: Duration.days(1) }],
      removalPolicy: RemovalPolicy.RETAIN,
    });
    Validations.of(bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason: 'Every URL to it is given out by the gateway, whose log says to which key and when, and what it holds is gone after a day.',
    });
    const { function: gateway } = functions.gateway;
    gateway.addEnvironment('SLUICE_UPLOAD_BUCKET', bucket.bucketName);
    gateway.addEnvironment('SLUICE_UPLOAD_MAX_MB', String(maxMegabytes));
    // A presigned URL may do what its signer may.
    allowObjects(bucket, 'uploads', gateway, {
      actions: ['s3:GetObject', 's3:PutObject'],
      reason: 'There is an object per upload, and nothing else in this bucket.',
    });
  }
}
