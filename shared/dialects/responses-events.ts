import { type JsonObject, type JsonValue, objectsIn } from '../calls/json.ts';
import type { Usage } from '../calls/usage.ts';
import type { SseFrame } from '../streaming/sse-reader.ts';
import { sseFrame } from '../streaming/sse-writer.ts';

/** An event before it has its number. */
export interface ResponsesEvent {
  readonly type: string;
  readonly fields: JsonObject;
}

/** Where a stream stands: every event has a number, one more than the last (https://platform.openai.com/docs/api-reference/responses-streaming). */
export interface ResponsesSequence {
  next: number;
}

/** Frames events as OpenAI does: the type in the `event:` field and in the data, then the number. */
export function responsesFrames(sequence: ResponsesSequence, events: readonly ResponsesEvent[]): SseFrame[] {
  return events.map(({ type, fields }) => {
    const frame = sseFrame(JSON.stringify({ type, sequence_number: sequence.next, ...fields }), type);
    sequence.next += 1;
    return frame;
  });
}

/** A stretch of an item that is written piece by piece: a text, a summary, the arguments of a call. */
export interface ItemPart {
  /** Unique within the item, such as `output_text:0`. */
  readonly key: string;
  readonly opening: readonly ResponsesEvent[];
  /** The whole text in one event; none where there is no text. */
  readonly delta: readonly ResponsesEvent[];
  readonly closing: readonly ResponsesEvent[];
}

/** The event that announces an item, before anything of it is written. */
export function itemAdded(item: JsonObject, outputIndex: number): ResponsesEvent {
  return { type: 'response.output_item.added', fields: { output_index: outputIndex, item: announced(item) } };
}

/** The event that closes an item. */
export function itemDone(item: JsonObject, outputIndex: number): ResponsesEvent {
  return { type: 'response.output_item.done', fields: { output_index: outputIndex, item } };
}

/** An item as it stands at its beginning. */
function announced(item: JsonObject): JsonObject {
  const { encrypted_content: _sealed, ...rest } = item;
  switch (item.type) {
    case 'message':
      return { ...item, status: 'in_progress', content: [] };
    case 'reasoning':
      return { ...rest, summary: [], ...(item.content != null && { content: [] }) };
    case 'function_call':
      return { ...item, status: 'in_progress', arguments: '' };
    case 'custom_tool_call':
      return { ...item, status: 'in_progress', input: '' };
    case 'image_generation_call':
      return { ...rest, status: 'in_progress', result: null };
    default:
      return item;
  }
}

/** The parts of an item, in the order in which they are written. */
export function partsOf(item: JsonObject, outputIndex: number): ItemPart[] {
  const at: JsonObject = { item_id: item.id ?? '', output_index: outputIndex };
  switch (item.type) {
    case 'message':
      return objectsIn(item.content).map((part, index) => contentPart(part, at, index));
    case 'reasoning':
      return [
        ...objectsIn(item.summary).map((part, index) => summaryPart(part, at, index)),
        ...objectsIn(item.content).map((part, index) => contentPart(part, at, index)),
      ];
    case 'function_call':
      return [barePart('function_call_arguments', 'arguments', textIn(item.arguments), at)];
    case 'custom_tool_call':
      return [barePart('custom_tool_call_input', 'input', textIn(item.input), at)];
    case 'image_generation_call':
      return [
        {
          key: 'image:',
          opening: [{ type: 'response.image_generation_call.in_progress', fields: at }],
          delta: [],
          closing: [{ type: 'response.image_generation_call.completed', fields: at }],
        },
      ];
    default:
      return [];
  }
}

function textIn(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** Text, refusal or reasoning within `content`. */
function contentPart(part: JsonObject, at: JsonObject, index: number): ItemPart {
  const here = { ...at, content_index: index };
  const kind = part.type === 'refusal' ? 'refusal' : part.type === 'reasoning_text' ? 'reasoning_text' : 'output_text';
  const field = kind === 'refusal' ? 'refusal' : 'text';
  const text = textIn(part[field]);
  const logprobs = kind === 'output_text' ? { logprobs: part.logprobs ?? [] } : {};
  const empty: JsonObject = kind === 'output_text' ? { type: kind, annotations: [], logprobs: [], text: '' } : { type: kind, [field]: '' };
  return {
    key: `${kind}:${index}`,
    opening: [{ type: 'response.content_part.added', fields: { ...here, part: empty } }],
    delta: text === '' ? [] : [{ type: `response.${kind}.delta`, fields: { ...here, delta: text, ...logprobs } }],
    closing: [
      ...annotations(part, here),
      { type: `response.${kind}.done`, fields: { ...here, [field]: text, ...logprobs } },
      { type: 'response.content_part.done', fields: { ...here, part } },
    ],
  };
}

function annotations(part: JsonObject, here: JsonObject): ResponsesEvent[] {
  return objectsIn(part.annotations).map((annotation, index) => ({
    type: 'response.output_text.annotation.added',
    fields: { ...here, annotation_index: index, annotation },
  }));
}

/** A paragraph of a reasoning summary. */
function summaryPart(part: JsonObject, at: JsonObject, index: number): ItemPart {
  const here = { ...at, summary_index: index };
  const text = textIn(part.text);
  return {
    key: `reasoning_summary_text:${index}`,
    opening: [{ type: 'response.reasoning_summary_part.added', fields: { ...here, part: { type: 'summary_text', text: '' } } }],
    delta: text === '' ? [] : [{ type: 'response.reasoning_summary_text.delta', fields: { ...here, delta: text } }],
    closing: [
      { type: 'response.reasoning_summary_text.done', fields: { ...here, text } },
      { type: 'response.reasoning_summary_part.done', fields: { ...here, part } },
    ],
  };
}

function barePart(kind: string, field: string, text: string, at: JsonObject): ItemPart {
  return {
    key: `${kind}:`,
    opening: [],
    delta: text === '' ? [] : [{ type: `response.${kind}.delta`, fields: { ...at, delta: text } }],
    closing: [{ type: `response.${kind}.done`, fields: { ...at, [field]: text } }],
  };
}

/** All events of an item that is at hand whole. */
export function itemEvents(item: JsonObject, outputIndex: number): ResponsesEvent[] {
  return [
    itemAdded(item, outputIndex),
    ...partsOf(item, outputIndex).flatMap(({ opening, delta, closing }) => [...opening, ...delta, ...closing]),
    itemDone(item, outputIndex),
  ];
}

/** Usage in OpenAI's own fields. */
export function responsesUsageOf(usage: Usage): JsonObject {
  return {
    input_tokens: usage.inputTokens,
    // Its client takes both for given (`ResponseUsage` of openai 7.57).
    input_tokens_details: { cached_tokens: usage.cachedInputTokens, cache_write_tokens: usage.cacheWriteTokens },
    output_tokens: usage.outputTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
    total_tokens: usage.inputTokens + usage.outputTokens,
  };
}
