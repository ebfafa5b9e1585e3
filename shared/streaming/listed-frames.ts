import type { FrameSink, FrameSource } from './frame-source.ts';
import type { SseFrame } from './sse-reader.ts';

/** A source over events that are all at hand, such as a cached answer. Delivered in one tick, as far as the reader takes them. */
export class ListedFrames implements FrameSource {
  readonly #frames: readonly SseFrame[];
  #next = 0;
  #paused = false;
  #sink: FrameSink | undefined;

  constructor(frames: readonly SseFrame[]) {
    this.#frames = frames;
  }

  start(sink: FrameSink): void {
    this.#sink = sink;
    this.#deliver();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#deliver();
  }

  cancel(): void {
    this.#sink = undefined;
  }

  #deliver(): void {
    while (!this.#paused && this.#sink !== undefined) {
      const frame = this.#frames[this.#next];
      if (frame === undefined) {
        const sink = this.#sink;
        this.#sink = undefined;
        sink.end();
        return;
      }
      this.#next += 1;
      this.#sink.frame(frame);
    }
  }
}
