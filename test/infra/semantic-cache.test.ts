import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { S3VectorIndex } from '../../shared/store/vector-index-s3.ts';
import { startVectors, type TestVectors } from '../support/s3-vectors.ts';
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

describe('the rights to it', () => {
  const indexArn = 'arn:aws:s3vectors:eu-west-1:123456789012:bucket/sluice/index/questions';
  const nowMs = 1_800_000_000_000;
  let s3: TestVectors;
  let granted: string[];

  beforeAll(async () => {
    s3 = await startVectors({ indexArn, dimension: 3 });
    vi.stubEnv('AWS_ENDPOINT_URL_S3VECTORS', s3.url);
    const { template } = synthesise({ semanticCache: 'on' });
    granted = [...new Set(JSON.stringify(resourcesOf(template, 'AWS::IAM::Policy')).match(/s3vectors:\w+/g))];
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await s3.close();
  });

  /** Everything the gateway does with the index: a question, an answer, tidying up. */
  async function useAll(actions: readonly string[]): Promise<void> {
    s3.allow(actions);
    const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'example-secret' };
    const index = new S3VectorIndex({ indexArn, region: 'eu-west-1', credentials, nowMs: () => nowMs, random: () => 0 });
    const vector = Float32Array.of(1, 0, 0);
    await index.nearest('p', vector, 0.9);
    await index.add('p', { key: 'expired', vector, expiresAtMs: nowMs });
  }

  it('are those that its calls need, and none of them too many', async () => {
    await useAll(granted);
    expect(granted.length).toBeGreaterThan(3);
    for (const action of granted) {
      const others = granted.filter((other) => other !== action);
      await expect(useAll(others), `without ${action}`).rejects.toMatchObject({ name: 'AccessDeniedException' });
    }
  });
});
