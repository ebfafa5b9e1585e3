import type { Consumption, Exchange } from '../../shared/middleware/exchange.ts';
import { servedAttempt } from '../../shared/middleware/served-attempt.ts';
import type { ClosedCall } from '../../shared/middleware/settle.ts';
import type { AttemptRecord } from '../../shared/routing/final-error.ts';
import type { CallRecord } from '../../shared/telemetry/call-record.ts';

type RecordedAttempt = CallRecord['attempts'][number];

/** What an attempt came to. One that made no part of the answer has cost nothing. */
type AttemptCost = Pick<Consumption, 'costNanoUsd' | 'estimated'>;

/** The attempts of a call with what each of them cost; the costs sum to that of the call. */
export function describeAttempts(exchange: Exchange, { lastPart }: ClosedCall): RecordedAttempt[] {
  const { attempts, answered, resumed, replayed, startedAtMs } = exchange;
  const costs = new Map<number, AttemptCost>();
  if (resumed !== undefined) costs.set(servedAttempt(attempts, { ...resumed, target: resumed.from }), resumed.consumption);
  if (answered !== undefined && replayed === undefined) costs.set(servedAttempt(attempts, answered), lastPart);
  return attempts.map((attempt, index) => describeAttempt(attempt, startedAtMs, costs.get(index)));
}

/** The attempts of a call of the gateway's own, of which only one that answered has cost anything. */
export function describeOwnAttempts(
  attempts: readonly AttemptRecord[],
  startedAtMs: number,
  costNanoUsd: number | undefined,
): RecordedAttempt[] {
  return attempts.map((attempt) =>
    describeAttempt(attempt, startedAtMs, attempt.outcome === 'answered' ? { costNanoUsd, estimated: false } : undefined),
  );
}

function describeAttempt(attempt: AttemptRecord, callStartedAtMs: number, cost: AttemptCost | undefined): RecordedAttempt {
  return {
    target: attempt.target,
    ...(attempt.via !== undefined && { via: attempt.via }),
    startedMs: rounded(attempt.startedAtMs - callStartedAtMs),
    latencyMs: rounded(attempt.latencyMs),
    ...(attempt.status !== undefined && { status: attempt.status }),
    outcome: attempt.outcome,
    ...(attempt.reason !== undefined && { reason: attempt.reason }),
    ...(cost?.costNanoUsd && { costNanoUsd: cost.costNanoUsd }),
    ...(cost?.estimated && { estimated: true }),
    ...(cost !== undefined && cost.costNanoUsd === undefined && { unpriced: true }),
  };
}

function rounded(ms: number): number {
  return Math.max(0, Math.round(ms * 100) / 100);
}
