import { Buffer } from 'node:buffer';
import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';
import type { Dialect } from '../dialects/dialect.ts';
import type { RecordedEvent } from '../dialects/recording.ts';
import type { SseFrame } from '../streaming/sse-reader.ts';
import { largestBodyBytes } from './cacheable.ts';

/** A whole body, as text and as what it says. */
export interface RecordedBody {
  readonly text: string;
  readonly json: JsonObject;
}

/** Takes down an answer as it passes, within bounds, to be kept once it turns out to be whole. */
export class AnswerRecorder {
  readonly #dialect: Pick<Dialect, 'recording'>;
  #events: RecordedEvent[] = [];
  #bytes = 0;
  #body: RecordedBody | undefined;
  #pieces: Buffer[] = [];

  constructor(dialect: Pick<Dialect, 'recording'>) {
    this.#dialect = dialect;
  }

  /** Takes a body that came whole. */
  whole(body: Buffer, json: JsonObject): void {
    this.#bytes = body.length;
    if (!this.#isTooLarge()) this.#body = { text: body.toString('utf8'), json };
  }

  /** Takes the next piece of a body that is handed on as it comes. */
  piece(piece: Buffer): void {
    this.#bytes += piece.length;
    if (this.#isTooLarge()) this.#pieces = [];
    else this.#pieces.push(piece);
  }

  /** Takes one event of a stream. */
  event(frame: SseFrame): void {
    if (frame.data === undefined) return;
    this.#bytes += frame.data.length;
    if (this.#isTooLarge()) this.#events = [];
    else this.#events.push({ event: frame.event, data: frame.data });
  }

  /** The body of what was taken down; undefined where it is too large or cannot be told by a body. Never throws. */
  body(): RecordedBody | undefined {
    if (this.#isTooLarge()) return undefined;
    if (this.#body !== undefined) return this.#body;
    if (this.#pieces.length > 0) return bodyOf(this.#pieces);
    const json = this.#assembled();
    return json && { text: JSON.stringify(json), json };
  }

  #assembled(): JsonObject | undefined {
    if (this.#events.length === 0) return undefined;
    try {
      return this.#dialect.recording?.assemble(this.#events);
    } catch {
      // A provider may stream what its reader lets pass and no body can say; then there is nothing to keep.
      return undefined;
    }
  }

  #isTooLarge(): boolean {
    return this.#bytes > largestBodyBytes;
  }
}

function bodyOf(pieces: readonly Buffer[]): RecordedBody | undefined {
  const text = Buffer.concat(pieces).toString('utf8');
  try {
    const json: JsonValue = JSON.parse(text);
    return isJsonObject(json) ? { text, json } : undefined;
  } catch {
    return undefined;
  }
}
