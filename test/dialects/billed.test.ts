import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../../shared/calls/json.ts';
import { billedIn } from '../../shared/dialects/billed.ts';

const cases: readonly [string, JsonValue | undefined, number | undefined][] = [
  ['ticks of xAI', { cost_in_usd_ticks: 37_756_000 }, 3_775_600],
  ['a tick that is no whole nano-dollar', { cost_in_usd_ticks: 37_756_001 }, 3_775_601],
  ['dollars of OpenRouter', { cost: 0.0001601 }, 160_100],
  ['dollars with a power of ten', { cost: 2.05e-5 }, 20_500],
  ['a fraction of a nano-dollar', { cost: 1.2e-10 }, 1],
  ['nothing', { cost: 0 }, 0],
  // Without a key of the account's own, what the provider behind it bills is in the cost already.
  ['what is paid through OpenRouter', { cost: 0.02, is_byok: false, cost_details: { upstream_inference_cost: 0.02 } }, 20_000_000],
  [
    'a key of one\u2019s own, its fee and its bill',
    { cost: 0.001, is_byok: true, cost_details: { upstream_inference_cost: 0.02 } },
    21_000_000,
  ],
  [
    'a key of one\u2019s own whose bill is not told',
    { cost: 0, is_byok: true, cost_details: { upstream_inference_cost: null } },
    undefined,
  ],
  ['a key of one\u2019s own without details', { cost: 0, is_byok: true }, undefined],
  ['the sum of Perplexity', { cost: { currency: 'USD', input_cost: 0.004, output_cost: 0.006, total_cost: 0.0165 } }, 16_500_000],
  ['a sum without its currency', { cost: { total_cost: 0.0165 } }, 16_500_000],
  ['another currency', { cost: { currency: 'EUR', total_cost: 0.0165 } }, undefined],
  ['a sum that is missing', { cost: { currency: 'USD' } }, undefined],
  ['no word of it', { prompt_tokens: 3 }, undefined],
  ['text', { cost: '0.02' }, undefined],
  ['less than nothing', { cost: -0.02 }, undefined],
  ['more than can be counted', { cost: 1e300 }, undefined],
  ['no usage', null, undefined],
  ['nothing at all', undefined, undefined],
];

describe('what a usage says that is billed', () => {
  it.each(cases)('%s', (_name, usage, billedNanoUsd) => {
    expect(billedIn(usage)).toEqual(billedNanoUsd === undefined ? {} : { billedNanoUsd });
  });
});
