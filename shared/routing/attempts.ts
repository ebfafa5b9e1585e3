import type { Readable } from 'node:stream';
import type { Call } from '../calls/call.ts';
import type { Usage } from '../calls/usage.ts';
import type { Dialect } from '../dialects/dialect.ts';
import type { Answer, JsonAnswer, Transport } from '../providers/transport.ts';
import { UpstreamFailure } from '../providers/upstream-failure.ts';
import { classify, verdicts } from './classify.ts';
import { type AttemptRecord, type FailedAttempt, finalError } from './final-error.ts';
import { OpenedStream } from './opened-stream.ts';
import type { Plan, Target } from './plan.ts';

/** What routing needs of the world. */
export interface RoutingPorts {
  readonly nowMs: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** @throws when the signal fires. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** The way to a provider for calls in a dialect. */
  readonly transportFor: (target: Target, dialect: Dialect) => Transport | undefined;
}

/** A call on its way. */
export interface Journey {
  readonly call: Call;
  readonly dialect: Dialect;
  readonly plan: Plan;
  /** No attempt begins, and none goes on, after this moment. */
  readonly deadlineAtMs: number;
  /** Fires when the caller left. */
  readonly signal: AbortSignal;
  readonly maxOutputTokens: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Told of each attempt when it is over, for the receipt. */
  readonly onAttempt: (record: AttemptRecord) => void;
}

interface RoutedBase {
  readonly target: Target;
  /** The provider's headers meant for the caller. */
  readonly headers: Readonly<Record<string, string>>;
  readonly attempts: number;
}

/** A call that a provider answers. */
export type Routed =
  | (RoutedBase & { readonly kind: 'json'; readonly answer: JsonAnswer })
  | (RoutedBase & { readonly kind: 'stream'; readonly stream: OpenedStream; readonly usage: (() => Usage | undefined) | undefined })
  | (RoutedBase & { readonly kind: 'binary'; readonly source: Readable });

/** First pause between two tries of a target, doubled each time, drawn anew between zero and itself (full jitter). */
const firstBackoffMs = 250;
const longestBackoffMs = 8_000;
/** A provider may ask for more patience than this; then the call goes elsewhere or back to its caller. */
const longestRetryAfterMs = 30_000;
/** Waiting for one target while another stands ready helps nobody for longer than this. */
const longestWaitBeforeAnotherMs = 1_000;

/**
 * Takes a call along its plan until a provider answers. A stream counts as answered at its first content: until then
 * a failure is invisible to the caller, because nothing of the answer has been shown.
 * @throws GatewayError the most useful of all failures, with the list of attempts.
 */
export async function routeCall(journey: Journey, ports: RoutingPorts): Promise<Routed> {
  const failed: FailedAttempt[] = [];
  const { targets } = journey.plan;
  for (const [index, target] of targets.entries()) {
    const routed = await tryTarget(journey, ports, target, { isLast: index === targets.length - 1, failed });
    if (routed !== undefined) return routed;
  }
  throw finalError(failed);
}

/** Tries one target until it answers, or until only another one can help: then undefined. */
async function tryTarget(
  journey: Journey,
  ports: RoutingPorts,
  target: Target,
  { isLast, failed }: { readonly isLast: boolean; readonly failed: FailedAttempt[] },
): Promise<Routed | undefined> {
  for (let tries = 0; tries <= target.retries; tries += 1) {
    const startedAtMs = ports.nowMs();
    if (startedAtMs >= journey.deadlineAtMs) throw finalError([...failed, deadlineFailure(target, startedAtMs)]);
    try {
      const routed = await attempt(journey, target, ports, !isLast, failed.length + 1);
      journey.onAttempt(recordOf(target, startedAtMs, ports.nowMs(), undefined));
      return routed;
    } catch (error) {
      if (!(error instanceof UpstreamFailure)) throw error;
      const record = recordOf(target, startedAtMs, ports.nowMs(), error);
      failed.push({ record, failure: error });
      journey.onAttempt(record);
      const verdict = verdicts[classify(error)];
      if (verdict === 'give-up') throw finalError([{ record, failure: error }]);
      if (verdict === 'elsewhere' || tries === target.retries || !(await pause(journey, ports, target, error, { tries, isLast })))
        return undefined;
    }
  }
  return undefined;
}

/** Waits before the next try of a target; false, without waiting, where the wait is not worth it. */
async function pause(
  journey: Journey,
  ports: RoutingPorts,
  target: Target,
  failure: UpstreamFailure,
  { tries, isLast }: { readonly tries: number; readonly isLast: boolean },
): Promise<boolean> {
  const backoffMs = ports.random() * Math.min(longestBackoffMs, firstBackoffMs * 2 ** tries);
  const waitMs = Math.ceil(Math.max(backoffMs, failure.facts.retryAfterMs ?? 0));
  const patienceMs = isLast ? longestRetryAfterMs : longestWaitBeforeAnotherMs;
  if (waitMs > patienceMs || ports.nowMs() + waitMs >= journey.deadlineAtMs) return false;
  await ports.sleep(waitMs, journey.signal).catch(() => {
    throw finalError([deadlineFailure(target, ports.nowMs(), new UpstreamFailure('aborted', 'the caller left'))]);
  });
  return true;
}

async function attempt(journey: Journey, target: Target, ports: RoutingPorts, mayFailOver: boolean, attempts: number): Promise<Routed> {
  const { call, dialect } = journey;
  const transport = ports.transportFor(target, dialect);
  if (transport === undefined) throw new UpstreamFailure('unreachable', `${target.provider.id} cannot serve ${dialect.name}`);
  const deadline = deadlineSignal(journey, target, ports);
  try {
    const answer: Answer = await transport.send({
      call,
      dialect,
      provider: target.provider,
      model: target.model,
      overrides: target.overrides,
      maxOutputTokens: journey.maxOutputTokens,
      timeouts: target.timeouts,
      signal: deadline.signal,
      headers: journey.headers,
    });
    const base = { target, headers: answer.headers, attempts };
    if (answer.kind === 'json') {
      deadline.clear();
      return { ...base, kind: 'json', answer };
    }
    if (answer.kind === 'binary') {
      answer.source.once('close', deadline.clear);
      return { ...base, kind: 'binary', source: answer.source };
    }
    const state = dialect.startStream(call);
    const stream = new OpenedStream(dialect, state, answer.source, target.provider.id, deadline.clear);
    await stream.opening(mayFailOver);
    return { ...base, kind: 'stream', stream, usage: answer.usage };
  } catch (error) {
    deadline.clear();
    throw error;
  }
}

/** A signal that fires when the caller leaves or when the attempt's time is over. It must be cleared. */
function deadlineSignal(
  journey: Journey,
  target: Target,
  ports: RoutingPorts,
): { readonly signal: AbortSignal; readonly clear: () => void } {
  const leftMs = Math.max(1, Math.min(target.timeouts.totalMs, journey.deadlineAtMs - ports.nowMs()));
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new UpstreamFailure('total_timeout', `no whole answer within ${leftMs} ms`)), leftMs);
  const leave = (): void => controller.abort(journey.signal.reason);
  if (journey.signal.aborted) leave();
  journey.signal.addEventListener('abort', leave, { once: true });
  const clear = (): void => {
    clearTimeout(timer);
    journey.signal.removeEventListener('abort', leave);
  };
  return { signal: controller.signal, clear };
}

function recordOf(target: Target, startedAtMs: number, nowMs: number, failure: UpstreamFailure | undefined): AttemptRecord {
  return {
    target: target.name,
    startedAtMs,
    latencyMs: nowMs - startedAtMs,
    status: failure === undefined ? 200 : failure.facts.status,
    outcome: failure === undefined ? 'answered' : classify(failure),
  };
}

function deadlineFailure(
  target: Target,
  nowMs: number,
  failure = new UpstreamFailure('total_timeout', 'the deadline of the call passed'),
): FailedAttempt {
  return { failure, record: recordOf(target, nowMs, nowMs, failure) };
}
