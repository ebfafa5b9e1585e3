import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limitsInOneLine, spendBar, standingLines } from '../../infra/cli/describe-limits.ts';
import { money, typedMoment } from '../../infra/cli/format.ts';
import { textTable } from '../../infra/cli/text-table.ts';

const amount = fc.oneof(fc.constant(0), fc.double({ min: 1e-9, max: 1e6, noNaN: true }));

describe('a bar', () => {
  it('has its width, shows what is not nothing, and is full only when nothing is free', () => {
    fc.assert(
      fc.property(amount, amount, amount, fc.integer({ min: 5, max: 60 }), (spent_usd, held_usd, limit_usd, width) => {
        const [bar = ''] = spendBar({ spent_usd, held_usd, limit_usd }, width).split(' ');
        expect(bar).toMatch(/^█*▒*·*$/);
        expect(bar).toHaveLength(width);
        if (limit_usd === 0) return;
        expect(bar.includes('█')).toBe(spent_usd > 0);
        expect(bar.includes('▒')).toBe(held_usd > 0);
        expect(bar.includes('·')).toBe((spent_usd + held_usd) / limit_usd < 1);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('limits in one line', () => {
  it('say what holds for some models only', () => {
    const limits = { requests_per_minute: 60, per_model: { 'openai/gpt-5*': { parallel_requests: 2, clamp_floor_tokens: 1_000 } } };
    expect(limitsInOneLine(limits)).toBe('60 rpm, openai/gpt-5* (2 parallel, at least 1,000 output tokens)');
    expect(limitsInOneLine(null)).toBe('-');
  });
});

describe('how a key stands', () => {
  const nothing = { budgets: [], requests: null, tokens: null, parallel: null, per_model: null, shards: 1 };

  it('is told of one that nothing limits too', () => {
    expect(standingLines({ ...nothing, spent_usd: 1.5, held_usd: 0.25, under_way: 2 }, 80)).toEqual([
      '  in all         $1.50 spent, $0.25 held by 2 calls under way',
      '  no limits',
    ]);
    expect(standingLines({ ...nothing, spent_usd: 0, held_usd: 0, under_way: 1, parallel: { limit: 3, under_way: 1 } }, 80)).toEqual([
      '  in all         $0.00 spent, $0.00 held by 1 call under way',
      '  parallel       1 of 3 under way',
    ]);
    expect(standingLines(null, 80)).toEqual(['  no limits']);
  });
});

describe('a table', () => {
  it('fits the width by shortening what may be shortened, never an id', () => {
    const rows = [{ id: 'key_1234567890abcdef', name: 'a name that goes on and on and on and on and on and on and on' }];
    const text = textTable(
      rows,
      [
        { title: 'id', cell: (one) => one.id },
        { title: 'name', cell: (one) => one.name, shrinks: true },
      ],
      40,
      'none',
    );
    expect(text).toBe('ID                    NAME\nkey_1234567890abcdef  a name that goes …');
  });

  it('says so when there is nothing', () => {
    expect(textTable([], [], 80, 'nothing')).toBe('nothing');
  });
});

describe('money', () => {
  it.each([
    [0, '$0.00'],
    [12.5, '$12.50'],
    [0.1 + 0.2, '$0.30'],
    [0.0042, '$0.0042'],
    [0.000000001, '$0.000000001'],
    [1234.5678, '$1234.57'],
  ])('%d reads %s', (usd, text) => {
    expect(money(usd)).toBe(text);
  });
});

describe('a typed moment', () => {
  it.each([
    ['30d', '1970-01-31T00:00:00.000Z'],
    ['2027-01-31', '2027-01-31T00:00:00.000Z'],
    ['2027-01-31T12:00:00+01:00', '2027-01-31T11:00:00.000Z'],
  ])('%s is %s', (text, iso) => {
    expect(typedMoment(text, 'expires', 0)).toBe(iso);
  });
});
