import { isJsonObject, type JsonObject, type JsonValue, objectsIn } from '../calls/json.ts';
import type { SseFrame } from '../streaming/sse-reader.ts';
import { messagesEvent } from './messages-stream.ts';
import type { RecordedEvent, Recording } from './recording.ts';

/** Messages between events and bodies (https://platform.claude.com/docs/en/build-with-claude/streaming). */
export const messagesRecording: Recording = { assemble: assembleMessage, replay: replayMessage };

/** What of a message is told at its end. */
const closingFields = ['stop_reason', 'stop_sequence', 'stop_details'] as const;

function assembleMessage(events: readonly RecordedEvent[]): JsonObject | undefined {
  const draft: Draft = { message: undefined, blocks: new Map(), json: new Map() };
  for (const { data } of events) {
    if (data === '') continue;
    const event: JsonValue = JSON.parse(data);
    if (!isJsonObject(event) || !addEvent(draft, event)) return undefined;
  }
  const { message } = draft;
  if (message === undefined || typeof message.stop_reason !== 'string') return undefined;
  for (const [index, json] of draft.json) if (json !== '') blockAt(draft, index).input = JSON.parse(json);
  message.content = [...draft.blocks].sort(([one], [other]) => one - other).map(([, block]) => block);
  return message;
}

interface Draft {
  message: JsonObject | undefined;
  readonly blocks: Map<number, JsonObject>;
  /** Inputs of tool calls, piece by piece. */
  readonly json: Map<number, string>;
}

function blockAt(draft: Draft, index: number): JsonObject {
  const block = draft.blocks.get(index) ?? {};
  draft.blocks.set(index, block);
  return block;
}

/** Adds an event; false where a body cannot say what it says. */
function addEvent(draft: Draft, event: JsonObject): boolean {
  const index = typeof event.index === 'number' ? event.index : 0;
  switch (event.type) {
    case 'message_start':
      draft.message = isJsonObject(event.message) ? { ...event.message } : {};
      return true;
    case 'content_block_start':
      if (!isJsonObject(event.content_block)) return false;
      draft.blocks.set(index, { ...event.content_block });
      return true;
    case 'content_block_delta':
      return isJsonObject(event.delta) && addDelta(draft, index, event.delta);
    case 'message_delta':
      return addEnding(draft, event);
    case 'content_block_stop':
    case 'message_stop':
    case 'ping':
      return true;
    default:
      return false;
  }
}

function addDelta(draft: Draft, index: number, delta: JsonObject): boolean {
  const block = blockAt(draft, index);
  switch (delta.type) {
    case 'text_delta':
      block.text = grown(block.text, delta.text);
      return true;
    case 'thinking_delta':
      block.thinking = grown(block.thinking, delta.thinking);
      return true;
    case 'signature_delta':
      block.signature = grown(block.signature, delta.signature);
      return true;
    case 'input_json_delta':
      draft.json.set(index, grown(draft.json.get(index), delta.partial_json));
      return true;
    case 'compaction_delta': {
      const { type: _type, content, ...rest } = delta;
      Object.assign(block, rest, { content: grown(block.content, content) });
      return true;
    }
    case 'citations_delta':
      block.citations = [...(Array.isArray(block.citations) ? block.citations : []), delta.citation ?? null];
      return true;
    default:
      return false;
  }
}

function grown(text: JsonValue | undefined, piece: JsonValue | undefined): string {
  return (typeof text === 'string' ? text : '') + (typeof piece === 'string' ? piece : '');
}

function addEnding(draft: Draft, event: JsonObject): boolean {
  const { message } = draft;
  if (message === undefined) return false;
  const { type: _type, delta, usage, ...rest } = event;
  Object.assign(message, rest, isJsonObject(delta) ? delta : {});
  if (isJsonObject(usage)) {
    const told = Object.entries(usage).filter(([, value]) => value !== null);
    message.usage = { ...(isJsonObject(message.usage) ? message.usage : {}), ...Object.fromEntries(told) };
  }
  return true;
}

function replayMessage(body: JsonObject): SseFrame[] {
  const content = objectsIn(body.content);
  const { stop_details: _details, context_management: managed, ...rest } = body;
  const message: JsonObject = { ...rest, content: [], stop_reason: null };
  if ('stop_sequence' in body) message.stop_sequence = null;
  if (isJsonObject(body.usage)) message.usage = { ...body.usage, ...('output_tokens' in body.usage && { output_tokens: 1 }) };
  const delta = Object.fromEntries(closingFields.flatMap((field) => (field in body ? [[field, body[field] ?? null]] : [])));
  const ending: JsonObject & { type: string } = { type: 'message_delta', delta };
  if (body.usage !== undefined) ending.usage = body.usage;
  if (managed !== undefined) ending.context_management = managed;
  return [
    messagesEvent({ type: 'message_start', message }),
    ...content.flatMap(blockEvents),
    messagesEvent(ending),
    messagesEvent({ type: 'message_stop' }),
  ];
}

function blockEvents(block: JsonObject, index: number): SseFrame[] {
  const { start, deltas } = piecesOf(block);
  return [
    messagesEvent({ type: 'content_block_start', index, content_block: start }),
    ...deltas.map((delta) => messagesEvent({ type: 'content_block_delta', index, delta })),
    messagesEvent({ type: 'content_block_stop', index }),
  ];
}

/** A block as it begins, and what is then written into it. */
function piecesOf(block: JsonObject): { readonly start: JsonObject; readonly deltas: JsonObject[] } {
  if (block.type === 'text') {
    const citations = Array.isArray(block.citations) ? block.citations : [];
    return {
      start: { ...block, text: '', ...(citations.length > 0 && { citations: [] }) },
      deltas: [...citations.map((citation) => ({ type: 'citations_delta', citation })), ...piece('text_delta', 'text', block.text)],
    };
  }
  if (block.type === 'thinking') {
    return {
      start: { ...block, thinking: '', ...('signature' in block && { signature: '' }) },
      deltas: [...piece('thinking_delta', 'thinking', block.thinking), ...piece('signature_delta', 'signature', block.signature)],
    };
  }
  if (block.type === 'compaction') {
    const { type, content = null, ...rest } = block;
    return { start: { type, content: null }, deltas: [{ type: 'compaction_delta', content, ...rest }] };
  }
  if (typeof block.type === 'string' && block.type.endsWith('tool_use') && block.input !== undefined)
    return { start: { ...block, input: {} }, deltas: [{ type: 'input_json_delta', partial_json: JSON.stringify(block.input) }] };
  return { start: block, deltas: [] };
}

function piece(type: string, field: string, value: JsonValue | undefined): JsonObject[] {
  return typeof value === 'string' && value !== '' ? [{ type, [field]: value }] : [];
}
