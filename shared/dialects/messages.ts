import type { JsonObject } from '../calls/json.ts';
import { errorCodes } from '../errors/codes.ts';
import type { GatewayError } from '../errors/gateway-error.ts';
import { sseFrame } from '../streaming/sse-writer.ts';
import { withCostBesideUsage } from './chat-completions-stream.ts';
import type { Dialect } from './dialect.ts';
import { readMessagesAnswer, readMessagesFault } from './messages-answer.ts';
import { messageFromResult } from './messages-from-result.ts';
import { type MessagesParts, messagesPartFrames, startMessagesParts } from './messages-parts.ts';
import { messagesRecording } from './messages-recording.ts';
import { nativeCountTokensBody, nativeMessagesBody, parseCountTokensRequest, parseMessagesRequest } from './messages-request.ts';
import { messagesResuming } from './messages-resuming.ts';
import {
  closeMessagesStream,
  isMessagesComplete,
  type MessagesStreamState,
  readMessagesFrame,
  startMessagesStream,
  truncateMessagesStream,
} from './messages-stream.ts';
import { messagesToOptions } from './messages-to-options.ts';
import type { Translation } from './translation.ts';

/**
 * An error in Anthropic's shape (https://platform.claude.com/docs/en/api/errors). The gateway's stable code stands in
 * `error.code`, and in `error.details.error_code`, where the official clients look for one, unless Anthropic has named the
 * cause there itself (`thread_not_found`).
 */
function messagesError(error: GatewayError, requestId?: string): JsonObject {
  return JSON.parse(
    JSON.stringify({
      type: 'error',
      error: {
        type: errorCodes[error.code].anthropicType,
        message: error.message,
        code: error.code,
        param: error.param,
        details: { error_code: error.code, ...error.details },
      },
      request_id: requestId ?? null,
    }),
  );
}

const translation: Translation<MessagesParts> = {
  fieldNames: { stop: 'stop_sequences', response_format: 'output_config.format', reasoning_effort: 'thinking' },
  toOptions: messagesToOptions,
  fromResult: messageFromResult,
  startParts: startMessagesParts,
  partFrames: messagesPartFrames,
};

/** Anthropic Messages (https://platform.claude.com/docs/en/api/messages). */
export const messages: Dialect<MessagesStreamState> = {
  name: 'messages',
  parse: parseMessagesRequest,
  nativeBody: nativeMessagesBody,
  readAnswer: readMessagesAnswer,
  readFault: readMessagesFault,
  startStream: startMessagesStream,
  readFrame: readMessagesFrame,
  isComplete: isMessagesComplete,
  closing: closeMessagesStream,
  truncate: truncateMessagesStream,
  withCost: withCostBesideUsage,
  errorBody: messagesError,
  requestIdHeader: 'request-id',
  // What the Anthropic clients raise as an APIError mid-stream.
  errorFrames: (error) => [sseFrame(JSON.stringify(messagesError(error)), 'error')],
  allowsComments: true,
  translation: async () => translation,
  recording: messagesRecording,
  resuming: messagesResuming,
};

/** The same dialect where it only counts the tokens of a prompt: one body there, one body back. */
export const messagesCounting: Dialect<MessagesStreamState> = {
  ...messages,
  parse: parseCountTokensRequest,
  nativeBody: nativeCountTokensBody,
  counting: { pathOf: (path) => `${path}/count_tokens`, answerOf: (tokens) => ({ input_tokens: tokens }) },
};
