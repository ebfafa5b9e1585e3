import type { UpstreamFailure } from '../providers/upstream-failure.ts';
import { classify } from '../routing/classify.ts';
import type { AttemptRecord } from '../routing/final-error.ts';
import { reasonOf } from '../routing/reason.ts';
import type { Exchange } from './exchange.ts';

/** What made an answer, or a part of one. */
interface Maker {
  readonly target: { readonly name: string };
  readonly sentAtMs?: number | undefined;
}

/** Where among a call's attempts the one stands that made an answer; -1 where none of them did. */
export function servedAttempt(attempts: readonly AttemptRecord[], { target, sentAtMs }: Maker): number {
  return attempts.findLastIndex(({ target: name, startedAtMs }) => name === target.name && startedAtMs === sentAtMs);
}

/** Writes an answer that broke off down as the failure it was, in the place of the attempt that had begun it. */
export function noteBreak(exchange: Exchange, failure: UpstreamFailure, nowMs: number): AttemptRecord | undefined {
  const index = exchange.answered === undefined ? -1 : servedAttempt(exchange.attempts, exchange.answered);
  const attempt = exchange.attempts[index];
  if (attempt === undefined) return undefined;
  const broken = { ...attempt, latencyMs: nowMs - attempt.startedAtMs, outcome: classify(failure), reason: reasonOf(failure) };
  exchange.attempts[index] = broken;
  return broken;
}
