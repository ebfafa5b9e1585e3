import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';
import type { Usage } from '../calls/usage.ts';
import type { SseFrame } from '../streaming/sse-reader.ts';
import { sseFrame } from '../streaming/sse-writer.ts';
import { addContent, citesWeb, finishReasonOf, readChatFault, readChatUsage, textOf, withSearch } from './chat-completions-answer.ts';
import type { FrameReading, StreamState } from './dialect.ts';
import { freshStreamState, silentReading } from './stream-state.ts';

/** What is remembered of a chat completion stream. */
export interface ChatStreamState extends StreamState {
  created: number | undefined;
  /** Indexes of choices that have begun, and those that have finished. */
  readonly begun: Set<number>;
  readonly finished: Set<number>;
  /** Whether what was said cites pages. */
  cites: boolean;
  sawDone: boolean;
  sentUsage: boolean;
}

export function startChatStream(streamUsage: boolean): ChatStreamState {
  return {
    ...freshStreamState(streamUsage),
    created: undefined,
    begun: new Set(),
    finished: new Set(),
    cites: false,
    sawDone: false,
    sentUsage: false,
  };
}

/** Reads one event of a chat completion stream (https://platform.openai.com/docs/api-reference/chat-streaming). */
export function readChatFrame(state: ChatStreamState, frame: SseFrame): FrameReading {
  return readChunkFrame(state, frame, ({ delta }) => {
    if (!isJsonObject(delta)) return false;
    state.cites ||= citesWeb(delta);
    return addContent(state, delta);
  });
}

/** Reads one event of a stream framed as OpenAI frames both of its completions. `addContent` says whether a choice holds any. */
export function readChunkFrame(state: ChatStreamState, frame: SseFrame, addContent: (choice: JsonObject) => boolean): FrameReading {
  if (frame.data === undefined || frame.data === '') return silentReading;
  if (frame.data.trim() === '[DONE]') {
    state.sawDone = true;
    state.ended = true;
    return silentReading;
  }
  const chunk: JsonValue = JSON.parse(frame.data);
  if (!isJsonObject(chunk)) throw new SyntaxError('a completion chunk must be a JSON object');
  const fault = chunk.error == null && frame.event !== 'error' ? undefined : readChatFault(chunk);
  if (fault !== undefined) return { ...silentReading, fault };
  state.id ??= textOf(chunk.id);
  state.model ??= textOf(chunk.model);
  state.serviceTier = textOf(chunk.service_tier) ?? state.serviceTier;
  if (typeof chunk.created === 'number') state.created ??= chunk.created;
  const choices = Array.isArray(chunk.choices) ? chunk.choices : [];
  let content = false;
  for (const choice of choices) {
    if (!isJsonObject(choice)) continue;
    readEnding(state, choice);
    if (addContent(choice)) content = true;
  }
  if (content) state.hasContent = true;
  return { ...readUsage(state, chunk, choices.length === 0), content };
}

function readEnding(state: ChatStreamState, choice: JsonObject): void {
  const index = typeof choice.index === 'number' ? choice.index : 0;
  state.begun.add(index);
  const finish = finishReasonOf(choice.finish_reason);
  if (finish === undefined) return;
  state.finished.add(index);
  state.finishReason ??= finish;
}

function readUsage(state: ChatStreamState, chunk: JsonObject, withoutChoices: boolean): FrameReading {
  // Groq's older place for it (https://console.groq.com/docs/api-reference).
  const beside = isJsonObject(chunk.x_groq) ? chunk.x_groq.usage : undefined;
  const usage = readChatUsage(chunk.usage ?? beside);
  if (usage === undefined) return silentReading;
  // Some providers count up in every chunk; the last word is the right one.
  state.usage = state.cites ? withSearch(usage) : usage;
  const final = withoutChoices || (state.begun.size > 0 && state.finished.size === state.begun.size);
  if (final) state.sentUsage = true;
  return { ...silentReading, finalUsage: final, withhold: withoutChoices && !state.streamUsage };
}

/** Ended by its own mark, or every choice that began has said why it finished. */
export function isChatComplete(state: ChatStreamState): boolean {
  return state.ended || (state.begun.size > 0 && state.finished.size === state.begun.size);
}

export function closeChatStream(state: ChatStreamState): SseFrame[] {
  return state.sawDone ? [] : [sseFrame('[DONE]')];
}

/** The end of a stream that the gateway cuts at the output it could afford: `finish_reason: "length"`, usage, `[DONE]`. */
export function truncateChatStream(state: ChatStreamState, usage: Usage, costUsd: string | undefined): SseFrame[] {
  return truncated(state, usage, costUsd, { object: 'chat.completion.chunk', choice: { delta: {} } });
}

/** The same for every API that streams in choices: `object` names its chunks, `choice` is what one of them says at its end. */
export function truncated(
  state: ChatStreamState,
  usage: Usage,
  costUsd: string | undefined,
  { object, choice }: { readonly object: string; readonly choice: JsonObject },
): SseFrame[] {
  const head = { id: state.id ?? '', object, created: state.created ?? 0, model: state.model ?? '' };
  const open = [...(state.begun.size === 0 ? [0] : state.begun)].filter((index) => !state.finished.has(index));
  const frames = open.map((index) => sseFrame(JSON.stringify({ ...head, choices: [{ index, ...choice, finish_reason: 'length' }] })));
  if (state.streamUsage) {
    const body = JSON.stringify({ ...head, choices: [], usage: chatUsageOf(usage) });
    frames.push(sseFrame(costUsd === undefined ? body : withCostBesideUsage(body, costUsd)));
  }
  state.finishReason = 'length';
  state.ended = true;
  return [...frames, sseFrame('[DONE]')];
}

/** Usage in OpenAI's own fields. */
export function chatUsageOf(usage: Usage): JsonObject {
  return {
    prompt_tokens: usage.inputTokens,
    completion_tokens: usage.outputTokens,
    total_tokens: usage.inputTokens + usage.outputTokens,
    prompt_tokens_details: {
      cached_tokens: usage.cachedInputTokens,
      ...(usage.cacheWriteTokens > 0 && { cache_write_tokens: usage.cacheWriteTokens }),
      // The gateway's own name: Anthropic charges these at another rate, and the cost beside this usage has to know.
      ...(usage.cacheWrite1hTokens > 0 && { cache_write_1h_tokens: usage.cacheWrite1hTokens }),
      ...(usage.inputAudioTokens > 0 && { audio_tokens: usage.inputAudioTokens }),
    },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoningTokens,
      ...(usage.outputAudioTokens > 0 && { audio_tokens: usage.outputAudioTokens }),
    },
  };
}

/** Puts `cost_usd` at the end of the outermost object, beside `usage`, and leaves every other byte alone. */
export function withCostBesideUsage(json: string, costUsd: string): string {
  const end = json.lastIndexOf('}');
  return end === -1 ? json : `${json.slice(0, end)},"cost_usd":${costUsd}${json.slice(end)}`;
}
