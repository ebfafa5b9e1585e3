import type { FrameReading, StreamState } from './dialect.ts';

/** What every dialect remembers of a stream of which nothing has been read yet. */
export function freshStreamState(streamUsage: boolean): StreamState {
  return {
    usage: undefined,
    finishReason: undefined,
    id: undefined,
    model: undefined,
    outputBytes: 0,
    toolNames: [],
    serviceTier: undefined,
    ended: false,
    hasContent: false,
    streamUsage,
  };
}

/** The reading of an event that carries nothing the gateway minds. */
export const silentReading: FrameReading = { content: false, withhold: false, finalUsage: false, fault: undefined };
