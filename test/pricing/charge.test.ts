import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { usageOf } from '../../shared/calls/usage.ts';
import { chargeFor } from '../../shared/pricing/charge.ts';
import { costOf } from '../../shared/pricing/cost.ts';
import type { Price } from '../../shared/pricing/price.ts';
import { priceOf } from '../../shared/pricing/price-of.ts';
import { priceOverrideSchema } from '../../shared/pricing/price-override.ts';
import { usages } from './arbitraries.ts';

const atMs = Date.parse('2026-11-23T12:00:00Z');
const states = { atMs, statesCost: true };
const usage = usageOf({ inputTokens: 1_000, outputTokens: 100, billedNanoUsd: 7 });

function known(price: Price | undefined): Price {
  if (price === undefined) throw new Error('no price');
  return price;
}

const builtIn = known(priceOf({ provider: 'openai', model: 'gpt-4o' }));
const override = known(
  priceOf({ provider: 'own', model: 'm', overrides: { 'own/m': priceOverrideSchema.parse({ input: 1, output: 2 }) } }),
);

describe('what a call is charged', () => {
  it('is what the provider says, where it is one that says it', () => {
    expect(chargeFor(usage, builtIn, states)).toMatchObject({ totalNanoUsd: 7, isStated: true });
    expect(chargeFor(usage, undefined, states)).toEqual({ totalNanoUsd: 7, parts: undefined, isStated: true });
  });

  it('is what the price makes of it, where the provider does not say or is not one to be asked', () => {
    const { billedNanoUsd: _said, ...silent } = usage;
    expect(chargeFor(silent, builtIn, states)).toEqual({ ...costOf(usage, builtIn, { atMs }), isStated: false });
    expect(chargeFor(usage, builtIn, { atMs, statesCost: false })).toEqual({ ...costOf(usage, builtIn, { atMs }), isStated: false });
    expect(chargeFor(usage, undefined, { atMs, statesCost: false })).toBeUndefined();
  });

  it('is what the operator says, whoever else says something', () => {
    expect(chargeFor(usage, override, states)).toMatchObject({ totalNanoUsd: 1_200_000, isStated: false });
  });

  it('has no parts where the price is nothing and the bill is not', () => {
    expect(chargeFor(usageOf({ billedNanoUsd: 7 }), builtIn, states)).toEqual({ totalNanoUsd: 7, parts: undefined, isStated: true });
  });

  it('is split like the cost, and nothing is lost in splitting', () => {
    const billed = fc.oneof(fc.nat(10), fc.nat(10 ** 9), fc.constant(Number.MAX_SAFE_INTEGER));
    fc.assert(
      fc.property(usages({ inputTokens: 10_000, outputTokens: 10_000 }), billed, (drawn, billedNanoUsd) => {
        const charge = chargeFor({ ...drawn, billedNanoUsd }, builtIn, states);
        const cost = costOf(drawn, builtIn, { atMs });
        const parts = Object.values(charge?.parts ?? {});
        if (cost.totalNanoUsd === 0) return parts.length === 0;
        const empty = Object.entries(cost.parts).every(([name, part]) => part > 0 || Reflect.get(charge?.parts ?? {}, name) === 0);
        return parts.reduce((sum, part) => sum + BigInt(part), 0n) === BigInt(billedNanoUsd) && parts.every((part) => part >= 0) && empty;
      }),
    );
  });
});
