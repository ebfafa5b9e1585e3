import { Stack, Validations } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { type Bucket, CfnBucket } from 'aws-cdk-lib/aws-s3';

/** Lets a function do something with every object under a prefix, and tells the checks why it is every one. */
export function allowObjects(
  bucket: Bucket,
  prefix: string,
  lambda: LambdaFunction,
  { actions, reason }: { readonly actions: string[]; readonly reason: string },
): void {
  lambda.addToRolePolicy(new PolicyStatement({ actions, resources: [bucket.arnForObjects(`${prefix}/*`)] }));
  const { defaultChild } = bucket.node;
  if (lambda.role === undefined || !(defaultChild instanceof CfnBucket)) return;
  const bucketId = Stack.of(bucket).getLogicalId(defaultChild);
  Validations.of(lambda.role).acknowledge({ id: `AwsSolutions-IAM5[Resource::<${bucketId}.Arn>/${prefix}/*]`, reason });
}
