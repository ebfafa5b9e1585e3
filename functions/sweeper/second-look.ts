import type { DeadHold, HoldsUnderWay, Ledger } from '../../shared/admission/ledger.ts';

/** Half of the time between two runs: with a look in the middle no dead hold waits longer than this. */
const halfMs = 30_000;

/** What has to be left of an invocation to look again and write down what was found. */
const lookingMs = 15_000;

/** What looking again needs of the world. */
export interface SecondLookPorts {
  readonly ledger: Pick<Ledger, 'sweep'>;
  readonly nowMs: () => number;
  readonly sleep: (ms: number) => Promise<unknown>;
  /** What is left of this invocation, in milliseconds. */
  readonly remainingMs: () => number;
}

/**
 * Sweeps again half a minute later, if some hold will count as dead by then: a schedule knows nothing shorter than a minute,
 * and a hold expires some seconds after its call's deadline. Where nothing is due, the function ends and costs nothing.
 */
export async function secondLook(underWay: HoldsUnderWay | undefined, sweptAtMs: number, ports: SecondLookPorts): Promise<DeadHold[]> {
  const { ledger, nowMs, sleep, remainingMs } = ports;
  const dueMs = (underWay?.nextDeadAtMs ?? Number.POSITIVE_INFINITY) - sweptAtMs;
  if (dueMs > halfMs) return [];
  const waitMs = sweptAtMs + halfMs - nowMs();
  if (waitMs > 0) {
    if (remainingMs() < waitMs + lookingMs) return [];
    await sleep(waitMs);
  }
  return await ledger.sweep(nowMs());
}
