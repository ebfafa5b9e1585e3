import type { FrameReading, StreamState } from './dialect.ts';
import { emptyFacts } from './empty-facts.ts';

/** What every dialect remembers of a stream of which nothing has been read yet. */
export function freshStreamState(streamUsage: boolean): StreamState {
  return {
    ...emptyFacts(),
    ended: false,
    hasContent: false,
    streamUsage,
  };
}

/** The reading of an event that carries nothing the gateway minds. */
export const silentReading: FrameReading = { content: false, withhold: false, finalUsage: false, fault: undefined };
