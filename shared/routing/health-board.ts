import { slotOf, struggles } from './breaker.ts';
import { speaksAgainstTarget } from './classify.ts';
import type { HealthStore, LaneHealth, OpenReason, Outcome, Pass, Speed, SpeedSample } from './health.ts';
import { LaneState } from './lane-state.ts';

/** How old what other instances said may be when a call begins, in milliseconds. */
const refreshEveryMs = 2_500;
/** Failures are told at once, but a lane not more often than this. */
const tellFailuresEveryMs = 500;
/** Answers alone are told this often: they matter less, and there are many. */
const tellAnswersEveryMs = 10_000;
/** How long a claimed probe is good. Whoever claims one and gets no call leaves it to others after that. */
const probeLastsMs = 10_000;
/** After another instance claimed the probe, when to look again. */
const askAgainMs = 1_000;
const mostLanes = 1_000;

/** A lane that this instance has just opened. */
export interface OpenedLane {
  readonly lane: string;
  readonly untilMs: number;
  readonly reason: OpenReason;
  /** How often a probe has failed since the first opening. */
  readonly streak: number;
}

/**
 * The health of lanes, answered from memory. What this instance sees counts at once; what others see is read every few
 * seconds beside the calls, never before them. Without the store every instance goes by what it sees itself.
 */
export class HealthBoard implements LaneHealth {
  readonly #store: HealthStore;
  readonly #onStoreError: (error: unknown) => void;
  readonly #onOpen: (opened: OpenedLane) => void;
  readonly #lanes = new Map<string, LaneState>();
  readonly #writes = new Set<Promise<void>>();
  #readAtMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;

  constructor(store: HealthStore, onStoreError: (error: unknown) => void = () => {}, onOpen: (opened: OpenedLane) => void = () => {}) {
    this.#store = store;
    this.#onStoreError = onStoreError;
    this.#onOpen = onOpen;
  }

  prepare(lanes: readonly string[], nowMs: number): void {
    if (this.#reading === undefined && nowMs - this.#readAtMs >= refreshEveryMs) void this.refresh(nowMs);
    for (const name of lanes) {
      const lane = this.#lanes.get(name);
      if (lane?.isDue(nowMs)) this.#claim(lane, nowMs);
    }
  }

  /** Reads what all instances know. Never fails; others may be waiting for it. */
  refresh(nowMs: number): Promise<void> {
    this.#readAtMs = nowMs;
    this.#reading ??= this.#store
      .read()
      .then((known) => {
        for (const shared of known) this.#lane(shared.lane).merge(shared, nowMs);
      }, this.#onStoreError)
      .finally(() => {
        this.#reading = undefined;
      });
    return this.#reading;
  }

  pass(name: string, nowMs: number): Pass {
    const lane = this.#lanes.get(name);
    if (lane === undefined) return { kind: 'closed' };
    const pass = lane.state(nowMs);
    if (pass.kind === 'probe') lane.probe = 'taken';
    else if (lane.isDue(nowMs)) this.#claim(lane, nowMs);
    return pass;
  }

  state(name: string, nowMs: number): Pass {
    return this.#lanes.get(name)?.state(nowMs) ?? { kind: 'closed' };
  }

  struggles(name: string, nowMs: number): boolean {
    const lane = this.#lanes.get(name);
    return lane !== undefined && struggles(lane.counts(nowMs));
  }

  enter(name: string): void {
    this.#lane(name).underWay += 1;
  }

  leave(name: string): void {
    const lane = this.#lane(name);
    lane.underWay = Math.max(0, lane.underWay - 1);
  }

  report(name: string, outcome: Outcome, nowMs: number): void {
    const lane = this.#lane(name);
    const { failure } = outcome;
    if (failure === 'aborted') {
      if (lane.probe === 'taken') lane.probe = 'granted';
      return;
    }
    if (failure === undefined || !speaksAgainstTarget(failure)) {
      if (lane.answered(nowMs)) this.#write(lane, () => this.#store.close(name));
      return;
    }
    const asked = failure === 'rate_limited' ? outcome.retryAfterMs : undefined;
    if (lane.failed(asked, nowMs)) this.#open(lane);
    if (nowMs - lane.toldAtMs >= tellFailuresEveryMs) this.#tell(lane, nowMs);
  }

  measured(name: string, sample: SpeedSample, nowMs: number): void {
    this.#lane(name).measured(sample, nowMs);
  }

  speed(name: string, nowMs: number): Speed | undefined {
    return this.#lanes.get(name)?.speedAt(nowMs);
  }

  load(name: string, nowMs: number): number {
    return this.#lanes.get(name)?.load(nowMs) ?? 0;
  }

  /** Tells the others what is due to be told, and resolves once every write has landed or failed. For after a call. */
  async flush(nowMs: number): Promise<void> {
    for (const lane of this.#lanes.values()) {
      const dueAfterMs = lane.bad > 0 ? tellFailuresEveryMs : tellAnswersEveryMs;
      const hasNews = lane.bad > 0 || lane.ok > 0 || lane.speedIsNews;
      if (hasNews && nowMs - lane.toldAtMs >= dueAfterMs) this.#tell(lane, nowMs);
    }
    await Promise.all(this.#writes);
  }

  #lane(name: string): LaneState {
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      lane = new LaneState(name);
      this.#lanes.set(name, lane);
      if (this.#lanes.size > mostLanes) this.#forgetOne();
    }
    return lane;
  }

  #forgetOne(): void {
    for (const [name, lane] of this.#lanes) {
      if (lane.underWay > 0 || lane.writing > 0) continue;
      this.#lanes.delete(name);
      return;
    }
  }

  #open(lane: LaneState): void {
    const { openUntilMs: untilMs, openReason: reason, streak } = lane;
    this.#onOpen({ lane: lane.lane, untilMs, reason, streak });
    this.#write(lane, () => this.#store.open(lane.lane, { untilMs, reason, streak }));
  }

  #tell(lane: LaneState, nowMs: number): void {
    const { ok, bad } = lane;
    const speed = lane.speedIsNews ? lane.speed : undefined;
    lane.toldAtMs = nowMs;
    lane.ok = 0;
    lane.bad = 0;
    lane.speedIsNews = false;
    // Until the answer is here, what is being told is not forgotten.
    const before = lane.shared;
    lane.shared = withCounts(before, slotOf(nowMs), ok, bad);
    this.#write(lane, async () => {
      const shared = await this.#store.add(lane.lane, slotOf(nowMs), { ok, bad, speed });
      if (shared === undefined) return;
      lane.shared = shared;
      if (lane.openIfBad(nowMs)) this.#open(lane);
    });
  }

  #claim(lane: LaneState, nowMs: number): void {
    lane.probe = 'claiming';
    const settle = (granted: boolean): void => {
      if (lane.probe !== 'claiming') return;
      lane.probe = granted ? 'granted' : 'taken';
      lane.probeUntilMs = nowMs + (granted ? probeLastsMs : askAgainMs);
      // Whoever has the probe may have closed the lane by now.
      if (!granted) this.#readAtMs = Math.min(this.#readAtMs, nowMs - refreshEveryMs);
    };
    this.#track(
      this.#store.claimProbe(lane.lane, { nowMs, untilMs: nowMs + probeLastsMs }).then(settle, (error: unknown) => {
        this.#onStoreError(error);
        settle(true);
      }),
    );
  }

  #write(lane: LaneState, write: () => Promise<unknown>): void {
    lane.writing += 1;
    this.#track(
      write()
        .then(() => {}, this.#onStoreError)
        .finally(() => {
          lane.writing -= 1;
        }),
    );
  }

  #track(write: Promise<void>): void {
    const tracked = write.finally(() => this.#writes.delete(tracked));
    this.#writes.add(tracked);
  }
}

function withCounts(shared: LaneState['shared'], slot: number, ok: number, bad: number): LaneState['shared'] {
  if (shared.slot === slot) return { ...shared, ok: shared.ok + ok, bad: shared.bad + bad };
  const followed = shared.slot === slot - 1;
  return { ...shared, slot, ok, bad, previousOk: followed ? shared.ok : 0, previousBad: followed ? shared.bad : 0 };
}
