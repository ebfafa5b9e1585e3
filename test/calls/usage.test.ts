import { describe, expect, it } from 'vitest';
import { countsOf, reportedUsage, usageOf, wholeCount } from '../../shared/calls/usage.ts';

describe('a count that a provider reports', () => {
  it.each([
    [7, 7],
    [7.2, 8],
    [0, 0],
    [-7, 0],
    [Number.NaN, 0],
    ['7', 0],
    [null, 0],
    [undefined, 0],
  ])('%j counts as %d', (value, count) => {
    expect(wholeCount(value)).toBe(count);
  });
});

describe('a usage that a provider reports', () => {
  it('is taken as it is', () => {
    expect(reportedUsage({ inputTokens: 10_000_000, outputTokens: 3 })).toEqual(usageOf({ inputTokens: 10_000_000, outputTokens: 3 }));
  });

  it.each([{ inputTokens: 1e308 }, { outputTokens: 100_000_001 }, { searches: Number.POSITIVE_INFINITY }])(
    'that holds %j, which is past all reason, says nothing',
    (counts) => {
      expect(reportedUsage(counts)).toBeUndefined();
    },
  );

  it('has what is billed for it besides, which is no count', () => {
    const usage = reportedUsage({ inputTokens: 3, billedNanoUsd: 1_000_000_000 });
    expect(usage?.billedNanoUsd).toBe(1_000_000_000);
    expect(countsOf(usage ?? usageOf({}))).toEqual({ inputTokens: 3 });
  });
});
