import type { AdmissionAsk, Admitted, Ledger, Refused } from './ledger.ts';

/**
 * How long a call that finds its place or its money held by others waits for one of them to be settled, in milliseconds. Settling
 * takes two writes after the last byte, some 10 to 20 ms in a Region: a caller that makes one call after another is
 * faster than that.
 */
export const settlingPauseMs = 60;

/** What waiting takes. */
export interface Waiting {
  readonly pause: (ms: number) => Promise<unknown>;
  readonly nowMs: () => number;
}

/**
 * Asks the ledger to let a call in, and once more a moment later where only what other calls hold is in the way. Without it
 * a caller with one parallel call, or a budget for one, would be refused for the call whose answer it has just read.
 * Limits that a moment does not cure are told at once.
 */
export async function admitPatiently(ledger: Pick<Ledger, 'admit'>, ask: AdmissionAsk, waiting: Waiting): Promise<Admitted | Refused> {
  const answer = await ledger.admit(ask);
  if (answer.outcome === 'admitted' || answer.reason !== 'contention') return answer;
  await waiting.pause(settlingPauseMs);
  return ledger.admit({ ...ask, nowMs: waiting.nowMs() });
}
