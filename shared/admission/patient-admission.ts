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
 * Asks the ledger to let a call in, and once more a moment later where what other calls hold is in the way. Without it a
 * caller with one parallel call, or with money or tokens for one, would be refused for the call whose answer it has just
 * read. Limits that a moment does not cure are told at once.
 */
export async function admitPatiently(ledger: Pick<Ledger, 'admit'>, ask: AdmissionAsk, waiting: Waiting): Promise<Admitted | Refused> {
  const answer = await ledger.admit(ask);
  if (answer.outcome === 'admitted' || !passes(answer)) return answer;
  await waiting.pause(settlingPauseMs);
  return ledger.admit({ ...ask, nowMs: waiting.nowMs() });
}

/** Whether what refuses may be gone in a moment. A rate tells not apart what is used and what is held; calls under way hold some of it. */
function passes({ reason, limit, standing }: Refused): boolean {
  return reason === 'contention' || (reason === 'rate' && limit === 'tokens' && standing.parallel.underWay > 0);
}
