import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';
import type { SseFrame } from '../streaming/sse-reader.ts';
import { sseFrame } from '../streaming/sse-writer.ts';
import type { RecordedEvent, Recording } from './recording.ts';

/** Chat completions between chunks and bodies (https://platform.openai.com/docs/api-reference/chat-streaming). */
export const chatRecording: Recording = { assemble: assembleChat, replay: replayChat };

/** Of these a chunk brings the value and not a piece of it. */
const wholeStrings = new Set(['id', 'type', 'role', 'name', 'object', 'model', 'format', 'status', 'finish_reason', 'signature']);

/** What each chunk repeats of the answer as a whole. */
const headFields = ['id', 'object', 'created', 'model', 'service_tier', 'system_fingerprint'];

function assembleChat(events: readonly RecordedEvent[]): JsonObject | undefined {
  const body: JsonObject = {};
  const choices = new Map<number, JsonObject>();
  for (const { data } of events) {
    if (data === '' || data.trim() === '[DONE]') continue;
    const chunk: JsonValue = JSON.parse(data);
    if (!isJsonObject(chunk) || !addChunk(body, choices, chunk)) return undefined;
  }
  const { usage, ...head } = body;
  return {
    ...head,
    object: 'chat.completion',
    choices: [...choices].sort(([one], [other]) => one - other).map(([, choice]) => finishedChoice(choice)),
    ...(usage != null && { usage }),
  };
}

function addChunk(body: JsonObject, choices: Map<number, JsonObject>, chunk: JsonObject): boolean {
  const { choices: pieces, obfuscation: _padding, ...rest } = chunk;
  for (const [name, value] of Object.entries(rest)) if (value !== null || !(name in body)) body[name] = value;
  return !Array.isArray(pieces) || pieces.every((piece) => isJsonObject(piece) && addPiece(choices, piece));
}

/** Adds a chunk's piece to its choice; false where the pieces cannot be joined. */
function addPiece(choices: Map<number, JsonObject>, piece: JsonObject): boolean {
  const { index: at, delta, ...rest } = piece;
  const index = typeof at === 'number' ? at : 0;
  const choice: JsonObject = choices.get(index) ?? { index, message: {} };
  choices.set(index, choice);
  for (const [name, value] of Object.entries(rest)) choice[name] = merged(choice[name], value, name);
  if (!isJsonObject(delta)) return true;
  const { message } = choice;
  if (!isJsonObject(message)) return false;
  // Sound comes in pieces that are encoded one by one; strung together they are no encoding of the whole.
  if (hasSound(message) && hasSound(delta)) return false;
  for (const [name, value] of Object.entries(delta)) {
    message[name] = name === 'tool_calls' ? mergedCalls(message[name], value) : merged(message[name], value, name);
  }
  return true;
}

function hasSound(message: JsonObject): boolean {
  return isJsonObject(message.audio) && typeof message.audio.data === 'string' && message.audio.data !== '';
}

/** Texts grow, lists grow, objects grow by their members, everything else is replaced; null takes nothing away. */
function merged(current: JsonValue | undefined, value: JsonValue, name: string): JsonValue {
  if (current === undefined || current === null) return value;
  if (value === null) return current;
  if (typeof current === 'string' && typeof value === 'string') {
    if (!wholeStrings.has(name)) return current + value;
    return value === '' ? current : value;
  }
  if (Array.isArray(current) && Array.isArray(value)) return mergedList(current, value);
  if (isJsonObject(current) && isJsonObject(value)) return mergedObject(current, value);
  return value;
}

function mergedObject(current: JsonObject, value: JsonObject): JsonObject {
  const result = { ...current };
  for (const [name, member] of Object.entries(value)) result[name] = merged(result[name], member, name);
  return result;
}

/** Items that carry an index are pieces of the item with that index, as `reasoning_details` are; others are new items. */
function mergedList(current: readonly JsonValue[], value: readonly JsonValue[]): JsonValue[] {
  const result = [...current];
  for (const item of value) {
    const index = isJsonObject(item) && typeof item.index === 'number' ? item.index : undefined;
    const at = index === undefined ? -1 : result.findIndex((known) => isJsonObject(known) && known.index === index);
    const known = result[at];
    if (known !== undefined && isJsonObject(known) && isJsonObject(item)) result[at] = mergedObject(known, item);
    else result.push(item);
  }
  return result;
}

/** Tool calls are joined by index; where a provider leaves it out, by id, and what has neither goes on with the last. */
function mergedCalls(current: JsonValue | undefined, value: JsonValue): JsonValue {
  if (!Array.isArray(value)) return current ?? value;
  const calls = Array.isArray(current) ? [...current] : [];
  for (const call of value) {
    if (!isJsonObject(call)) continue;
    const at = calls.findIndex((known) => isJsonObject(known) && isSameCall(known, call));
    const target = at === -1 && call.index === undefined && call.id === undefined && calls.length > 0 ? calls.length - 1 : at;
    const known = calls[target];
    if (known !== undefined && isJsonObject(known)) calls[target] = mergedObject(known, call);
    else calls.push(call);
  }
  return calls;
}

function isSameCall(known: JsonObject, call: JsonObject): boolean {
  return call.index !== undefined ? known.index === call.index : call.id !== undefined && known.id === call.id;
}

/** A choice in the members and order of a body: content is there even where it is null, and calls are a plain list. */
function finishedChoice(choice: JsonObject): JsonObject {
  const { index = 0, message, ...rest } = choice;
  if (!isJsonObject(message)) return choice;
  const { role = 'assistant', content = null, tool_calls: calls, ...others } = message;
  const plain = Array.isArray(calls) ? calls.map((call) => (isJsonObject(call) ? withoutIndex(call) : call)) : undefined;
  return { index, message: { role, content, ...others, ...(plain && { tool_calls: plain }) }, ...rest };
}

function withoutIndex({ index: _index, ...call }: JsonObject): JsonObject {
  return call;
}

/** Message fields that are streamed, in the order in which models make them; the others come with the role. */
const streamedFields = ['reasoning_content', 'reasoning', 'reasoning_details', 'content', 'refusal'];

function replayChat(body: JsonObject): SseFrame[] {
  const head: JsonObject = {};
  const extra: JsonObject = {};
  for (const [name, value] of Object.entries(body)) {
    if (headFields.includes(name)) head[name] = value;
    else if (name !== 'choices' && name !== 'usage') extra[name] = value;
  }
  head.object = 'chat.completion.chunk';
  const chunks: JsonObject[] = [];
  for (const [position, choice] of (Array.isArray(body.choices) ? body.choices : []).entries()) {
    if (!isJsonObject(choice)) continue;
    const pieces = piecesOf(choice, position);
    chunks.push(...pieces.map((piece, at) => ({ ...head, ...(chunks.length + at === 0 && extra), choices: [piece] })));
  }
  if (isJsonObject(body.usage)) chunks.push({ ...head, choices: [], usage: body.usage });
  return [...chunks.map((chunk) => sseFrame(JSON.stringify(chunk))), sseFrame('[DONE]')];
}

function piecesOf(choice: JsonObject, position: number): JsonObject[] {
  const { index = position, message, finish_reason: finish = null, logprobs, ...rest } = choice;
  const piece = (delta: JsonObject): JsonObject => ({ index, delta, finish_reason: null });
  const spoken = isJsonObject(message) ? message : {};
  const opening: JsonObject = {};
  const pieces: JsonObject[] = [];
  for (const [name, value] of Object.entries(spoken)) {
    const isStreamed = streamedFields.includes(name) && value !== null && value !== '';
    if (!isStreamed && name !== 'tool_calls') opening[name] = value;
  }
  pieces.push(piece(opening));
  for (const name of streamedFields) {
    const value = spoken[name];
    if (value !== undefined && !(name in opening)) pieces.push(piece({ [name]: value }));
  }
  const calls = Array.isArray(spoken.tool_calls) ? spoken.tool_calls : [];
  if (calls.length === 0 && spoken.tool_calls !== undefined) opening.tool_calls = spoken.tool_calls;
  for (const [at, call] of calls.entries()) pieces.push(piece({ tool_calls: [isJsonObject(call) ? { index: at, ...call } : call] }));
  const said = pieces.at(-1);
  if (said !== undefined && logprobs !== undefined) said.logprobs = logprobs;
  return [...pieces, { index, delta: {}, ...rest, finish_reason: finish }];
}
