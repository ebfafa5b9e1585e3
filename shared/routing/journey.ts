import type { Call } from '../calls/call.ts';
import type { Usage } from '../calls/usage.ts';
import type { AnswerFacts, Dialect } from '../dialects/dialect.ts';
import type { BinaryAnswer, JsonAnswer, StreamAnswer, Transport } from '../providers/transport.ts';
import type { AttemptRecord } from './final-error.ts';
import type { LaneHealth } from './health.ts';
import type { OpenedStream } from './opened-stream.ts';
import type { Plan, Target } from './plan.ts';
import type { RetryBudget } from './retry-budget.ts';

/** What routing needs of the world. */
export interface RoutingPorts {
  readonly nowMs: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** @throws when the signal fires. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** The way to a provider for a call in a dialect. */
  readonly transportFor: (target: Target, dialect: Dialect, call: Call) => Transport | undefined;
  readonly health: LaneHealth;
  readonly retryBudget: RetryBudget;
}

/** Room that a call has been given in a target's own limits. */
export interface TargetPermit {
  /** Gives it back: the target did not serve the call. */
  release(): void;
}

/** Keeps the limits that targets have of their own. */
export interface TargetLimiter {
  /** Undefined where the target has no limits; a refusal says until when, as far as that is known. */
  admit(target: Target): Promise<TargetPermit | { readonly refusedUntilMs: number | undefined } | undefined>;
}

/** A stream that was under way, and of which nothing has been shown. */
export interface Abandoned {
  readonly target: Target;
  readonly sentAtMs: number;
  readonly facts: AnswerFacts;
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
  /** Told of a stream whose caller left before its first content, where the provider had counted the prompt by then. */
  readonly onAbandoned?: (left: Abandoned) => void;
  readonly limiter?: TargetLimiter | undefined;
}

interface RoutedBase {
  readonly target: Target;
  /** The lane it went down, for its health. */
  readonly lane: string;
  readonly sentAtMs: number;
  /** The provider's headers meant for the caller. */
  readonly headers: Readonly<Record<string, string>>;
  readonly attempts: number;
}

/** A call that a provider answers. */
export type Routed =
  | (RoutedBase & { readonly kind: 'json'; readonly answer: JsonAnswer })
  | (RoutedBase & { readonly kind: 'stream'; readonly stream: OpenedStream; readonly usage: (() => Usage | undefined) | undefined } & Pick<
        StreamAnswer,
        'translated'
      >)
  | (RoutedBase & { readonly kind: 'binary' } & Pick<BinaryAnswer, 'source' | 'outline'>);
