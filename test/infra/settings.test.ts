import { describe, expect, it } from 'vitest';
import { readDeploymentSettings } from '../../infra/aws/settings.ts';

const read = (given: Record<string, unknown>) => readDeploymentSettings((name) => given[name]);

describe('deployment settings', () => {
  it('suit a team when nothing is set', () => {
    expect(read({})).toEqual({
      stackName: 'Sluice',
      memory: 512,
      waf: true,
      wafRequestsPerMinute: 6_000,
      requestsPerSecond: 1_000,
      requestBurst: 2_000,
      logRetentionDays: 30,
      otlpMetrics: false,
      semanticCache: false,
      semanticCacheDimensions: 256,
      config: 'gateway.yaml',
      apiGatewayLogRole: true,
      recordDays: 30,
      payloads: false,
      payloadRetentionDays: 7,
    });
  });

  it('are the same from the command line and from cdk.json', () => {
    const expected = { memory: 1024, waf: false, logRetentionDays: 90 };
    expect(read({ memory: '1024', waf: 'off', logRetentionDays: '90' })).toMatchObject(expected);
    expect(read({ memory: 1024, waf: false, logRetentionDays: 90 })).toMatchObject(expected);
  });

  it.each([
    ['stackName', '9 lives'],
    ['memory', 64],
    ['waf', 'perhaps'],
    ['logRetentionDays', 31],
    ['requestsPerSecond', 0],
  ])('refuse a wrong %s and name it', (name, value) => {
    expect(() => read({ [name]: value })).toThrow(new RegExp(`deployment settings are wrong[\\s\\S]*${name}`));
  });
});
