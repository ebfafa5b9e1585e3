import type { Call } from '../calls/call.ts';
import type { JsonObject } from '../calls/json.ts';
import { openAiErrorBody } from '../errors/error-response.ts';
import type { GatewayError } from '../errors/gateway-error.ts';
import { sseFrame } from '../streaming/sse-writer.ts';
import { readChatAnswer, readChatFault } from './chat-completions-answer.ts';
import { chatRecording } from './chat-completions-recording.ts';
import { nativeChatBody, parseChatRequest } from './chat-completions-request.ts';
import { chatResuming } from './chat-completions-resuming.ts';
import {
  type ChatStreamState,
  closeChatStream,
  isChatComplete,
  readChatFrame,
  startChatStream,
  truncateChatStream,
  withCostBesideUsage,
} from './chat-completions-stream.ts';
import type { Dialect } from './dialect.ts';

/** An error in the OpenAI API's shape, as plain JSON. */
export function openAiError(error: GatewayError): JsonObject {
  return JSON.parse(JSON.stringify(openAiErrorBody(error)));
}

/** OpenAI Chat Completions (https://platform.openai.com/docs/api-reference/chat). */
export const chatCompletions: Dialect<ChatStreamState> = {
  name: 'chat-completions',
  parse: parseChatRequest,
  nativeBody: nativeChatBody,
  readAnswer: readChatAnswer,
  readFault: readChatFault,
  startStream: (call: Call) => startChatStream(call.streamUsage),
  readFrame: readChatFrame,
  isComplete: isChatComplete,
  closing: closeChatStream,
  truncate: truncateChatStream,
  withCost: withCostBesideUsage,
  errorBody: openAiError,
  // What the OpenAI clients raise as an APIError mid-stream. No [DONE] after it: that would be a clean end.
  errorFrames: (error) => [sseFrame(JSON.stringify(openAiErrorBody(error)))],
  allowsComments: true,
  recording: chatRecording,
  resuming: chatResuming,
  translation: async () => (await import('./chat-completions-translation.ts')).chatTranslation,
};
