import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';
import type { SseFrame } from '../streaming/sse-reader.ts';
import { sseFrame } from '../streaming/sse-writer.ts';

/** The text that an event brings, and the same event with another text in its place. */
interface Telling {
  readonly text: string;
  readonly withText: (text: string) => JsonObject;
}

/** A word with the space after it; texts without spaces are cut by length, never inside a character. */
const words = /\S{1,24}\s{0,24}|\s{1,24}/gu;

/** What a chat completion's chunk may bring as text. */
const chatTexts = new Set(['content', 'reasoning_content', 'reasoning', 'refusal']);

/**
 * Divides the texts of a replayed stream into pieces of some words, as a model would have sent them; what reads the pieces
 * learns what it learns from the whole. Knows chat completions, messages and responses; events of other kinds stay whole.
 * @param mostPieces beyond which pieces get longer rather than more.
 */
export function piecewise(frames: readonly SseFrame[], mostPieces: number): SseFrame[] {
  const events = frames.map((frame) => ({ frame, event: eventOf(frame) }));
  const tellings = events.map(({ event }) => event && tellingOf(event));
  const length = tellings.reduce((sum, telling) => sum + (telling?.text.length ?? 0), 0);
  const leastLength = Math.ceil(length / mostPieces);
  // Events of the Responses API are counted.
  let number = 0;
  const written = (event: JsonObject, frame: SseFrame): SseFrame =>
    sseFrame(JSON.stringify('sequence_number' in event ? { ...event, sequence_number: number++ } : event), frame.event);
  return events.flatMap(({ frame, event }, at) => {
    if (event === undefined) return [frame];
    const telling = tellings[at];
    if (telling === undefined) return [written(event, frame)];
    return pieces(telling.text, leastLength).map((piece) => written(telling.withText(piece), frame));
  });
}

function eventOf({ data }: SseFrame): JsonObject | undefined {
  if (data === undefined || !data.startsWith('{')) return undefined;
  const event: JsonValue = JSON.parse(data);
  return isJsonObject(event) ? event : undefined;
}

function tellingOf(event: JsonObject): Telling | undefined {
  if (Array.isArray(event.choices)) return chatTelling(event, event.choices);
  const { type, delta } = event;
  if (type === 'content_block_delta' && isJsonObject(delta)) {
    const field = delta.type === 'text_delta' ? 'text' : delta.type === 'thinking_delta' ? 'thinking' : undefined;
    const text = field === undefined ? undefined : delta[field];
    if (field === undefined || typeof text !== 'string') return undefined;
    return { text, withText: (piece) => ({ ...event, delta: { ...delta, [field]: piece } }) };
  }
  if (typeof type !== 'string' || !/^response\.(output|reasoning)\w*_text\.delta$/.test(type) || typeof delta !== 'string')
    return undefined;
  if (Array.isArray(event.logprobs) && event.logprobs.length > 0) return undefined;
  return { text: delta, withText: (piece) => ({ ...event, delta: piece }) };
}

function chatTelling(event: JsonObject, [choice, ...others]: readonly JsonValue[]): Telling | undefined {
  // Probabilities belong to the tokens of a text, and nobody knows which piece has which.
  if (!isJsonObject(choice) || others.length > 0 || choice.logprobs != null || !isJsonObject(choice.delta)) return undefined;
  const [[name, text] = [], ...rest] = Object.entries(choice.delta);
  if (name === undefined || rest.length > 0 || !chatTexts.has(name) || typeof text !== 'string') return undefined;
  return { text, withText: (piece) => ({ ...event, choices: [{ ...choice, delta: { [name]: piece } }] }) };
}

function pieces(text: string, leastLength: number): string[] {
  const found: string[] = [];
  let piece = '';
  for (const [word] of text.matchAll(words)) {
    piece += word;
    if (piece.length < leastLength) continue;
    found.push(piece);
    piece = '';
  }
  if (piece !== '' || found.length === 0) found.push(piece);
  return found;
}
