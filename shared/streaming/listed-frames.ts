import type { FrameSink, FrameSource } from './frame-source.ts';
import type { SseFrame } from './sse-reader.ts';

/** How fast events that are all at hand are handed on, in milliseconds. */
export interface Pace {
  /** Between one event and the next. */
  readonly intervalMs: number;
  /** From the first event to the last, at most: where there are too many for that, they come faster. */
  readonly mostMs: number;
}

const atOnce: Pace = { intervalMs: 0, mostMs: 0 };

/**
 * A source over events that are all at hand, such as a cached answer: in one tick, as far as the reader takes them, or
 * one after the other as a model would. The first one comes at once. What falls due during a pause comes with the
 * resumption, so that the whole never takes longer than it should.
 */
export class ListedFrames implements FrameSource {
  readonly #frames: readonly SseFrame[];
  readonly #intervalMs: number;
  #next = 0;
  #begunAtMs = 0;
  #paused = false;
  #sink: FrameSink | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(frames: readonly SseFrame[], { intervalMs, mostMs }: Pace = atOnce) {
    this.#frames = frames;
    this.#intervalMs = Math.min(intervalMs, Math.max(0, mostMs) / Math.max(1, frames.length - 1));
  }

  start(sink: FrameSink): void {
    this.#sink = sink;
    this.#begunAtMs = performance.now();
    this.#deliver();
  }

  pause(): void {
    this.#paused = true;
    clearTimeout(this.#timer);
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#deliver();
  }

  cancel(): void {
    this.#sink = undefined;
    clearTimeout(this.#timer);
  }

  /** Hands on what is due and sets the clock for what is not. */
  #deliver(): void {
    const elapsedMs = performance.now() - this.#begunAtMs;
    while (!this.#paused && this.#sink !== undefined) {
      const frame = this.#frames[this.#next];
      if (frame === undefined) {
        const sink = this.#sink;
        this.#sink = undefined;
        sink.end();
        return;
      }
      const waitMs = this.#next * this.#intervalMs - elapsedMs;
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#deliver(), Math.ceil(waitMs));
        return;
      }
      this.#next += 1;
      this.#sink.frame(frame);
    }
  }
}
