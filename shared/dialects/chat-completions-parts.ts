import type { LanguageModelV4StreamPart, SharedV4ProviderMetadata } from '@ai-sdk/provider';
import type { Call } from '../calls/call.ts';
import type { JsonObject, JsonValue } from '../calls/json.ts';
import type { SseFrame } from '../streaming/sse-reader.ts';
import { sseFrame } from '../streaming/sse-writer.ts';
import { addAnnotation, customInput, customToolNames, finishOf, imageOf } from './chat-completions-from-result.ts';
import { extraContent, reasoningDetail } from './chat-completions-reasoning.ts';
import { chatUsageOf } from './chat-completions-stream.ts';
import { mergedMetadata } from './sealed-metadata.ts';
import { usageOfModel } from './translated-usage.ts';
import type { TranslatedHead } from './translation.ts';

/** What is remembered while a model's stream becomes a chat completion's. */
export interface ChatParts {
  /** The chunk up to the value of `delta`, and from it on. */
  readonly before: string;
  readonly after: string;
  readonly head: JsonObject;
  readonly customTools: ReadonlySet<string>;
  begun: boolean;
  /** Tool calls by the provider's id. */
  readonly calls: Map<string, ToolCall>;
  /** Blocks of reasoning that are open, by id. */
  readonly thoughts: Map<string, { text: string; metadata: SharedV4ProviderMetadata | undefined }>;
  details: number;
}

interface ToolCall {
  readonly index: number;
  readonly custom: boolean;
  readonly held: boolean;
  wrote: boolean;
}

export function startChatParts(call: Call, head: TranslatedHead): ChatParts {
  const own: JsonObject = {
    id: `chatcmpl-${head.id}`,
    object: 'chat.completion.chunk',
    created: Math.floor(head.createdAtMs / 1000),
    model: head.model,
  };
  const usage = call.streamUsage ? ',"usage":null' : '';
  return {
    before: `${JSON.stringify(own).slice(0, -1)},"choices":[{"index":0,"delta":`,
    after: `,"logprobs":null,"finish_reason":null}]${usage}}`,
    head: own,
    customTools: customToolNames(call),
    begun: false,
    calls: new Map(),
    thoughts: new Map(),
    details: 0,
  };
}

/** The chunks for one part, in the order OpenAI sends them: role, content, finish, usage, `[DONE]`. */
export function chatPartFrames(state: ChatParts, part: LanguageModelV4StreamPart): SseFrame[] {
  switch (part.type) {
    case 'text-delta':
      return part.delta === '' ? [] : deltas(state, { content: part.delta });
    case 'text-end':
      return extra(state, extraContent(part.providerMetadata));
    case 'reasoning-start':
      state.thoughts.set(part.id, { text: '', metadata: part.providerMetadata });
      return [];
    case 'reasoning-delta':
      return thoughtDelta(state, part);
    case 'reasoning-end':
      return thoughtEnd(state, part);
    case 'tool-input-start':
      return part.providerExecuted === true ? [] : openCall(state, part.id, part.toolName, part.inputEncoding === 'text');
    case 'tool-input-delta':
      return callDelta(state, part.id, part.delta);
    case 'tool-call':
      return part.providerExecuted === true ? [] : closeCall(state, part);
    case 'file':
      return deltas(state, { images: [imageOf(part)] });
    case 'source':
      return annotated(state, part);
    case 'finish':
      return ending(state, part);
    default:
      return [];
  }
}

function deltas(state: ChatParts, delta: JsonObject): SseFrame[] {
  const frame = chunk(state, delta);
  return state.begun ? [frame] : [opening(state), frame];
}

function opening(state: ChatParts): SseFrame {
  state.begun = true;
  return chunk(state, { role: 'assistant', content: '', refusal: null });
}

function chunk(state: ChatParts, delta: JsonObject): SseFrame {
  return sseFrame(state.before + JSON.stringify(delta) + state.after);
}

function extra(state: ChatParts, content: JsonObject | undefined): SseFrame[] {
  return content === undefined ? [] : deltas(state, { extra_content: content });
}

function thoughtDelta(state: ChatParts, part: Extract<LanguageModelV4StreamPart, { type: 'reasoning-delta' }>): SseFrame[] {
  const thought = state.thoughts.get(part.id) ?? { text: '', metadata: undefined };
  thought.text += part.delta;
  thought.metadata = mergedMetadata(thought.metadata, part.providerMetadata);
  state.thoughts.set(part.id, thought);
  return part.delta === '' ? [] : deltas(state, { reasoning_content: part.delta });
}

/** What the provider wants to see again comes when the block is whole, as one item. */
function thoughtEnd(state: ChatParts, part: Extract<LanguageModelV4StreamPart, { type: 'reasoning-end' }>): SseFrame[] {
  const thought = state.thoughts.get(part.id);
  state.thoughts.delete(part.id);
  const metadata = mergedMetadata(thought?.metadata, part.providerMetadata);
  if (thought === undefined || metadata === undefined) return [];
  const detail = reasoningDetail({ text: thought.text, metadata }, state.details);
  state.details += 1;
  return deltas(state, { reasoning_details: [detail] });
}

function openCall(state: ChatParts, id: string, name: string, isText: boolean): SseFrame[] {
  const index = state.calls.size;
  const custom = isText || state.customTools.has(name);
  // The text of a custom tool that comes wrapped in JSON is taken out when it is whole.
  state.calls.set(id, { index, custom, held: custom && !isText, wrote: false });
  const call: JsonObject = custom
    ? { index, id, type: 'custom', custom: { name, input: '' } }
    : { index, id, type: 'function', function: { name, arguments: '' } };
  return deltas(state, { tool_calls: [call] });
}

function callDelta(state: ChatParts, id: string, delta: string): SseFrame[] {
  const call = state.calls.get(id);
  if (call === undefined || call.held || delta === '') return [];
  return written(state, call, delta);
}

function written(state: ChatParts, call: ToolCall, delta: string): SseFrame[] {
  if (delta === '') return [];
  call.wrote = true;
  return deltas(state, {
    tool_calls: [{ index: call.index, ...(call.custom ? { custom: { input: delta } } : { function: { arguments: delta } }) }],
  });
}

/** The whole call: says what its pieces have not said. */
function closeCall(state: ChatParts, part: Extract<LanguageModelV4StreamPart, { type: 'tool-call' }>): SseFrame[] {
  const frames = state.calls.has(part.toolCallId) ? [] : openCall(state, part.toolCallId, part.toolName, false);
  const call = state.calls.get(part.toolCallId);
  if (call === undefined) return frames;
  if (!call.wrote) frames.push(...written(state, call, call.custom ? customInput(part.input) : part.input));
  const own = extraContent(part.providerMetadata);
  if (own !== undefined) frames.push(...deltas(state, { tool_calls: [{ index: call.index, extra_content: own }] }));
  return frames;
}

function annotated(state: ChatParts, part: Extract<LanguageModelV4StreamPart, { type: 'source' }>): SseFrame[] {
  const annotations: JsonValue[] = [];
  addAnnotation(part, annotations);
  return annotations.length === 0 ? [] : deltas(state, { annotations });
}

function ending(state: ChatParts, part: Extract<LanguageModelV4StreamPart, { type: 'finish' }>): SseFrame[] {
  const frames = state.begun ? [] : [opening(state)];
  const finish: JsonObject = { index: 0, delta: {}, logprobs: null, ...finishOf(part.finishReason) };
  frames.push(sseFrame(JSON.stringify({ ...state.head, choices: [finish] })));
  const usage = usageOfModel(part.usage);
  if (usage !== undefined) frames.push(sseFrame(JSON.stringify({ ...state.head, choices: [], usage: chatUsageOf(usage) })));
  return [...frames, sseFrame('[DONE]')];
}
