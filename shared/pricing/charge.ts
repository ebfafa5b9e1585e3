import type { Usage } from '../calls/usage.ts';
import { type Cost, type CostFacts, type CostPart, costOf } from './cost.ts';
import type { Price } from './price.ts';

/** What decides what a call is charged. */
export interface ChargeFacts extends CostFacts {
  /** Whether what the provider's answers say of their cost is what it bills. */
  readonly statesCost: boolean;
}

/** What a call is charged, and on whose word. */
export interface Charge {
  readonly totalNanoUsd: number;
  /** What it was spent on, summing to the total; undefined where no price tells. */
  readonly parts: Cost['parts'] | undefined;
  /** The provider's own word is what counts, not a price. */
  readonly isStated: boolean;
}

/**
 * What a call is charged: what its provider says that it bills, where it is one that does, else what its price makes of the
 * usage. A price of `gateway.yaml` beats both, because an operator who writes one means it. Undefined where nobody knows.
 */
export function chargeFor(usage: Usage, price: Price | undefined, facts: ChargeFacts): Charge | undefined {
  const stated = facts.statesCost && price?.source !== 'override' ? usage.billedNanoUsd : undefined;
  const cost = price && costOf(usage, price, facts);
  if (stated !== undefined) return { totalNanoUsd: stated, parts: cost && sharesOf(stated, cost), isStated: true };
  return cost && { ...cost, isStated: false };
}

/** Splits a total like a cost. Each part is what it adds to the rounded running sum, so that they sum to the total. */
function sharesOf(totalNanoUsd: number, cost: Cost): Cost['parts'] | undefined {
  if (cost.totalNanoUsd === 0) return undefined;
  let seen = 0n;
  let shared = 0;
  const shareOf = (part: CostPart): number => {
    seen += BigInt(cost.parts[part]);
    const before = shared;
    shared = Number((BigInt(totalNanoUsd) * seen) / BigInt(cost.totalNanoUsd));
    return shared - before;
  };
  return {
    input: shareOf('input'),
    cachedInput: shareOf('cachedInput'),
    cacheWrite: shareOf('cacheWrite'),
    cacheWrite1h: shareOf('cacheWrite1h'),
    output: shareOf('output'),
    reasoning: shareOf('reasoning'),
    inputAudio: shareOf('inputAudio'),
    cachedInputAudio: shareOf('cachedInputAudio'),
    outputAudio: shareOf('outputAudio'),
    image: shareOf('image'),
    audioHour: shareOf('audioHour'),
    request: shareOf('request'),
    character: shareOf('character'),
    search: shareOf('search'),
    fileSearch: shareOf('fileSearch'),
    container: shareOf('container'),
  };
}
