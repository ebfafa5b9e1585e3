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
      payloads: 'off',
      payloadRetentionDays: 7,
      usageExport: 'off',
      uploads: true,
      uploadMaxMb: 25,
    });
  });

  it('are the same from the command line and from cdk.json', () => {
    const expected = { memory: 1024, waf: false, logRetentionDays: 90 };
    expect(read({ memory: '1024', waf: 'off', logRetentionDays: '90' })).toMatchObject(expected);
    expect(read({ memory: 1024, waf: false, logRetentionDays: 90 })).toMatchObject(expected);
  });

  it('take no larger uploads than the memory has room for', () => {
    expect(read({ memory: 256 }).uploadMaxMb).toBe(10);
    expect(read({ memory: 10_240 }).uploadMaxMb).toBe(25);
    expect(read({ memory: 1_024, uploadMaxMb: 60 }).uploadMaxMb).toBe(60);
    expect(() => read({ uploadMaxMb: 60 })).toThrow('uploads of 60 MB need a memory of 850 MB');
    expect(read({ uploadMaxMb: 60, uploads: 'off' }).uploads).toBe(false);
  });

  it.each([
    ['stackName', '9 lives'],
    ['memory', 64],
    ['waf', 'perhaps'],
    ['logRetentionDays', 31],
    ['requestsPerSecond', 0],
    ['uploadMaxMb', 60],
  ])('refuse a wrong %s and name it', (name, value) => {
    expect(() => read({ [name]: value })).toThrow(new RegExp(`deployment settings are wrong[\\s\\S]*${name}`));
  });
});
