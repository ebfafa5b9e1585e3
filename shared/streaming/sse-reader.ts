import { Buffer } from 'node:buffer';

/** One server-sent event, with the very bytes it came in. */
export interface SseFrame {
  /** The whole event as it stood on the wire, its closing blank line included. */
  readonly bytes: Buffer;
  /** The `event:` field, if there was one. */
  readonly event: string | undefined;
  /** The `data:` lines joined by newlines; undefined for a comment or an empty event. */
  readonly data: string | undefined;
}

const LF = 10;
const CR = 13;
const EMPTY = Buffer.alloc(0);
const BLANK_LINE = Buffer.from('\n\n');

/**
 * Cuts a byte stream into server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html),
 * wherever the network split it: inside a line, between CR and LF, inside a UTF-8 character.
 *
 * Bytes are kept as they came. Only whole events come out, because a half event that was passed on
 * could not be taken back when the upstream dies in the middle of it.
 */
export class SseReader {
  #rest: Buffer = EMPTY;
  /** Where the next look for a line end begins; everything before it was looked at. */
  #scanned = 0;
  #lineStart = 0;
  #first = true;

  /** Bytes of an event that is not yet whole. */
  get pendingBytes(): number {
    return this.#rest.length;
  }

  /** Takes the next bytes and returns the events they complete, in order. */
  push(chunk: Buffer): SseFrame[] {
    const buffer = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: SseFrame[] = [];
    let frameStart = 0;
    let lineStart = this.#lineStart;
    let at = this.#scanned;
    let carriage = buffer.indexOf(CR, at);
    for (;;) {
      const feed = buffer.indexOf(LF, at);
      if (carriage !== -1 && carriage < at) carriage = buffer.indexOf(CR, at);
      const end = carriage !== -1 && (feed === -1 || carriage < feed) ? carriage : feed;
      if (end === -1) break;
      let next = end + 1;
      if (end === carriage && feed === end + 1) next = feed + 1;
      // A CR that ends the chunk may be half of a CRLF. After text it can wait for the next byte; after a
      // blank line it cannot, or a stream with bare CRs would always lag one event behind.
      else if (end === carriage && next === buffer.length && end !== lineStart) break;
      if (end === lineStart) {
        frames.push(this.#frame(buffer.subarray(frameStart, next)));
        frameStart = next;
      }
      lineStart = next;
      at = next;
    }
    this.#rest = frameStart === 0 ? buffer : buffer.subarray(frameStart);
    this.#lineStart = lineStart - frameStart;
    this.#scanned = at - frameStart;
    return frames;
  }

  /**
   * What is left when the stream ends. Some servers leave out the last blank line, so the rest counts as an
   * event, and is completed; whether it is a whole one, its reader finds out from the data.
   */
  end(): SseFrame[] {
    const rest = this.#rest;
    this.#rest = EMPTY;
    this.#scanned = 0;
    this.#lineStart = 0;
    if (rest.length === 0 || rest.every((byte) => byte === LF || byte === CR)) return [];
    return [this.#frame(Buffer.concat([rest, BLANK_LINE]))];
  }

  #frame(bytes: Buffer): SseFrame {
    let text = bytes.toString('utf8');
    if (this.#first) {
      this.#first = false;
      if (text.charCodeAt(0) === 0xfeff) text = text.slice(1);
    }
    return parseFrame(bytes, text);
  }
}

function parseFrame(bytes: Buffer, text: string): SseFrame {
  // Nearly every event is a single data line; it needs no splitting.
  if (text.startsWith('data: ') && text.indexOf('\n') === text.length - 2 && text.indexOf('\r') === -1) {
    return { bytes, event: undefined, data: text.slice(6, -2) };
  }
  let event: string | undefined;
  let data: string | undefined;
  for (const line of text.split(/\r\n|\n|\r/)) {
    const colon = line.indexOf(':');
    if (colon === 0 || line === '') continue;
    const field = colon === -1 ? line : line.slice(0, colon);
    const raw = colon === -1 ? '' : line.slice(colon + 1);
    const value = raw.startsWith(' ') ? raw.slice(1) : raw;
    if (field === 'data') data = data === undefined ? value : `${data}\n${value}`;
    else if (field === 'event') event = value;
  }
  return { bytes, event, data };
}
