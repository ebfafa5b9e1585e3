import { describe, expect, it } from 'vitest';
import { secondLook } from '../../functions/sweeper/second-look.ts';
import type { DeadHold } from '../../shared/admission/ledger.ts';

const sweptAtMs = Date.UTC(2026, 10, 18, 12);
const found: DeadHold = { requestId: 'r', scopeId: 'key#k', amountNanoUsd: 1, expiredAtMs: sweptAtMs };

/** A run of the sweeper whose first look has taken `tookMs`. */
function run(options: { dueMs?: number; tookMs?: number; remainingMs?: number }) {
  let nowMs = sweptAtMs + (options.tookMs ?? 1_000);
  const sweptAt: number[] = [];
  const looked = secondLook(
    { calls: 1, amountNanoUsd: 1, nextDeadAtMs: options.dueMs === undefined ? undefined : sweptAtMs + options.dueMs },
    sweptAtMs,
    {
      ledger: {
        sweep: async (at) => {
          sweptAt.push(at - sweptAtMs);
          return [found];
        },
      },
      nowMs: () => nowMs,
      sleep: async (ms) => {
        nowMs += ms;
      },
      remainingMs: () => options.remainingMs ?? 58_000,
    },
  );
  return { looked, sweptAt };
}

describe('a second look of the sweeper', () => {
  it('is taken half a minute on where a hold is dead by then', async () => {
    const { looked, sweptAt } = run({ dueMs: 12_000 });
    expect(await looked).toEqual([found]);
    expect(sweptAt).toEqual([30_000]);
  });

  it('is taken at once where the first one took so long', async () => {
    const { looked, sweptAt } = run({ dueMs: 12_000, tookMs: 41_000, remainingMs: 19_000 });
    expect(await looked).toEqual([found]);
    expect(sweptAt).toEqual([41_000]);
  });

  it.each([
    ['nothing is held', {}],
    ['nothing is due before the next run but half', { dueMs: 30_001 }],
    ['the invocation has no time for it', { dueMs: 12_000, remainingMs: 10_000 }],
  ])('is spared where %s', async (_why, options) => {
    const { looked, sweptAt } = run(options);
    expect(await looked).toEqual([]);
    expect(sweptAt).toEqual([]);
  });
});
