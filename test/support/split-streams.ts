import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import type { Dialect, DialectRequest, StreamState } from '../../shared/dialects/dialect.ts';
import { GatewayError } from '../../shared/errors/gateway-error.ts';
import { type SseFrame, SseReader } from '../../shared/streaming/sse-reader.ts';

/** Places to cut bytes at. */
export const cuts = fc.array(fc.nat({ max: 4000 }), { maxLength: 12 });

/** Reads bytes as events, cut at the given places. */
export function framesOf(bytes: Buffer, at: readonly number[]): SseFrame[] {
  const reader = new SseReader();
  const places = [0, ...at.map((place) => place % (bytes.length + 1)).sort((one, other) => one - other), bytes.length];
  const frames = places.slice(1).flatMap((end, index) => reader.push(bytes.subarray(places[index], end)));
  return [...frames, ...reader.end()];
}

/** Events framed with their type in the `event:` field, where it is a text: look-alikes put anything there. */
export function framed(events: readonly object[], lineEnd = '\n'): Buffer {
  const texts = events.map((event) => {
    const name = 'type' in event && typeof event.type === 'string' ? event.type : 'x';
    return `event: ${name}${lineEnd}data: ${JSON.stringify(event)}${lineEnd}${lineEnd}`;
  });
  return Buffer.from(texts.join(''));
}

/** Reads a whole stream: what is remembered of it, every reading, and what threw. */
export function readStream<State extends StreamState>(dialect: Dialect<State>, state: State, bytes: Buffer, at: readonly number[]) {
  // A line end that was split from its carriage return may make an event without data, which says nothing.
  const frames = framesOf(bytes, at).filter(({ data }) => data !== undefined);
  const readings = frames.map((frame) => {
    try {
      return dialect.readFrame(state, frame);
    } catch (error) {
      if (error instanceof SyntaxError) return 'malformed';
      throw error;
    }
  });
  return { state, readings };
}

/** What a dialect makes of any request: a call, or an error that names what is wrong. Anything else is a crash. */
export function parses(dialect: Pick<Dialect, 'parse'>, body: DialectRequest['body']): boolean {
  try {
    dialect.parse({ body, bodyBytes: JSON.stringify(body).length, headers: {}, query: {}, path: {} });
    return true;
  } catch (error) {
    if (error instanceof GatewayError && error.status === 400) return false;
    throw error;
  }
}
