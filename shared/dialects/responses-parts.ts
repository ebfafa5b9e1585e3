import type { LanguageModelV4StreamPart, SharedV4ProviderMetadata } from '@ai-sdk/provider';
import type { Call } from '../calls/call.ts';
import { isJsonObject, type JsonObject } from '../calls/json.ts';
import type { SseFrame } from '../streaming/sse-reader.ts';
import { itemAdded, itemDone, itemEvents, partsOf, type ResponsesEvent, responsesFrames } from './responses-events.ts';
import {
  callItem,
  carrierItems,
  citations,
  finishedResponse,
  imageItems,
  itemId,
  messageItem,
  reasoningItem,
  responseHead,
} from './responses-from-result.ts';
import { type DeclaredTool, declaredTools } from './responses-tools.ts';
import { mergedMetadata, toldMetadata } from './sealed-metadata.ts';
import { usageOfModel } from './translated-usage.ts';
import type { TranslatedHead } from './translation.ts';

type Kind = 'text' | 'reasoning' | 'call';

/** An item under way. */
interface OpenItem {
  readonly kind: Kind;
  /** The provider's own id: of a call, the one its result will bear. */
  readonly id: string;
  /** The name of a call's tool, as the model knows it. */
  readonly name: string;
  /** Its place in the output, once it has one. */
  index: number | undefined;
  text: string;
  /** Sources of a text. */
  readonly citations: JsonObject[];
  metadata: SharedV4ProviderMetadata | undefined;
}

/** What is remembered while a model's stream becomes a response's. */
export interface ResponsesParts {
  readonly head: TranslatedHead;
  readonly response: JsonObject;
  readonly tools: readonly DeclaredTool[];
  readonly sequence: { next: number };
  begun: boolean;
  /** Items by their place; one that is open holds its place with what was known of it at its beginning. */
  readonly output: JsonObject[];
  /** Open items by kind and the provider's own id. */
  readonly open: Map<string, OpenItem>;
  /** Calls whose input comes as plain text, although their tool takes arguments. */
  readonly texts: Set<string>;
}

export function startResponsesParts(call: Call, head: TranslatedHead): ResponsesParts {
  return {
    head,
    response: responseHead(call, head),
    tools: declaredTools(call),
    sequence: { next: 0 },
    begun: false,
    output: [],
    open: new Map(),
    texts: new Set(),
  };
}

/** The events for one part, in the order in which OpenAI sends them. */
export function responsesPartFrames(state: ResponsesParts, part: LanguageModelV4StreamPart): SseFrame[] {
  return responsesFrames(state.sequence, eventsFor(state, part));
}

function eventsFor(state: ResponsesParts, part: LanguageModelV4StreamPart): ResponsesEvent[] {
  switch (part.type) {
    case 'text-start':
      return opened(state, 'text', part.id, '', part.providerMetadata);
    case 'reasoning-start':
      return opened(state, 'reasoning', part.id, '', part.providerMetadata);
    case 'tool-input-start':
      if (part.providerExecuted === true) return [];
      if (part.inputEncoding === 'text') state.texts.add(part.id);
      return opened(state, 'call', part.id, part.toolName, part.providerMetadata);
    case 'text-delta':
      return written(state, 'text', part);
    case 'reasoning-delta':
      return written(state, 'reasoning', part);
    case 'tool-input-delta':
      return written(state, 'call', part);
    case 'text-end':
      return ended(state, 'text', part.id, part.providerMetadata);
    case 'reasoning-end':
      return ended(state, 'reasoning', part.id, part.providerMetadata);
    case 'tool-call':
      return part.providerExecuted === true ? [] : called(state, part);
    case 'file':
      return imageItems(itemId(state.head, state.output.length), part).flatMap((item) => wholeItem(state, item));
    case 'source':
      return cited(state, citations(part));
    case 'finish':
      return finished(state, part);
    default:
      return [];
  }
}

function opened(
  state: ResponsesParts,
  kind: Kind,
  id: string,
  name: string,
  metadata: SharedV4ProviderMetadata | undefined,
): ResponsesEvent[] {
  const item: OpenItem = { kind, id, name, index: undefined, text: '', citations: [], metadata };
  state.open.set(`${kind}:${id}`, item);
  return kind === 'call' ? placed(state, item) : [];
}

/** Gives an item its place and announces it, once. */
function placed(state: ResponsesParts, item: OpenItem): ResponsesEvent[] {
  if (item.index !== undefined) return [];
  item.index = state.output.length;
  const whole = itemOf(state, item, item.index);
  state.output.push(whole);
  return [...begun(state), itemAdded(whole, item.index), ...partsOf(whole, item.index).flatMap(({ opening }) => opening)];
}

function begun(state: ResponsesParts): ResponsesEvent[] {
  if (state.begun) return [];
  state.begun = true;
  const fields = { response: state.response };
  return [
    { type: 'response.created', fields },
    { type: 'response.in_progress', fields },
  ];
}

function itemOf(state: ResponsesParts, item: OpenItem, index: number): JsonObject {
  const id = itemId(state.head, index);
  if (item.kind === 'text') return messageItem(id, item.text, item.metadata, item.citations);
  if (item.kind === 'reasoning') return reasoningItem(id, item.text, item.metadata);
  return callItem(id, { callId: item.id, exposed: item.name, input: item.text }, state.tools);
}

function written(
  state: ResponsesParts,
  kind: Kind,
  part: { readonly id: string; readonly delta: string; readonly providerMetadata?: SharedV4ProviderMetadata | undefined },
): ResponsesEvent[] {
  const key = `${kind}:${part.id}`;
  // A package that announces nothing still writes something.
  if (!state.open.has(key) && kind !== 'call') opened(state, kind, part.id, '', undefined);
  const item = state.open.get(key);
  if (item === undefined) return [];
  if (part.providerMetadata !== undefined) item.metadata = mergedMetadata(item.metadata, part.providerMetadata);
  if (part.delta === '') return [];
  item.text += part.delta;
  const events = placed(state, item);
  return isTold(state, item) ? events : [...events, ...deltaOf(state, item, part.delta)];
}

/** The plain text of a custom tool lies inside JSON, which has to be whole to be read: such a call is told at its end. */
function isTold(state: ResponsesParts, item: OpenItem): boolean {
  if (item.kind !== 'call') return false;
  return state.texts.has(item.id) || state.tools.some(({ exposed, custom }) => custom && exposed === item.name);
}

function deltaOf(state: ResponsesParts, item: OpenItem, piece: string): readonly ResponsesEvent[] {
  const index = item.index ?? 0;
  return partsOf(itemOf(state, { ...item, text: piece, citations: [], metadata: undefined }, index), index).flatMap(({ delta }) => delta);
}

/** The whole call: says what its pieces have not said. */
function called(state: ResponsesParts, part: Extract<LanguageModelV4StreamPart, { type: 'tool-call' }>): ResponsesEvent[] {
  const { toolCallId: id, toolName, input, providerMetadata } = part;
  const key = `call:${id}`;
  const events = state.open.has(key) ? [] : opened(state, 'call', id, toolName, undefined);
  const item = state.open.get(key);
  if (item === undefined) return events;
  const unsaid = item.text === '' || isTold(state, item);
  if (unsaid) item.text = input;
  return [...events, ...(unsaid && input !== '' ? deltaOf(state, item, input) : []), ...ended(state, 'call', id, providerMetadata)];
}

function ended(state: ResponsesParts, kind: Kind, id: string, metadata: SharedV4ProviderMetadata | undefined): ResponsesEvent[] {
  const item = state.open.get(`${kind}:${id}`);
  if (item === undefined) return [];
  state.open.delete(`${kind}:${id}`);
  item.metadata = mergedMetadata(item.metadata, metadata);
  const says = item.text !== '' || (kind === 'reasoning' && Object.keys(toldMetadata(item.metadata)).length > 0);
  const events = says ? placed(state, item) : [];
  if (item.index !== undefined) {
    const whole = itemOf(state, item, item.index);
    state.output[item.index] = whole;
    events.push(...partsOf(whole, item.index).flatMap(({ closing }) => closing), itemDone(whole, item.index));
  }
  if (kind !== 'reasoning') events.push(...carried(state, item));
  return events;
}

/** What the provider wants to see again with a text or a call follows it in an item of its own. */
function carried(state: ResponsesParts, { kind, id, text, metadata }: OpenItem): ResponsesEvent[] {
  const owner = kind === 'call' ? id : text === '' ? '' : 'text';
  const index = state.output.length;
  return carrierItems(metadata, owner, itemId(state.head, index)).flatMap((item) => wholeItem(state, item));
}

/** An item that is there at once. */
function wholeItem(state: ResponsesParts, item: JsonObject): ResponsesEvent[] {
  state.output.push(item);
  return [...begun(state), ...itemEvents(item, state.output.length - 1)];
}

/** Sources belong to the text that was written last. One that is closed already gets them all the same. */
function cited(state: ResponsesParts, found: readonly JsonObject[]): ResponsesEvent[] {
  const open = [...state.open.values()].findLast(({ kind, index }) => kind === 'text' && index !== undefined);
  if (open !== undefined) {
    open.citations.push(...found);
    return [];
  }
  const index = state.output.findLastIndex(({ type }) => type === 'message');
  const item = state.output[index];
  const [part] = Array.isArray(item?.content) ? item.content : [];
  if (item === undefined || !isJsonObject(part) || !Array.isArray(part.annotations)) return [];
  const annotations = part.annotations;
  return found.map((annotation) => {
    annotations.push(annotation);
    const at = { item_id: item.id ?? '', output_index: index, content_index: 0, annotation_index: annotations.length - 1 };
    return { type: 'response.output_text.annotation.added', fields: { ...at, annotation } };
  });
}

function finished(state: ResponsesParts, part: Extract<LanguageModelV4StreamPart, { type: 'finish' }>): ResponsesEvent[] {
  const rest = [...state.open.values()].flatMap(({ kind, id }) => ended(state, kind, id, undefined));
  const response = finishedResponse(state.response, part.finishReason, state.output, usageOfModel(part.usage));
  return [
    ...begun(state),
    ...rest,
    { type: `response.${response.status === 'completed' ? 'completed' : 'incomplete'}`, fields: { response } },
  ];
}
