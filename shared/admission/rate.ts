/** Microseconds in a minute. */
const minuteUs = 60_000_000;

/** A moment in whole microseconds; clocks give milliseconds, some with fractions. */
export function microseconds(atMs: number): number {
  return Math.round(atMs * 1000);
}

/**
 * A rate limit as the generic cell rate algorithm sees it (ITU-T I.371, annex A): each unit takes
 * a stretch of time, and the theoretical arrival time (TAT) says until when all that was let in reaches.
 * Something is let in while the TAT does not run further ahead of the clock than the burst.
 * So at no time more than `burst + rate × elapsed` is let in, and there is no window edge.
 *
 * Times are whole microseconds since the epoch: fine enough that rounding (always against the caller,
 * by less than a microsecond a call) never shows, and safe integers until the year 2255.
 */
export interface Rate {
  readonly perMinute: number;
  /** How far ahead of the clock the TAT may run. */
  readonly burstUs: number;
}

/**
 * The rate for a limit per minute. The burst holds as many single units as the limit says, each rounded up, so that seven requests
 * a minute are seven at once and not six; at least one, else nothing ever would fit; and less than one too many.
 */
export function rateOf(perMinute: number, burst: number): Rate {
  const burstUs = Math.ceil(minuteUs * burst);
  const unitUs = Math.ceil(minuteUs / perMinute);
  const units = Math.max(1, Math.floor(perMinute * burst));
  return { perMinute, burstUs: Math.max(burstUs, Math.min(units * unitUs, burstUs + unitUs - 1)) };
}

/** The time so many units take, rounded up. */
export function costUs(rate: Rate, units: number): number {
  return Math.ceil((units * minuteUs) / rate.perMinute);
}

/** How many units can be let in at this moment. */
export function unitsFree(rate: Rate, tatUs: number | undefined, nowUs: number): number {
  const freeUs = nowUs + rate.burstUs - Math.max(tatUs ?? 0, nowUs);
  return freeUs <= 0 ? 0 : Math.floor((freeUs * rate.perMinute) / minuteUs);
}

/** The most that can ever be let in at once. */
export function unitsAtMost(rate: Rate): number {
  return Math.floor((rate.burstUs * rate.perMinute) / minuteUs);
}

/** How long until so many units can be let in, provided nothing else is; in microseconds. */
export function waitUs(rate: Rate, tatUs: number | undefined, nowUs: number, units: number): number {
  return Math.max(0, Math.max(tatUs ?? 0, nowUs) + costUs(rate, units) - rate.burstUs - nowUs);
}

/**
 * How much of a TAT can be given back for units that were let in and not used.
 * What lies in the past has drained meanwhile: giving it back would let in more than the burst
 * in a moment, for capacity that went by unused.
 * @param tatAfterUs the TAT just after the units were let in.
 */
export function refundUs(rate: Rate, unusedUnits: number, tatAfterUs: number, nowUs: number): number {
  const unusedUs = Math.floor((unusedUnits * minuteUs) / rate.perMinute);
  return Math.max(0, Math.min(unusedUs, tatAfterUs - nowUs));
}
