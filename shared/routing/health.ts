import type { FailureClass } from './classify.ts';

/**
 * How well a lane does, as all instances together know it. A lane is a target, or one key of a target whose provider
 * has several.
 */
export interface SharedHealth {
  readonly lane: string;
  /** Number of the time slot that `ok` and `bad` count in. */
  readonly slot: number;
  readonly ok: number;
  readonly bad: number;
  readonly previousOk: number;
  readonly previousBad: number;
  /** Calls pass it over until then; 0 while closed. */
  readonly openUntilMs: number;
  readonly openReason: OpenReason;
  /** How many times in a row it was opened without an answer in between. */
  readonly streak: number;
  /** Somebody is trying whether it is well again, until then at the latest. */
  readonly probeUntilMs: number;
  readonly speed: Speed | undefined;
}

/** Why a lane is passed over: too many of its answers were failures, or the provider asked to be left alone. */
export type OpenReason = 'errors' | 'throttled';

/** How fast a lane answers, as a moving average. */
export interface Speed {
  /** From sending a call to the first content, in milliseconds. */
  readonly firstContentMs: number;
  readonly tokensPerSecond: number;
  /** A whole call, in milliseconds. */
  readonly durationMs: number;
  readonly measuredAtMs: number;
}

/** One call's contribution to {@link Speed}. */
export type SpeedSample = Omit<Speed, 'measuredAtMs'>;

/** What an instance has counted since it last told the others. */
export interface HealthDelta {
  readonly ok: number;
  readonly bad: number;
  readonly speed: Speed | undefined;
}

/** Keeps health where all instances see it. Every method may throw; then each instance relies on what it sees itself. */
export interface HealthStore {
  /** The health of all lanes. */
  read(): Promise<readonly SharedHealth[]>;
  /** Adds what was counted to the slot, and says how the lane stands then. */
  add(lane: string, slot: number, delta: HealthDelta): Promise<SharedHealth | undefined>;
  /** Opens the lane, unless it is open for longer already. */
  open(lane: string, opening: { readonly untilMs: number; readonly reason: OpenReason; readonly streak: number }): Promise<void>;
  /** Closes it and forgets what was counted. */
  close(lane: string): Promise<void>;
  /** Claims the one probe of a lane that is due to be tried; false where another instance has it. */
  claimProbe(lane: string, claim: { readonly nowMs: number; readonly untilMs: number }): Promise<boolean>;
}

/** Whether a call may go down a lane now. */
export type Pass =
  | { readonly kind: 'closed' }
  /** This one call finds out whether the lane is well again. */
  | { readonly kind: 'probe' }
  | { readonly kind: 'open'; readonly reason: OpenReason; readonly untilMs: number };

/** How an attempt ended, to a lane's health. */
export interface Outcome {
  /** Undefined when it answered. */
  readonly failure: FailureClass | undefined;
  readonly retryAfterMs: number | undefined;
}

/** What routing asks and tells of the health of lanes. Answers come from memory, at once. */
export interface LaneHealth {
  /** Says early which lanes a call may take, so that what is old is read anew, and due probes are claimed, meanwhile. */
  prepare(lanes: readonly string[], nowMs: number): void;
  /** Whether a call may go down the lane. Asking for a lane whose probe is this instance's takes the probe. */
  pass(lane: string, nowMs: number): Pass;
  /** The same without taking anything, for looking only. */
  state(lane: string, nowMs: number): Pass;
  /** Whether more of all instances' calls on the lane fail than each could be repeated without adding a tenth to its load. */
  struggles(lane: string, nowMs: number): boolean;
  /** A call goes down the lane; `leave` when it is over, however it went. */
  enter(lane: string): void;
  leave(lane: string): void;
  report(lane: string, outcome: Outcome, nowMs: number): void;
  measured(lane: string, sample: SpeedSample, nowMs: number): void;
  speed(lane: string, nowMs: number): Speed | undefined;
  /** About how many calls are on the lane now, over all instances. */
  load(lane: string, nowMs: number): number;
}
