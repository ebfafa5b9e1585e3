import { Buffer } from 'node:buffer';
import type { SseFrame } from './sse-reader.ts';

/** A server-sent comment. Clients ignore it; idle timers along the way do not. */
export const keepAliveComment: Buffer = Buffer.from(': keep-alive\n\n');

/** Makes an event of a data string without line breaks, such as JSON text, and an optional event name. */
export function sseFrame(data: string, event?: string): SseFrame {
  const text = event === undefined ? `data: ${data}\n\n` : `event: ${event}\ndata: ${data}\n\n`;
  return { bytes: Buffer.from(text), event, data };
}
