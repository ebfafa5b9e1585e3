import type { SseFrame } from './sse-reader.ts';

/** Where the events of a stream go. Exactly one of `end` and `fail` is called, once, last. */
export interface FrameSink {
  frame(frame: SseFrame): void;
  end(): void;
  fail(error: unknown): void;
}

/**
 * A stream of events that somebody else makes: an upstream connection, a translation, a cached answer.
 * Nothing is delivered before `start`, nor after `cancel`.
 */
export interface FrameSource {
  /** Begins to deliver, once. Events that are already there may arrive before `start` returns. */
  start(sink: FrameSink): void;
  /** Asks for silence; a few events already read may still arrive. */
  pause(): void;
  resume(): void;
  /** Ends the source at once and frees what it holds. Harmless when it is over already. */
  cancel(): void;
}
