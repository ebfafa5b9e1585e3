import { Buffer } from 'node:buffer';
import type { Call } from '../calls/call.ts';
import type { JsonObject } from '../calls/json.ts';
import type { Usage } from '../calls/usage.ts';
import type { SseFrame } from '../streaming/sse-reader.ts';
import { sseFrame } from '../streaming/sse-writer.ts';
import { openAiError } from './chat-completions.ts';
import { choicesOf, finishReasonOf, readChatFault, readChatUsage, textOf } from './chat-completions-answer.ts';
import { nativeChatBody } from './chat-completions-request.ts';
import {
  type ChatStreamState,
  closeChatStream,
  isChatComplete,
  readChunkFrame,
  startChatStream,
  truncated,
  withCostBesideUsage,
} from './chat-completions-stream.ts';
import { completionsRecording } from './completions-recording.ts';
import { completionsResuming } from './completions-resuming.ts';
import { completionsRequestSchema } from './completions-schema.ts';
import { completionsTranslation } from './completions-translation.ts';
import type { AnswerFacts, Dialect, DialectRequest, FrameReading, NativeTarget } from './dialect.ts';
import { emptyFacts } from './empty-facts.ts';
import { invalidRequest } from './invalid-request.ts';

function parseCompletionsRequest(request: DialectRequest): Call {
  const parsed = completionsRequestSchema.safeParse(request.body);
  if (!parsed.success) throw invalidRequest(parsed.error);
  const { model, prompt, stream, ...rest } = parsed.data;
  // Each prompt of several is answered on its own; `best_of` candidates are made and billed, though not all are shown.
  const prompts = Array.isArray(prompt) && typeof prompt[0] !== 'number' ? prompt.length : 1;
  return {
    dialect: 'completions',
    model,
    body: request.body,
    stream: stream === true,
    streamUsage: rest.stream_options?.include_usage === true,
    maxOutputTokens: rest.max_tokens ?? undefined,
    choices: prompts * Math.max(rest.n ?? 1, rest.best_of ?? 1),
    endUser: rest.user ?? undefined,
    serviceTier: rest.service_tier ?? undefined,
    content: { textBytes: request.bodyBytes, messages: prompts, tools: 0, images: [], files: [], audio: [], promptCache: 'none' },
    forwardedHeaders: {},
  };
}

/** The legacy API has one name for the cap, whatever the chat API of the same provider calls it. */
function nativeCompletionsBody(call: Call, target: NativeTarget): JsonObject {
  return nativeChatBody(call, { ...target, maxTokensField: 'max_tokens' });
}

function readCompletionsAnswer(body: JsonObject): AnswerFacts {
  const facts: AnswerFacts = {
    ...emptyFacts(),
    usage: readChatUsage(body.usage),
    id: textOf(body.id),
    model: textOf(body.model),
    serviceTier: textOf(body.service_tier),
  };
  for (const choice of choicesOf(body)) {
    facts.finishReason ??= finishReasonOf(choice.finish_reason);
    if (typeof choice.text === 'string') facts.outputBytes += Buffer.byteLength(choice.text);
  }
  return facts;
}

function readCompletionsFrame(state: ChatStreamState, frame: SseFrame): FrameReading {
  return readChunkFrame(state, frame, ({ text }) => {
    if (typeof text !== 'string' || text === '') return false;
    state.outputBytes += Buffer.byteLength(text);
    return true;
  });
}

function truncateCompletionsStream(state: ChatStreamState, usage: Usage, costUsd: string | undefined): SseFrame[] {
  return truncated(state, usage, costUsd, { object: 'text_completion', choice: { text: '', logprobs: null } });
}

/** OpenAI's legacy Completions (https://platform.openai.com/docs/api-reference/completions). */
export const completions: Dialect<ChatStreamState> = {
  name: 'completions',
  parse: parseCompletionsRequest,
  nativeBody: nativeCompletionsBody,
  readAnswer: readCompletionsAnswer,
  readFault: readChatFault,
  startStream: (call) => startChatStream(call.streamUsage),
  readFrame: readCompletionsFrame,
  isComplete: isChatComplete,
  closing: closeChatStream,
  truncate: truncateCompletionsStream,
  withCost: withCostBesideUsage,
  errorBody: openAiError,
  errorFrames: (error) => [sseFrame(JSON.stringify(openAiError(error)))],
  allowsComments: true,
  translation: async () => completionsTranslation,
  recording: completionsRecording,
  resuming: completionsResuming,
};
