import { describe, expect, it } from 'vitest';
import { struggles } from '../../shared/routing/breaker.ts';
import { RetryBudget } from '../../shared/routing/retry-budget.ts';

const target = 'up/m';

/** A fleet that calls one target in turn, each call retried up to twice where the budget of its instance allows it. */
function fleet(instances: number, calls: number, failureShare: number): { readonly retries: number; readonly tries: number } {
  const budgets = Array.from({ length: instances }, () => new RetryBudget());
  const counts = { ok: 0, bad: 0 };
  let random = 1;
  // A linear congruential generator, so that the test gives the same figures each time.
  const fails = (): boolean => {
    random = (random * 1_103_515_245 + 12_345) % 2_147_483_648;
    return random / 2_147_483_648 < failureShare;
  };
  let retries = 0;
  for (let call = 0; call < calls; call += 1) {
    const budget = budgets[call % instances];
    const nowMs = call * 10;
    budget?.tried(target, nowMs);
    for (let more = 2; ; more -= 1) {
      const failed = fails();
      counts[failed ? 'bad' : 'ok'] += 1;
      if (!failed || more === 0 || !budget?.take(target, nowMs, struggles(counts))) break;
      retries += 1;
    }
  }
  return { retries, tries: calls };
}

describe('a retry budget', () => {
  it.each([
    ['fails always', 1],
    ['fails every third time', 1 / 3],
  ])('keeps a fleet of two hundred instances from adding more than a tenth to a target that %s', (_how, share) => {
    const { retries, tries } = fleet(200, 20_000, share);
    expect(retries).toBeGreaterThan(0);
    // And the few before anybody could tell.
    expect(retries).toBeLessThan(tries * 0.1 + 50);
  });

  it('lets nearly every failure be tried again where few calls fail, whichever instance has it', () => {
    const { retries, tries } = fleet(200, 20_000, 0.05);
    expect(retries).toBeGreaterThan(tries * 0.05 * 0.95);
    expect(retries).toBeLessThan(tries * 0.1);
  });

  it('refills its reserve by one a second, up to ten', () => {
    const budget = new RetryBudget();
    const taken = (atMs: number): number => {
      let count = 0;
      while (budget.take(target, atMs, false)) count += 1;
      return count;
    };
    expect(taken(0)).toBe(10);
    expect(taken(3_000)).toBe(3);
    expect(taken(60_000)).toBe(10);
    expect(budget.take(target, 120_000, true)).toBe(false);
  });
});
