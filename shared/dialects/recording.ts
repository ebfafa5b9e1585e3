import type { Call } from '../calls/call.ts';
import type { JsonObject } from '../calls/json.ts';
import type { SseFrame } from '../streaming/sse-reader.ts';

/** One event of a recorded stream: what its reader saw, without the framing. */
export interface RecordedEvent {
  /** The `event:` field, if there was one. */
  readonly event: string | undefined;
  /** The `data:` lines, joined by newlines. */
  readonly data: string;
}

/**
 * The facet of a dialect that turns a finished stream into the body a caller without `stream` gets, and back, so that
 * one recorded answer serves both. Only whole answers come here: no error, nothing cut. Pure functions.
 *
 * `assemble(replay(body))` is `body`, and what reads `replay(assemble(events))` learns what it learns from `events`.
 */
export interface Recording {
  /** The whole body of the answer that was streamed; undefined when a part of it cannot be told by a body, so that it is not kept. */
  assemble(events: readonly RecordedEvent[]): JsonObject | undefined;
  /**
   * All events of a stream that tells a body, in the dialect's order, its end mark and its usage included: reading them
   * withholds usage from callers who did not ask for it.
   */
  replay(body: JsonObject, call: Pick<Call, 'streamUsage'>): SseFrame[];
}
