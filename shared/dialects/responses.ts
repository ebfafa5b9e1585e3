import { openAiErrorBody } from '../errors/error-response.ts';
import type { GatewayError } from '../errors/gateway-error.ts';
import type { SseFrame } from '../streaming/sse-reader.ts';
import { openAiError } from './chat-completions.ts';
import type { Dialect } from './dialect.ts';
import { readResponsesAnswer, readResponsesFault } from './responses-answer.ts';
import { responsesFrames } from './responses-events.ts';
import { responseFromResult } from './responses-from-result.ts';
import { type ResponsesParts, responsesPartFrames, startResponsesParts } from './responses-parts.ts';
import { responsesRecording } from './responses-recording.ts';
import { nativeResponsesBody, parseResponsesRequest } from './responses-request.ts';
import { responsesResuming } from './responses-resuming.ts';
import {
  isResponsesComplete,
  type ResponsesStreamState,
  readResponsesFrame,
  startResponsesStream,
  truncateResponsesStream,
  withCostInResponse,
} from './responses-stream.ts';
import { responsesToOptions } from './responses-to-options.ts';
import type { Translation } from './translation.ts';

/**
 * What ends a failed stream, as OpenAI ends it: `error`, which the official clients raise, and `response.failed`, which
 * others wait for. The documented fields of `error` stand at its top, and once more in the object that is sent in fact.
 */
function errorFrames(error: GatewayError, state?: ResponsesStreamState): SseFrame[] {
  const { error: body } = openAiErrorBody(error);
  const { code, message, param } = body;
  const failed = {
    ...(state?.response ?? { id: state?.id ?? 'resp_failed', object: 'response', created_at: 0, model: state?.model ?? '', output: [] }),
    status: 'failed',
    error: { code, message },
  };
  return responsesFrames({ next: state?.sequence.next ?? 0 }, [
    { type: 'error', fields: { code, message, param, error: { type: body.type, code, message, param } } },
    { type: 'response.failed', fields: { response: failed } },
  ]);
}

const translation: Translation<ResponsesParts> = {
  fieldNames: { response_format: 'text.format', reasoning_effort: 'reasoning.effort', max_tokens: 'max_output_tokens' },
  toOptions: responsesToOptions,
  fromResult: responseFromResult,
  startParts: startResponsesParts,
  partFrames: responsesPartFrames,
};

/** OpenAI Responses (https://platform.openai.com/docs/api-reference/responses). */
export const responses: Dialect<ResponsesStreamState> = {
  name: 'responses',
  parse: parseResponsesRequest,
  nativeBody: nativeResponsesBody,
  readAnswer: readResponsesAnswer,
  readFault: readResponsesFault,
  startStream: startResponsesStream,
  readFrame: readResponsesFrame,
  isComplete: isResponsesComplete,
  closing: () => [],
  truncate: truncateResponsesStream,
  withCost: withCostInResponse,
  errorBody: openAiError,
  errorFrames,
  allowsComments: true,
  translation: async () => translation,
  recording: responsesRecording,
  resuming: responsesResuming,
};
