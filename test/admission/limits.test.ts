import { describe, expect, it } from 'vitest';
import { limitsAnything, limitsSchema, scopeLimitsOf } from '../../shared/admission/limits.ts';

function complaint(limits: unknown): string | undefined {
  return limitsSchema.safeParse(limits).error?.issues[0]?.message;
}

describe('limits', () => {
  it('are taken as the contract writes them', () => {
    const limits = limitsSchema.parse({
      requests_per_minute: 60,
      tokens_per_minute: 100_000,
      burst: 0.5,
      parallel_requests: 10,
      budgets: [
        { amount_usd: 0.000000001, period: 'day' },
        { amount_usd: 9_000_000, period: 'total' },
      ],
      per_model: { 'openai/*': { clamp: false } },
      clamp_floor_tokens: 1_000,
      shards: 8,
    });
    expect(scopeLimitsOf(limits)).toEqual({
      requestsPerMinute: 60,
      tokensPerMinute: 100_000,
      burst: 0.5,
      parallel: 10,
      budgets: [
        { period: 'day', amountNanoUsd: 1 },
        { period: 'total', amountNanoUsd: 9_000_000_000_000_000 },
      ],
      clamp: true,
      clampFloorTokens: 1_000,
      shards: 8,
    });
    expect(scopeLimitsOf(limits)).toBe(scopeLimitsOf(limits));
  });

  it('do not exist where they are not set', () => {
    expect(limitsAnything(scopeLimitsOf(limitsSchema.parse({ burst: 1, clamp: false, shards: 2, budgets: [] })))).toBe(false);
    expect(limitsAnything(scopeLimitsOf(limitsSchema.parse({ budgets: [{ amount_usd: 0, period: 'total' }] })))).toBe(true);
  });

  it.each([
    [{ requests_per_minute: 0 }, /at least 1/],
    [{ requests_per_minute: 1.5 }, /whole number/],
    [{ tokens_per_minute: 1e11 }, /at most/],
    [{ burst: 0 }, /above 0/],
    [{ burst: 1.1 }, /at most 1/],
    [{ budgets: [{ amount_usd: -1, period: 'day' }] }, /negative/],
    [{ budgets: [{ amount_usd: 9_000_001, period: 'day' }] }, /at most 9000000/],
    [{ budgets: [{ amount_usd: 1, period: 'year' }] }, /one of day, week, month, total/],
    [
      {
        budgets: [
          { amount_usd: 1, period: 'day' },
          { amount_usd: 2, period: 'day' },
        ],
      },
      /one budget/,
    ],
    [{ rpm: 5 }, /Unrecognized key/],
    [{ per_model: { 'a*': { per_model: {} } } }, /Unrecognized key/],
    [{ clamp_floor_tokens: 0 }, /at least 1.*clamp to false/],
    [{ clamp_floor_tokens: 2.5 }, /whole number of output tokens/],
    [{ shards: 65 }, /at most 64/],
  ])('are refused with a reason: %j', (limits, reason) => {
    expect(complaint(limits)).toMatch(reason);
  });
});
