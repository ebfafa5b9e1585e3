import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';
import type { Usage } from '../calls/usage.ts';
import type { SseFrame } from '../streaming/sse-reader.ts';
import { sseFrame } from '../streaming/sse-writer.ts';
import { textOf } from './chat-completions-answer.ts';
import type { FrameReading, StreamState } from './dialect.ts';
import { addBlock, billedTier, messagesFinishReason, noteContainer, readMessagesFault, readMessagesUsage } from './messages-answer.ts';
import { freshStreamState, silentReading } from './stream-state.ts';

/** What is remembered of a Messages stream. */
export interface MessagesStreamState extends StreamState {
  /** Indexes of blocks that have begun and not stopped. */
  readonly open: Set<number>;
  /** Usage as told so far; later events repeat only some of its fields. */
  told: JsonObject;
  sawStop: boolean;
}

export function startMessagesStream(): MessagesStreamState {
  return { ...freshStreamState(true), open: new Set(), told: {}, sawStop: false };
}

/** Reads one event of a Messages stream (https://platform.claude.com/docs/en/build-with-claude/streaming). */
export function readMessagesFrame(state: MessagesStreamState, frame: SseFrame): FrameReading {
  // A look-alike's habit: what speaks for the end here is message_stop.
  if (frame.data === undefined || frame.data === '' || frame.data.trim() === '[DONE]') return silentReading;
  const event: JsonValue = JSON.parse(frame.data);
  if (!isJsonObject(event)) throw new SyntaxError('an event of a Messages stream must be a JSON object');
  switch (event.type) {
    case 'message_start':
      return readStart(state, event);
    case 'content_block_start':
      state.open.add(indexOf(event));
      return readContent(state, event.content_block);
    case 'content_block_delta':
      return readContent(state, event.delta);
    case 'content_block_stop':
      state.open.delete(indexOf(event));
      return silentReading;
    case 'message_delta':
      return readDelta(state, event);
    case 'message_stop':
      state.sawStop = true;
      state.ended = true;
      return silentReading;
    default: {
      const fault = event.type === 'error' || frame.event === 'error' ? readMessagesFault(event) : undefined;
      return fault === undefined ? silentReading : { ...silentReading, fault };
    }
  }
}

function readStart(state: MessagesStreamState, event: JsonObject): FrameReading {
  const message = isJsonObject(event.message) ? event.message : {};
  state.id ??= textOf(message.id);
  state.model ??= textOf(message.model);
  noteUsage(state, message.usage);
  // Who begins with nothing has not counted yet: no prompt is empty.
  if (state.usage?.inputTokens === 0) state.usage = undefined;
  return readBeginning(state, message);
}

/** A message that goes on where a tool of the provider's has answered may begin with blocks that are whole, and with its end. */
function readBeginning(state: MessagesStreamState, { content, stop_reason }: JsonObject): FrameReading {
  if (!Array.isArray(content) || content.length === 0) return silentReading;
  state.finishReason = messagesFinishReason(stop_reason) ?? state.finishReason;
  const readings = content.map((block) => readContent(state, block));
  return readings.find((reading) => reading.content) ?? silentReading;
}

function readContent(state: MessagesStreamState, part: JsonValue | undefined): FrameReading {
  const content = isJsonObject(part) && addBlock(state, part);
  if (!content) return silentReading;
  state.hasContent = true;
  // The input is exact from the start; the output so far is bounded until the provider has counted it.
  if (state.usage !== undefined && state.finishReason === undefined) {
    state.usage.outputTokens = Math.max(state.usage.outputTokens, state.outputBytes);
    state.outputBounded = true;
  }
  return { ...silentReading, content: true };
}

function readDelta(state: MessagesStreamState, event: JsonObject): FrameReading {
  const delta = isJsonObject(event.delta) ? event.delta : {};
  state.finishReason = messagesFinishReason(delta.stop_reason) ?? state.finishReason;
  noteUsage(state, event.usage);
  state.outputBounded = false;
  noteContainer(state, delta.container);
  return { ...silentReading, finalUsage: state.usage !== undefined && isJsonObject(event.usage) };
}

function noteUsage(state: MessagesStreamState, usage: JsonValue | undefined): void {
  if (!isJsonObject(usage)) return;
  for (const [name, value] of Object.entries(usage)) if (value !== null) state.told[name] = value;
  state.usage = readMessagesUsage(state.told) ?? state.usage;
  state.serviceTier = billedTier(state.told);
}

function indexOf(event: JsonObject): number {
  return typeof event.index === 'number' ? event.index : 0;
}

/** Ended by its own mark, or the message has said why it stopped. */
export function isMessagesComplete(state: MessagesStreamState): boolean {
  return state.ended || state.finishReason !== undefined;
}

export function closeMessagesStream(state: MessagesStreamState): SseFrame[] {
  return state.sawStop ? [] : [messagesEvent({ type: 'message_stop' })];
}

/** The end of a stream that the gateway cuts at the output it could afford: as if `max_tokens` was reached. */
export function truncateMessagesStream(state: MessagesStreamState, usage: Usage, costUsd: string | undefined): SseFrame[] {
  const frames = [...state.open].map((index) => messagesEvent({ type: 'content_block_stop', index }));
  const ending: JsonObject = {
    type: 'message_delta',
    delta: { stop_reason: 'max_tokens', stop_sequence: null },
    usage: messagesUsageOf(usage),
  };
  state.open.clear();
  state.finishReason = 'length';
  state.ended = true;
  state.sawStop = true;
  const text = JSON.stringify(ending);
  const end = costUsd === undefined ? text : `${text.slice(0, -1)},"cost_usd":${costUsd}}`;
  return [...frames, sseFrame(end, 'message_delta'), messagesEvent({ type: 'message_stop' })];
}

/** An event in Anthropic's framing: its type stands in the `event:` field too. */
export function messagesEvent(event: JsonObject & { type: string }): SseFrame {
  return sseFrame(JSON.stringify(event), event.type);
}

/** Usage in Anthropic's own fields: cached and newly cached input beside the fresh. */
export function messagesUsageOf(usage: Usage): JsonObject {
  const fresh = usage.inputTokens - usage.cachedInputTokens - usage.cacheWriteTokens;
  return {
    input_tokens: Math.max(0, fresh),
    cache_creation_input_tokens: usage.cacheWriteTokens,
    cache_read_input_tokens: usage.cachedInputTokens,
    cache_creation: {
      ephemeral_5m_input_tokens: usage.cacheWriteTokens - usage.cacheWrite1hTokens,
      ephemeral_1h_input_tokens: usage.cacheWrite1hTokens,
    },
    output_tokens: usage.outputTokens,
    ...(usage.reasoningTokens > 0 && { output_tokens_details: { thinking_tokens: usage.reasoningTokens } }),
    ...(usage.searches > 0 && { server_tool_use: { web_search_requests: usage.searches } }),
  };
}
