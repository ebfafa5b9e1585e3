import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { resourcesOf, synthesise } from './synthesise.ts';

describe('a place for bodies that are too large for an invocation', () => {
  const { template } = synthesise();

  it('is one private bucket, encrypted, over TLS alone, that forgets within a day', () => {
    const buckets = resourcesOf(template, 'AWS::S3::Bucket');
    expect(Object.keys(buckets)).toEqual([expect.stringMatching(/^Uploads/)]);
    const [bucket] = Object.values(buckets);
    expect(bucket?.Properties).toMatchObject({
      BucketEncryption: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }] },
      LifecycleConfiguration: {
        Rules: [{ ExpirationInDays: 1, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 }, Status: 'Enabled' }],
      },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
    });
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Effect: 'Deny', Action: 's3:*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
          Match.objectLike({ Effect: 'Deny', Action: 's3:*', Condition: { NumericLessThan: { 's3:TlsVersion': 1.2 } } }),
        ]),
      },
    });
  });

  it('is told to the gateway alone, with the largest upload it takes', () => {
    const { template: large } = synthesise({ uploadMaxMb: '60', memory: '1024' });
    const functions = Object.entries(resourcesOf(large, 'AWS::Lambda::Function'));
    const told = functions.map(
      ([id, { Properties }]) => [id, (Properties.Environment as { Variables: Record<string, unknown> }).Variables] as const,
    );
    const gateway = told.find(([id]) => id.startsWith('FunctionsGateway'))?.[1];
    expect(gateway).toMatchObject({ SLUICE_UPLOAD_BUCKET: { Ref: expect.stringMatching(/^Uploads/) }, SLUICE_UPLOAD_MAX_MB: '60' });
    expect(told.filter(([id, variables]) => !id.startsWith('FunctionsGateway') && 'SLUICE_UPLOAD_BUCKET' in variables)).toEqual([]);
  });

  it('can be left out, and then no answer names it', () => {
    const { template: without } = synthesise({ uploads: 'off' });
    without.resourceCountIs('AWS::S3::Bucket', 0);
    expect(JSON.stringify(without.toJSON())).not.toMatch(/uploads|SLUICE_UPLOAD/);
    expect(JSON.stringify(template.toJSON())).toContain('POST /v1/uploads');
  });
});
