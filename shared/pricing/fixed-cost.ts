import { dearestRates, type Price } from './price.ts';
import { type RateName, rateNames } from './rates.ts';

/**
 * The cost of a request that costs the same whatever is in it, in nano-USD: one whose price the operator has set and
 * that charges for the request alone. Undefined for every other price.
 */
export function fixedCost(price: Price, atMs: number): number | undefined {
  if (price.source !== 'override') return undefined;
  const rates = dearestRates(price, Number.MAX_SAFE_INTEGER, atMs);
  const others: readonly RateName[] = rateNames.filter((name) => name !== 'request');
  return others.every((name) => rates[name] === 0) ? Math.ceil(rates.request / 1000) : undefined;
}
