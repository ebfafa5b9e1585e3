import { RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { CfnIndex, CfnVectorBucket } from 'aws-cdk-lib/aws-s3vectors';
import { Construct } from 'constructs';
import type { Functions } from './functions.ts';

interface SemanticCacheProps {
  readonly functions: Functions;
  /** Numbers of a vector; the index is made anew, empty, where it changes. */
  readonly dimensions: number;
}

/**
 * A vector bucket with one index, for questions by their meaning: encrypted by S3, private as vector buckets always are,
 * and gone with the stack, because what it says of answers is worth nothing without them. Only the gateway may touch it.
 */
export class SemanticCache extends Construct {
  constructor(scope: Construct, id: string, { functions, dimensions }: SemanticCacheProps) {
    super(scope, id);
    const bucket = new CfnVectorBucket(this, 'Bucket', { encryptionConfiguration: { sseType: 'AES256' } });
    const index = new CfnIndex(this, 'Index', {
      vectorBucketArn: bucket.attrVectorBucketArn,
      dataType: 'float32',
      dimension: dimensions,
      distanceMetric: 'cosine',
    });
    index.applyRemovalPolicy(RemovalPolicy.DESTROY);
    bucket.applyRemovalPolicy(RemovalPolicy.DESTROY);
    const { function: gateway } = functions.gateway;
    gateway.addEnvironment('SLUICE_VECTOR_INDEX_ARN', index.attrIndexArn);
    // GetVectors is what filters and returned metadata ask for: https://docs.aws.amazon.com/AmazonS3/latest/API/API_S3VectorBuckets_QueryVectors.html
    const actions = ['PutVectors', 'QueryVectors', 'GetVectors', 'ListVectors', 'DeleteVectors'];
    gateway.addToRolePolicy(
      new PolicyStatement({ actions: actions.map((action) => `s3vectors:${action}`), resources: [index.attrIndexArn] }),
    );
  }
}
