import type { BudgetPeriod } from './limits.ts';

const dayMs = 86_400_000;

/** 1970-01-01 was a Thursday; the Monday before it lies three days earlier. */
const daysFromMondayToEpoch = 3;

/**
 * The number of the calendar period a moment lies in: days, weeks from Monday (ISO 8601) and months
 * since 1970, UTC. Numbers grow with time, so that an older period can be told from a newer one.
 */
export function periodNumber(period: BudgetPeriod, atMs: number): number {
  if (period === 'total') return 0;
  const day = Math.floor(atMs / dayMs);
  if (period === 'day') return day;
  if (period === 'week') return Math.floor((day + daysFromMondayToEpoch) / 7);
  const date = new Date(atMs);
  return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
}

/** When the numbered period ends and its budget begins anew, in milliseconds since the epoch; never for `total`. */
export function periodEndMs(period: BudgetPeriod, number: number): number | undefined {
  if (period === 'total') return undefined;
  if (period === 'day') return (number + 1) * dayMs;
  if (period === 'week') return ((number + 1) * 7 - daysFromMondayToEpoch) * dayMs;
  return Date.UTC(1970, number + 1, 1);
}
