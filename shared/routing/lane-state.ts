import { countsAt, failuresInARow, openForMs, shouldOpen, slotMs, throttledForMs } from './breaker.ts';
import type { OpenReason, Pass, SharedHealth, Speed, SpeedSample } from './health.ts';

/** How much a new measurement weighs against all before it. */
const newSampleShare = 0.3;
/** A measurement older than this says nothing of today. */
const speedLastsMs = 15 * 60_000;

/** An eventually consistent read may miss a write for about this long. */
const landsWithinMs = 1_000;

/** What one instance knows of a lane: what all have counted, what it has not told yet, and what it decided itself. */
export class LaneState {
  readonly lane: string;
  /** What all instances had counted when last looked. */
  shared: SharedHealth;
  ok = 0;
  bad = 0;
  /** Failures that this instance has seen since its last answer. */
  inARow = 0;
  openUntilMs = 0;
  openReason: OpenReason = 'errors';
  streak = 0;
  probe: 'none' | 'claiming' | 'granted' | 'taken' = 'none';
  /** Until when a grant is good, or when to ask again. */
  probeUntilMs = 0;
  underWay = 0;
  speed: Speed | undefined;
  speedIsNews = false;
  toldAtMs = 0;
  /** Writes of this instance that have not landed; until they have, its own word counts. */
  writing = 0;
  /** When this instance last opened or closed the lane itself. */
  decidedAtMs = Number.NEGATIVE_INFINITY;

  constructor(lane: string) {
    this.lane = lane;
    this.shared = { ...emptyHealth, lane };
  }

  /** Takes over what all instances knew at a moment. */
  merge(shared: SharedHealth, askedAtMs: number): void {
    if (!this.speedIsNews) this.speed = shared.speed ?? this.speed;
    // What was read before this instance's own word could land would take it back.
    if (this.writing > 0 || askedAtMs <= this.decidedAtMs + landsWithinMs) return;
    this.shared = shared;
    const reopened = shared.openUntilMs !== this.openUntilMs;
    this.openUntilMs = shared.openUntilMs;
    this.openReason = shared.openReason;
    this.streak = shared.streak;
    if (reopened && this.probe !== 'claiming') this.probe = 'none';
    if (reopened) this.inARow = 0;
  }

  /** How calls fare now, without taking a probe. */
  state(nowMs: number): Pass {
    if (this.openUntilMs === 0) return { kind: 'closed' };
    if (nowMs >= this.openUntilMs && this.probe === 'granted' && nowMs < this.probeUntilMs) return { kind: 'probe' };
    return { kind: 'open', reason: this.openReason, untilMs: this.openUntilMs };
  }

  /** Whether it is time to find out how the lane is, and nobody here does yet. */
  isDue(nowMs: number): boolean {
    if (this.openUntilMs === 0 || nowMs < this.openUntilMs || this.probe === 'claiming') return false;
    return this.probe === 'none' || nowMs >= this.probeUntilMs;
  }

  /** What all instances have counted in the window, as far as this one knows. */
  counts(nowMs: number): { readonly ok: number; readonly bad: number } {
    const { ok, bad } = countsAt(this.shared, nowMs);
    return { ok: ok + this.ok, bad: bad + this.bad };
  }

  /** Counts a failure. Returns whether the lane is to be opened, as its fields then say. */
  failed(retryAfterMs: number | undefined, nowMs: number): boolean {
    this.bad += 1;
    this.inARow += 1;
    if (retryAfterMs !== undefined) return this.#openUntil(nowMs + throttledForMs(retryAfterMs), 'throttled', this.streak, nowMs);
    const wasDue = this.openUntilMs > 0 && nowMs >= this.openUntilMs;
    if (wasDue) return this.#openUntil(nowMs + openForMs(this.streak + 1), 'errors', this.streak + 1, nowMs);
    return this.openIfBad(nowMs);
  }

  /** Opens a closed lane whose window is full of failures, or that fails without a break. */
  openIfBad(nowMs: number): boolean {
    if (this.openUntilMs > 0 || !(this.inARow >= failuresInARow || shouldOpen(this.counts(nowMs)))) return false;
    return this.#openUntil(nowMs + openForMs(0), 'errors', 0, nowMs);
  }

  /** Counts an answer. Returns whether it closes the lane, in which case nothing is left of what was counted. */
  answered(nowMs: number): boolean {
    this.ok += 1;
    this.inARow = 0;
    if (this.openUntilMs === 0) return false;
    this.openUntilMs = 0;
    this.decidedAtMs = nowMs;
    this.streak = 0;
    this.probe = 'none';
    this.ok = 0;
    this.bad = 0;
    this.shared = { ...emptyHealth, lane: this.lane };
    return true;
  }

  measured(sample: SpeedSample, nowMs: number): void {
    const before = this.speedAt(nowMs);
    const mix = (old: number | undefined, now: number): number => (old === undefined ? now : old + (now - old) * newSampleShare);
    this.speed = {
      firstContentMs: mix(before?.firstContentMs, sample.firstContentMs),
      tokensPerSecond: mix(before?.tokensPerSecond, sample.tokensPerSecond),
      durationMs: mix(before?.durationMs, sample.durationMs),
      measuredAtMs: nowMs,
    };
    this.speedIsNews = true;
  }

  speedAt(nowMs: number): Speed | undefined {
    return this.speed !== undefined && nowMs - this.speed.measuredAtMs < speedLastsMs ? this.speed : undefined;
  }

  /** Calls on the lane over all instances: arrivals a second times seconds each (Little's law), or more if this instance has more. */
  load(nowMs: number): number {
    const { ok, bad } = this.counts(nowMs);
    const windowMs = slotMs + (nowMs % slotMs);
    const elsewhere = ((ok + bad) / windowMs) * (this.speedAt(nowMs)?.durationMs ?? 0);
    return Math.max(this.underWay, elsewhere);
  }

  #openUntil(untilMs: number, reason: OpenReason, streak: number, nowMs: number): boolean {
    if (untilMs <= this.openUntilMs) return false;
    this.decidedAtMs = nowMs;
    this.openUntilMs = untilMs;
    this.openReason = reason;
    this.streak = streak;
    this.probe = 'none';
    return true;
  }
}

const emptyHealth: Omit<SharedHealth, 'lane'> = {
  slot: 0,
  ok: 0,
  bad: 0,
  previousOk: 0,
  previousBad: 0,
  openUntilMs: 0,
  openReason: 'errors',
  streak: 0,
  probeUntilMs: 0,
  speed: undefined,
};
