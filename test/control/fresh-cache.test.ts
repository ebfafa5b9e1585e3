import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { FreshCache } from '../../shared/control/fresh-cache.ts';

const bounds = { maxAgeMs: 10, absentMaxAgeMs: 3, maxEntries: 3, maxAbsent: 2 };

it('never returns what was no longer so for as long as its bound, whatever the order of reads and changes', async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('get' as const), id: fc.integer({ min: 0, max: 5 }) }),
    fc.record({
      kind: fc.constant('set' as const),
      id: fc.integer({ min: 0, max: 5 }),
      value: fc.option(fc.integer(), { nil: undefined }),
    }),
    fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 12 }) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      let nowMs = 0;
      const history = new Map<string, { readonly value: number | undefined; readonly atMs: number }[]>();
      const at = (id: string) => history.get(id) ?? [];
      const cache = new FreshCache<number>({ ...bounds, load: async (id) => at(id).at(-1)?.value, clock: () => nowMs });
      for (const one of steps) {
        if (one.kind === 'wait') nowMs += one.ms;
        else if (one.kind === 'set') history.set(String(one.id), [...at(String(one.id)), { value: one.value, atMs: nowMs }]);
        else {
          const id = String(one.id);
          const value = await cache.get(id);
          const current = at(id).at(-1);
          const maxAgeMs = value === undefined ? bounds.absentMaxAgeMs : bounds.maxAgeMs;
          // A value other than the current one may only be returned while the change is younger than the bound.
          if (value !== current?.value) expect(nowMs - (current?.atMs ?? 0)).toBeLessThan(maxAgeMs);
          expect(cache.size).toBeLessThanOrEqual(bounds.maxEntries + bounds.maxAbsent);
        }
      }
    }),
    { numRuns: 300 },
  );
});
