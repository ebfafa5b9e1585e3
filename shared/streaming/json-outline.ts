import { Buffer } from 'node:buffer';
import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';

const QUOTE = 34;
const BACKSLASH = 92;
const quote = Buffer.from('"');

/** Strings longer than this, in bytes of JSON, are media and not what an answer says of itself. */
const longestString = 1_024;
/** An outline that grows past this is of no JSON that carries media. */
const largestOutline = 1024 * 1024;

/**
 * Reads JSON as it passes and keeps its outline: the same JSON with every long string emptied. So what an answer says of
 * itself is known when it ends, and an image of many megabytes inside it is never held.
 */
export class JsonOutline {
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #inString = false;
  /** The string under way, until it turns out to be long. */
  #string: Buffer[] = [];
  #stringBytes = 0;
  /** The next byte belongs to a backslash before it. */
  #escaped = false;

  /** Takes the next piece, cut anywhere. */
  take(piece: Buffer): void {
    for (let at = 0; at < piece.length; ) at = this.#inString ? this.#readString(piece, at) : this.#readBetween(piece, at);
  }

  /** What was read; undefined where it is not one whole JSON object. */
  json(): JsonObject | undefined {
    try {
      const value: JsonValue = JSON.parse(Buffer.concat(this.#kept).toString('utf8'));
      return isJsonObject(value) ? value : undefined;
    } catch {
      return undefined;
    }
  }

  #readBetween(piece: Buffer, from: number): number {
    const start = piece.indexOf(QUOTE, from);
    this.#keep(piece.subarray(from, start === -1 ? piece.length : start));
    if (start === -1) return piece.length;
    this.#inString = true;
    return start + 1;
  }

  #readString(piece: Buffer, from: number): number {
    const end = this.#endOfString(piece, from);
    this.#holdString(piece.subarray(from, end));
    if (end === piece.length) return end;
    this.#keep(quote);
    for (const part of this.#string) this.#keep(part);
    this.#keep(quote);
    this.#inString = false;
    this.#string = [];
    this.#stringBytes = 0;
    return end + 1;
  }

  /** Where the string closes, found by native search, or the end of the piece. */
  #endOfString(piece: Buffer, from: number): number {
    let at = this.#escaped ? from + 1 : from;
    let close = piece.indexOf(QUOTE, at);
    this.#escaped = false;
    for (;;) {
      const backslash = piece.subarray(0, close === -1 ? piece.length : close).indexOf(BACKSLASH, at);
      if (backslash === -1) return close === -1 ? piece.length : close;
      at = backslash + 2;
      if (at > piece.length) {
        this.#escaped = true;
        return piece.length;
      }
      if (close !== -1 && close < at) close = piece.indexOf(QUOTE, at);
    }
  }

  #holdString(part: Buffer): void {
    this.#stringBytes += part.length;
    if (this.#stringBytes > longestString) this.#string = [];
    // A copy: a view would keep the whole piece in memory.
    else this.#string.push(Buffer.from(part));
  }

  #keep(part: Buffer): void {
    this.#keptBytes += part.length;
    if (this.#keptBytes > largestOutline) this.#kept = [];
    else this.#kept.push(Buffer.from(part));
  }
}
