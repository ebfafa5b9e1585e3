import { costBound } from '../pricing/cost-bound.ts';
import type { Price } from '../pricing/price.ts';
import type { CallFacts } from './call-facts.ts';
import type { LaneHealth, Speed } from './health.ts';
import { lanesOf } from './lanes.ts';
import { comparedTokens } from './strategies.ts';
import type { PlanView, Target } from './target.ts';

type PriceOf = (target: Target) => Price | undefined;

/** What a call with these facts would about cost at a target, in nano-USD: its text and the output it asks for, at list price. */
export function estimatedCost(
  facts: Pick<CallFacts, 'nowMs' | 'content'>,
  maxOutputTokens: number | undefined,
  priceOf: PriceOf,
): PlanView['estimate'] {
  const tokens = comparedTokens(facts, maxOutputTokens);
  return (target) => {
    const price = priceOf(target);
    return price && bound(price, tokens.input, tokens.output, facts);
  };
}

/** List prices in USD per million tokens, of a call short enough for the lowest tier. */
export function listPrice(facts: CallFacts, priceOf: PriceOf): PlanView['priceOf'] {
  return (target) => {
    const price = priceOf(target);
    if (price === undefined) return undefined;
    // Nano-USD for a thousand tokens is USD for a million tokens, a million times over.
    return { prompt: bound(price, 1_000, 0, facts) / 1e6, completion: bound(price, 0, 1_000, facts) / 1e6 };
  };
}

function bound(price: Price, inputTokens: number, maxOutputTokens: number, { nowMs }: Pick<CallFacts, 'nowMs'>): number {
  return costBound({
    price,
    inputTokens,
    maxOutputTokens,
    atMs: nowMs,
    accountTier: false,
    promptCache: 'none',
    audioInput: false,
    audioOutput: false,
  });
}

/** How fast a target is: its fastest lane. */
export function speedOf(health: LaneHealth, nowMs: number): (target: Target) => Speed | undefined {
  return (target) =>
    lanesOf(target)
      .flatMap(({ id }) => health.speed(id, nowMs) ?? [])
      .sort((one, other) => one.firstContentMs - other.firstContentMs)[0];
}

/** How many calls are on a target, over all its lanes. */
export function loadOf(health: LaneHealth, nowMs: number): (target: Target) => number {
  return (target) => lanesOf(target).reduce((sum, { id }) => sum + health.load(id, nowMs), 0);
}
