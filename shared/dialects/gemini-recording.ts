import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';
import { sseFrame } from '../streaming/sse-writer.ts';
import { candidatesOf, partsOf } from './gemini-answer.ts';
import type { RecordedEvent, Recording } from './recording.ts';

/**
 * Every event of a Gemini stream is a whole `GenerateContentResponse`, so a body is a stream of one event; and a stream
 * becomes a body by putting the parts of each candidate one after the other.
 */
export const geminiRecording: Recording = {
  assemble,
  replay: (body) => [sseFrame(JSON.stringify(body))],
};

function assemble(events: readonly RecordedEvent[]): JsonObject | undefined {
  const chunks: JsonObject[] = [];
  for (const { data } of events) {
    if (data.trim() === '[DONE]') continue;
    const chunk: JsonValue = JSON.parse(data);
    if (!isJsonObject(chunk)) return undefined;
    chunks.push(chunk);
  }
  const [only] = chunks;
  if (only === undefined || chunks.length === 1) return only;
  const candidates = new Map<number, JsonObject>();
  for (const chunk of chunks) for (const candidate of candidatesOf(chunk)) addCandidate(candidates, candidate);
  const merged: JsonObject = {};
  // What a later chunk says of the whole answer is the last word on it.
  for (const chunk of chunks) Object.assign(merged, chunk);
  return { ...merged, ...(candidates.size > 0 && { candidates: [...candidates.values()] }) };
}

function addCandidate(candidates: Map<number, JsonObject>, candidate: JsonObject): void {
  const index = typeof candidate.index === 'number' ? candidate.index : 0;
  const before = candidates.get(index);
  const parts = [...partsOf(before)];
  for (const part of partsOf(candidate)) addPart(parts, part);
  const content = isJsonObject(candidate.content) ? candidate.content : isJsonObject(before?.content) ? before.content : {};
  candidates.set(index, { ...before, ...candidate, content: { ...content, parts } });
}

/** A text goes on in the next part of its kind; the signature that ends it may come in a part without text. */
function addPart(parts: JsonObject[], part: JsonObject): void {
  const last = parts.at(-1);
  if (!isText(part)) {
    parts.push(part);
    return;
  }
  if (part.text === '' && part.thoughtSignature === undefined) return;
  const goesOn =
    last !== undefined && isText(last) && last.thoughtSignature === undefined && (last.thought === true) === (part.thought === true);
  if (goesOn) parts[parts.length - 1] = { ...last, ...part, text: `${String(last.text)}${String(part.text)}` };
  else parts.push(part);
}

const textFields: readonly string[] = ['text', 'thought', 'thoughtSignature'];

function isText(part: JsonObject): boolean {
  return typeof part.text === 'string' && Object.keys(part).every((field) => textFields.includes(field));
}
