import { UpstreamFailure } from '../providers/upstream-failure.ts';
import { classify, type FailureClass, speaksAgainstTarget, verdicts } from './classify.ts';
import { type AttemptRecord, type FailedAttempt, finalError, type PassedOver } from './final-error.ts';
import type { Journey, Routed, RoutingPorts } from './journey.ts';
import { anyOpen, anyPasses, type Lane, lanesAfter, lanesOf, pickLane, rotated } from './lanes.ts';
import type { Target } from './plan.ts';
import { reasonOf } from './reason.ts';
import { sendAttempt } from './send-attempt.ts';

/** First pause between two tries of a target, doubled each time, drawn anew between zero and itself (full jitter). */
const firstBackoffMs = 250;
const longestBackoffMs = 8_000;
/** A provider may ask for more patience than this; then the call goes elsewhere or back to its caller. */
const longestRetryAfterMs = 30_000;
/** Waiting for one target while another stands ready helps nobody for longer than this. */
const longestWaitBeforeAnotherMs = 500;

/** Further keys and regions of one target that one call tries at most. */
const mostOtherLanes = 8;

/** A call under way: where it has been, and where it may still go. */
interface Trip {
  readonly journey: Journey;
  readonly ports: RoutingPorts;
  readonly failed: FailedAttempt[];
  readonly passedOver: (PassedOver & { readonly lane: Lane | undefined })[];
  /** Targets still to be tried, best first. */
  ahead: readonly Target[];
}

/**
 * Takes a call along its plan until a provider answers. A stream counts as answered at its first content: until then
 * a failure is invisible to the caller, because nothing of the answer has been shown.
 * @throws GatewayError the most useful of all failures, with the list of attempts.
 */
export async function routeCall(journey: Journey, ports: RoutingPorts): Promise<Routed> {
  const trip: Trip = { journey, ports, failed: [], passedOver: [], ahead: journey.plan.targets };
  const visited = new Set<string>();
  for (let target = trip.ahead[0]; target !== undefined; target = trip.ahead[0]) {
    trip.ahead = trip.ahead.slice(1);
    if (visited.has(target.name)) continue;
    visited.add(target.name);
    const routed = await visit(trip, target);
    if (routed !== undefined) return routed;
  }
  return (await lastResort(trip)) ?? giveUp(trip);
}

/** Tries one target until it answers, or until only another one can help: then undefined. */
async function visit(trip: Trip, target: Target): Promise<Routed | undefined> {
  const { ports } = trip;
  let lanes = rotated(lanesOf(target), ports.random);
  const { lane: first, closed } = pickLane(lanes, ports.health, ports.nowMs());
  if (first === undefined) {
    const { reason, untilMs } = closed ?? { reason: 'errors', untilMs: undefined };
    trip.passedOver.push({ target: target.name, reason: reason === 'errors' ? 'breaker_open' : 'throttled', untilMs, lane: lanes[0] });
    return undefined;
  }
  const permit = await trip.journey.limiter?.admit(target);
  if (permit !== undefined && 'refusedUntilMs' in permit) {
    trip.passedOver.push({ target: target.name, reason: 'limit_reached', untilMs: permit.refusedUntilMs, lane: undefined });
    // A probe that was not made is left for the next call.
    ports.health.report(first.id, { failure: 'aborted', retryAfterMs: undefined }, ports.nowMs());
    return undefined;
  }
  ports.retryBudget.tried(target.name, ports.nowMs());
  try {
    let lane = first;
    for (let retries = 0; ; ) {
      lanes = lanes.filter(({ id }) => id !== lane.id).slice(0, mostOtherLanes);
      const routed = await tryLane(trip, lane, lanes);
      if (!('failure' in routed)) return routed;
      const failureClass = classify(routed.failure);
      if (turnsToFallbacks(trip, failureClass)) break;
      const other = pickLane(lanesAfter(lane, failureClass, lanes), ports.health, ports.nowMs()).lane;
      if (other !== undefined) lane = other;
      else if (retries >= target.retries || !(await mayRetry(trip, lane, routed.failure, retries))) break;
      else retries += 1;
    }
  } catch (error) {
    permit?.release();
    throw error;
  }
  permit?.release();
  return undefined;
}

/** One try down one lane, while others of the same target may stand ready; a failure that ends the call is thrown. */
async function tryLane(trip: Trip, lane: Lane, others: readonly Lane[]): Promise<Routed | FailedAttempt> {
  const { journey, ports, failed } = trip;
  const startedAtMs = ports.nowMs();
  if (startedAtMs >= journey.deadlineAtMs) giveUp(trip, failed.length === 0 ? deadlineFailure(lane, startedAtMs) : undefined);
  const elsewhere = others.filter(({ region }) => region !== lane.region);
  const mayFailOver = anyOpen(trip.ahead, ports.health, startedAtMs) || anyPasses(elsewhere, ports.health, startedAtMs);
  try {
    const sent = await sendAttempt(journey, lane, ports, mayFailOver);
    journey.onAttempt(recordOf(lane, startedAtMs, ports.nowMs(), undefined));
    return { ...sent, target: lane.target, lane: lane.id, sentAtMs: startedAtMs, attempts: failed.length + 1 };
  } catch (error) {
    if (!(error instanceof UpstreamFailure)) throw error;
    const attempt = { record: recordOf(lane, startedAtMs, ports.nowMs(), error), failure: error };
    failed.push(attempt);
    journey.onAttempt(attempt.record);
    const failureClass = classify(error);
    ports.health.report(lane.id, { failure: failureClass, retryAfterMs: error.facts.retryAfterMs }, ports.nowMs());
    if (verdicts[failureClass] === 'give-up') giveUp(trip, attempt);
    return attempt;
  }
}

/** Two kinds of failure have targets of their own on a route, which take the place of the rest of the plan. */
function turnsToFallbacks(trip: Trip, failureClass: FailureClass): boolean {
  const { fallbacks } = trip.journey.plan;
  const list =
    failureClass === 'context_length' ? fallbacks.contextLength : failureClass === 'content_policy' ? fallbacks.contentPolicy : [];
  if (list.length === 0) return false;
  trip.ahead = list;
  return true;
}

/** Waits before the next try of a lane; false, without waiting, where another try is not worth it or not allowed. */
async function mayRetry(trip: Trip, lane: Lane, failure: UpstreamFailure, retries: number): Promise<boolean> {
  const { journey, ports } = trip;
  if (verdicts[classify(failure)] !== 'retry') return false;
  const nowMs = ports.nowMs();
  const isLast = !anyOpen(trip.ahead, ports.health, nowMs);
  const state = ports.health.state(lane.id, nowMs);
  if (state.kind === 'open' && (state.reason === 'errors' || !isLast)) return false;
  const backoffMs = ports.random() * Math.min(longestBackoffMs, firstBackoffMs * 2 ** retries);
  const askedMs = failure.facts.retryAfterMs;
  // All who were told the same moment do not come back in the same moment.
  const waitMs = Math.ceil(askedMs === undefined ? backoffMs : askedMs + ports.random() * firstBackoffMs);
  const patienceMs = isLast ? longestRetryAfterMs : longestWaitBeforeAnotherMs;
  if (waitMs > patienceMs || nowMs + waitMs >= journey.deadlineAtMs) return false;
  if (!ports.retryBudget.take(lane.target.name, nowMs, ports.health.struggles(lane.id, nowMs))) return false;
  await ports.sleep(waitMs, journey.signal).catch(() => {
    const left = new UpstreamFailure('aborted', 'the caller left');
    giveUp(trip, { failure: left, record: recordOf(lane, nowMs, ports.nowMs(), left) });
  });
  return true;
}

/**
 * A breaker spares a call the wait for a target that is probably down; it does not turn a call away that has nowhere
 * else to go. One try, no retries. A provider that asked to be left alone is left alone.
 */
async function lastResort(trip: Trip): Promise<Routed | undefined> {
  const { ports, failed } = trip;
  if (failed.some(({ failure }) => !speaksAgainstTarget(classify(failure)))) return undefined;
  const nowMs = ports.nowMs();
  const spared = trip.passedOver.find(
    ({ lane, reason, untilMs }) => lane !== undefined && (reason === 'breaker_open' || (untilMs ?? Number.POSITIVE_INFINITY) <= nowMs),
  );
  if (spared?.lane === undefined) return undefined;
  const permit = await trip.journey.limiter?.admit(spared.lane.target);
  if (permit !== undefined && 'refusedUntilMs' in permit) return undefined;
  trip.passedOver.splice(trip.passedOver.indexOf(spared), 1);
  const routed = await tryLane(trip, spared.lane, []).catch((error: unknown) => {
    permit?.release();
    throw error;
  });
  if (!('failure' in routed)) return routed;
  permit?.release();
  return undefined;
}

function giveUp(trip: Trip, decisive?: FailedAttempt): never {
  const { failed, passedOver, ports } = trip;
  throw finalError({ failed, passedOver, nowMs: ports.nowMs(), ...(decisive && { decisive }) });
}

function recordOf(lane: Lane, startedAtMs: number, nowMs: number, failure: UpstreamFailure | undefined): AttemptRecord {
  return {
    target: lane.target.name,
    ...(lane.label !== undefined && { via: lane.label }),
    startedAtMs,
    latencyMs: nowMs - startedAtMs,
    status: failure === undefined ? 200 : failure.facts.status,
    outcome: failure === undefined ? 'answered' : classify(failure),
    ...(failure !== undefined && { reason: reasonOf(failure) }),
  };
}

function deadlineFailure(lane: Lane, nowMs: number): FailedAttempt {
  const failure = new UpstreamFailure('total_timeout', 'the deadline of the call passed');
  return { failure, record: recordOf(lane, nowMs, nowMs, failure) };
}
