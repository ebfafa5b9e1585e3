import { describe, expect, it } from 'vitest';
import { resourcesOf, synthesise } from './synthesise.ts';

describe('the index for the semantic cache', () => {
  it('is not there unless it is asked for', () => {
    const { template } = synthesise();
    template.resourceCountIs('AWS::S3Vectors::VectorBucket', 0);
    template.resourceCountIs('AWS::S3Vectors::Index', 0);
  });

  it('has as many dimensions as were asked for, and is told to the gateway alone, which may touch nothing else of the kind', () => {
    const { template } = synthesise({ semanticCache: 'on', semanticCacheDimensions: '1024' });
    template.hasResourceProperties('AWS::S3Vectors::Index', { DataType: 'float32', Dimension: 1_024, DistanceMetric: 'cosine' });
    template.hasResourceProperties('AWS::S3Vectors::VectorBucket', { EncryptionConfiguration: { SseType: 'AES256' } });
    const [indexId = ''] = Object.keys(resourcesOf(template, 'AWS::S3Vectors::Index'));
    const told = Object.entries(resourcesOf(template, 'AWS::Lambda::Function')).filter(([, { Properties }]) =>
      JSON.stringify(Properties.Environment).includes('SLUICE_VECTOR_INDEX_ARN'),
    );
    expect(told.map(([id]) => id.replace(/[0-9A-F]{8}$/, ''))).toEqual(['FunctionsGatewayFunction']);
    const policies = Object.entries(resourcesOf(template, 'AWS::IAM::Policy')).filter(([, policy]) =>
      JSON.stringify(policy).includes('s3vectors:'),
    );
    expect(policies.map(([id]) => id.replace(/[0-9A-F]{8}$/, ''))).toEqual(['FunctionsGatewayRoleDefaultPolicy']);
    const { Statement } = policies[0]![1].Properties.PolicyDocument as { Statement: { Action: string[]; Resource: unknown }[] };
    expect(Statement.filter(({ Action }) => JSON.stringify(Action).includes('s3vectors:'))).toEqual([
      {
        Effect: 'Allow',
        Action: ['DeleteVectors', 'GetVectors', 'ListVectors', 'PutVectors', 'QueryVectors'].map((name) => `s3vectors:${name}`),
        Resource: { 'Fn::GetAtt': [indexId, 'IndexArn'] },
      },
    ]);
  });
});
