import type { RecordedTool } from './chat-client.ts';
import type { Reading } from './reading.ts';

/** The tools that a request must have declared for its answer to call them. */
export function toolsOf(reading: Reading): RecordedTool[] {
  return reading.toolCalls.map(({ name, input }) => ({ name, custom: typeof input === 'string' }));
}
