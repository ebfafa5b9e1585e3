import type { SharedHealth } from './health.ts';

/** The rolling window is the current slot and the one before it. */
export const slotMs = 15_000;
/** Fewer failures than this in the window say nothing. */
const leastFailures = 5;
/** So many failures in a row open a lane too: where many calls went well just before, their share would take long to tell. */
export const failuresInARow = 8;
/** From this share of failures on a lane is passed over. */
const openAtShare = 0.5;
/** How long a lane is passed over at first; doubled each time a probe fails. */
const firstOpenMs = 5_000;
/** One probe in so long costs a provider nothing, and a lane that is well again is not missed for longer. */
const longestOpenMs = 10_000;
/** A provider's Retry-After is believed up to this. */
const longestThrottledMs = 60_000;

/** The slot a moment lies in. */
export function slotOf(nowMs: number): number {
  return Math.floor(nowMs / slotMs);
}

/** What was counted in the window that ends now. */
export function countsAt(health: Pick<SharedHealth, 'slot' | 'ok' | 'bad' | 'previousOk' | 'previousBad'>, nowMs: number) {
  const slot = slotOf(nowMs);
  if (health.slot === slot) return { ok: health.ok + health.previousOk, bad: health.bad + health.previousBad };
  if (health.slot === slot - 1) return { ok: health.ok, bad: health.bad };
  return { ok: 0, bad: 0 };
}

/** Whether so many failures among so many answers open a lane. */
export function shouldOpen(counts: { readonly ok: number; readonly bad: number }): boolean {
  return counts.bad >= leastFailures && counts.bad >= (counts.ok + counts.bad) * openAtShare;
}

/** Of fewer answers than this in the window, what each call retries for itself is no load. */
const leastAnswers = 50;
/** The share of failures up to which each of them may be tried again without adding more than a tenth to the load. */
const retriableShare = 0.1;

/** Whether so many failures among so many answers are too many to try each of them again. */
export function struggles({ ok, bad }: { readonly ok: number; readonly bad: number }): boolean {
  return ok + bad >= leastAnswers && bad > (ok + bad) * retriableShare;
}

/** How long a lane is passed over the nth time in a row, from 0. */
export function openForMs(streak: number): number {
  return Math.min(longestOpenMs, firstOpenMs * 2 ** Math.min(streak, 10));
}

/** How long a provider's Retry-After closes a lane off. */
export function throttledForMs(retryAfterMs: number): number {
  return Math.min(longestThrottledMs, retryAfterMs);
}
