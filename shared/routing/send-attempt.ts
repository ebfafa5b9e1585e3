import type { Usage } from '../calls/usage.ts';
import type { Dialect, StreamState } from '../dialects/dialect.ts';
import type { BinaryAnswer, JsonAnswer, StreamAnswer, Timeouts } from '../providers/transport.ts';
import { UpstreamFailure } from '../providers/upstream-failure.ts';
import { classify } from './classify.ts';
import type { Journey, RoutingPorts } from './journey.ts';
import type { Lane } from './lanes.ts';
import { OpenedStream } from './opened-stream.ts';
import type { Target } from './plan.ts';

/** Such a call does not suit the target, which may be well all the same. */
function notServed({ provider }: Target, dialect: Dialect): UpstreamFailure {
  return new UpstreamFailure('status', `${provider.id} cannot serve ${dialect.name}`, {
    status: 404,
    providerCode: 'model_not_found',
    providerMessage: `'${provider.id}' has nothing that serves ${dialect.name}. Name a model of a provider that does; docs/providers.md lists them.`,
  });
}

/** What came of one attempt that was answered. */
export type Sent = { readonly headers: Readonly<Record<string, string>> } & (
  | { readonly kind: 'json'; readonly answer: JsonAnswer }
  | ({ readonly kind: 'stream'; readonly stream: OpenedStream; readonly usage: (() => Usage | undefined) | undefined } & Pick<
      StreamAnswer,
      'translated'
    >)
  | ({ readonly kind: 'binary' } & Pick<BinaryAnswer, 'source' | 'outline'>)
);

/**
 * Sends a call down a lane once. A stream is handed over at its first content where another target could still take
 * over, else at its first sound event. The lane is told of an answer here, and of a stream that breaks later.
 * @throws UpstreamFailure
 */
export async function sendAttempt(journey: Journey, lane: Lane, ports: RoutingPorts, mayFailOver: boolean): Promise<Sent> {
  const { call, dialect } = journey;
  const { target } = lane;
  const transport = ports.transportFor(target, dialect, call);
  if (transport === undefined) throw notServed(target, dialect);
  const nowMs = ports.nowMs();
  const leftMs = journey.deadlineAtMs - nowMs;
  const deadline = deadlineSignal(journey.signal, Math.max(1, Math.min(target.timeouts.totalMs, leftMs)));
  const over = onceOver(lane, ports, deadline.clear);
  let begun: StreamState | undefined;
  try {
    const answer = await transport.send({
      call,
      dialect,
      provider: target.provider,
      model: target.model,
      overrides: target.overrides,
      bounds: target.bounds,
      maxOutputTokens: journey.maxOutputTokens,
      timeouts: mayFailOver ? leavingTime(target.timeouts, leftMs) : target.timeouts,
      signal: deadline.signal,
      headers: journey.headers,
    });
    const { headers } = answer;
    if (answer.kind === 'json') {
      over.answered();
      over.end(undefined);
      return { headers, kind: 'json', answer };
    }
    if (answer.kind === 'binary') {
      over.answered();
      answer.source.once('close', () => over.end(undefined));
      return { headers, kind: 'binary', source: answer.source, ...(answer.outline && { outline: answer.outline }) };
    }
    const state = dialect.startStream(call);
    state.serviceTier ??= answer.serviceTier;
    begun = state;
    const stream = new OpenedStream(dialect, state, answer.source, target.provider.id, over.end);
    await stream.opening(mayFailOver);
    over.answered();
    return { headers, kind: 'stream', stream, usage: answer.usage, ...(answer.translated && { translated: answer.translated }) };
  } catch (error) {
    over.end(undefined);
    if (begun?.usage !== undefined && journey.signal.aborted) journey.onAbandoned?.({ target, sentAtMs: nowMs, facts: begun });
    throw error;
  }
}

/** Counts the call on its lane until it is over, and tells of a failure that comes after the answer began. */
function onceOver(lane: Lane, ports: RoutingPorts, clear: () => void) {
  let isOver = false;
  let isAnswered = false;
  ports.health.enter(lane.id);
  return {
    answered: (): void => {
      isAnswered = true;
      ports.health.report(lane.id, { failure: undefined, retryAfterMs: undefined }, ports.nowMs());
    },
    end: (failure: UpstreamFailure | undefined): void => {
      if (isOver) return;
      isOver = true;
      clear();
      ports.health.leave(lane.id);
      if (isAnswered && failure !== undefined)
        ports.health.report(lane.id, { failure: classify(failure), retryAfterMs: failure.facts.retryAfterMs }, ports.nowMs());
    },
  };
}

/** While another target stands ready, silence may use up only half of the time that is left. */
function leavingTime(timeouts: Timeouts, leftMs: number): Timeouts {
  const halfMs = Math.max(1, Math.floor(leftMs / 2));
  return { ...timeouts, connectMs: Math.min(timeouts.connectMs, halfMs), firstByteMs: Math.min(timeouts.firstByteMs, halfMs) };
}

/** A signal that fires when the caller leaves or when the attempt's time is over. It must be cleared. */
function deadlineSignal(caller: AbortSignal, leftMs: number): { readonly signal: AbortSignal; readonly clear: () => void } {
  const controller = new AbortController();
  const timer = setTimeout(
    () => controller.abort(new UpstreamFailure('total_timeout', `no whole answer within ${Math.round(leftMs)} ms`)),
    leftMs,
  );
  const leave = (): void => controller.abort(caller.reason);
  if (caller.aborted) leave();
  caller.addEventListener('abort', leave, { once: true });
  const clear = (): void => {
    clearTimeout(timer);
    caller.removeEventListener('abort', leave);
  };
  return { signal: controller.signal, clear };
}
