import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { periodEndMs, periodNumber } from '../../shared/admission/periods.ts';
import { costUs, rateOf, refundUs, unitsFree, waitUs } from '../../shared/admission/rate.ts';

const startUs = Date.UTC(2026, 10, 18, 12, 0, 59, 900) * 1000;

describe('a rate', () => {
  it('lets in no more than the burst plus what time brings, whoever asks when', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        fc.constantFrom(0.1, 0.5, 1),
        fc.array(fc.record({ waitUs: fc.integer({ min: 0, max: 90_000_000 }), units: fc.integer({ min: 1, max: 500 }) }), {
          maxLength: 60,
        }),
        (perMinute, burst, asks) => {
          const rate = rateOf(perMinute, burst);
          const letIn: { atUs: number; units: number }[] = [];
          let tatUs: number | undefined;
          let nowUs = startUs;
          for (const ask of asks) {
            nowUs += ask.waitUs;
            if (waitUs(rate, tatUs, nowUs, ask.units) > 0) continue;
            tatUs = Math.max(tatUs ?? 0, nowUs) + costUs(rate, ask.units);
            letIn.push({ atUs: nowUs, units: ask.units });
          }
          for (let from = 0; from < letIn.length; from += 1) {
            let units = 0;
            for (let to = from; to < letIn.length; to += 1) {
              units += letIn[to]!.units;
              const elapsedUs = letIn[to]!.atUs - letIn[from]!.atUs;
              // Units are whole: what is let in is below one more than the exact figure.
              expect(units).toBeLessThan(Math.max(1, perMinute * burst) + (perMinute * elapsedUs) / 60e6 + 1);
            }
          }
        },
      ),
    );
  });

  it('lets in early what a clock is ahead, and that once: never more than burst, elapsed time and the largest lead allow', () => {
    const leadsUs = [0, 2_000_000, -2_000_000];
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        fc.constantFrom(0.1, 0.5, 1),
        fc.array(
          fc.record({ waitUs: fc.integer({ min: 0, max: 20_000_000 }), units: fc.integer({ min: 1, max: 500 }), instance: fc.nat(2) }),
          {
            maxLength: 60,
          },
        ),
        (perMinute, burst, asks) => {
          const rate = rateOf(perMinute, burst);
          let [tatUs, trueUs, units]: [number | undefined, number, number] = [undefined, startUs, 0];
          for (const ask of asks) {
            trueUs += ask.waitUs;
            const nowUs = trueUs + (leadsUs[ask.instance] ?? 0);
            if (waitUs(rate, tatUs, nowUs, ask.units) > 0) continue;
            tatUs = Math.max(tatUs ?? 0, nowUs) + costUs(rate, ask.units);
            units += ask.units;
            // The first instance may have been behind: then as much again as it was.
            const spanUs = trueUs - startUs + 4_000_000;
            expect(units).toBeLessThan(Math.max(1, perMinute * burst) + (perMinute * spanUs) / 60e6 + 1);
          }
        },
      ),
    );
  });

  it.each([1, 7, 11, 60, 61, 999])('lets in exactly %i at once, and one more when its time has come', (perMinute) => {
    const rate = rateOf(perMinute, 1);
    let tatUs: number | undefined;
    let letIn = 0;
    while (waitUs(rate, tatUs, startUs, 1) === 0) {
      expect(unitsFree(rate, tatUs, startUs)).toBe(perMinute - letIn);
      tatUs = Math.max(tatUs ?? 0, startUs) + costUs(rate, 1);
      letIn += 1;
    }
    expect(letIn).toBe(perMinute);
    const nextUs = waitUs(rate, tatUs, startUs, 1);
    expect(Math.abs(nextUs - 60e6 / perMinute)).toBeLessThanOrEqual(1);
    expect(waitUs(rate, tatUs, startUs + nextUs, 1)).toBe(0);
  });

  it('gives back no more than has not drained yet', () => {
    const rate = rateOf(600, 1);
    expect(refundUs(rate, 100, startUs + 30_000_000, startUs)).toBe(10_000_000);
    expect(refundUs(rate, 100, startUs + 30_000_000, startUs + 25_000_000)).toBe(5_000_000);
    expect(refundUs(rate, 100, startUs + 30_000_000, startUs + 99_000_000)).toBe(0);
  });
});

describe('calendar periods', () => {
  it('begin at midnight UTC, weeks on Monday, and end where the next begins', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('day', 'week', 'month'),
        fc.date({ min: new Date(0), max: new Date('2200-01-01'), noInvalidDate: true }),
        (period, date) => {
          const number = periodNumber(period, date.getTime());
          const endMs = periodEndMs(period, number)!;
          expect(endMs).toBeGreaterThan(date.getTime());
          expect(periodNumber(period, endMs)).toBe(number + 1);
          expect(periodNumber(period, endMs - 1)).toBe(number);
          const end = new Date(endMs);
          expect(end.toISOString()).toMatch(/T00:00:00.000Z$/);
          if (period === 'week') expect(end.getUTCDay()).toBe(1);
          if (period === 'month') expect(end.getUTCDate()).toBe(1);
        },
      ),
    );
    expect(periodNumber('total', Date.now())).toBe(0);
    expect(periodEndMs('total', 0)).toBeUndefined();
  });
});
