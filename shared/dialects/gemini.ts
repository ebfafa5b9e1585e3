import type { JsonObject } from '../calls/json.ts';
import { errorCodes } from '../errors/codes.ts';
import type { GatewayError } from '../errors/gateway-error.ts';
import { sseFrame } from '../streaming/sse-writer.ts';
import { withCostBesideUsage } from './chat-completions-stream.ts';
import type { Dialect } from './dialect.ts';
import { readGeminiAnswer, readGeminiFault } from './gemini-answer.ts';
import { type GeminiParts, geminiFromResult, geminiPartFrames, startGeminiParts } from './gemini-from-result.ts';
import { geminiRecording } from './gemini-recording.ts';
import { nativeGeminiBody, nativeGeminiCount, parseGeminiCount, parseGeminiRequest } from './gemini-request.ts';
import { geminiResuming } from './gemini-resuming.ts';
import {
  type GeminiStreamState,
  isGeminiComplete,
  jsonArrayFraming,
  readGeminiFrame,
  startGeminiStream,
  truncateGeminiStream,
} from './gemini-stream.ts';
import { geminiToOptions } from './gemini-to-options.ts';
import type { Translation } from './translation.ts';

/**
 * An error in the shape of Google's APIs (https://cloud.google.com/apis/design/errors): `status` is Google's own word,
 * `details[0].reason` the gateway's stable code.
 */
function geminiErrorBody(error: GatewayError): JsonObject {
  const details: JsonObject[] = [
    {
      '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
      reason: error.code,
      domain: 'sluice',
      ...(error.details && { metadata: asTexts(error.details) }),
    },
  ];
  if (error.retryAfterMs !== undefined)
    details.push({
      '@type': 'type.googleapis.com/google.rpc.RetryInfo',
      retryDelay: `${Math.max(1, Math.ceil(error.retryAfterMs / 1000))}s`,
    });
  if (error.param !== undefined)
    details.push({
      '@type': 'type.googleapis.com/google.rpc.BadRequest',
      fieldViolations: [{ field: error.param, description: error.message }],
    });
  return { error: { code: error.status, message: error.message, status: errorCodes[error.code].googleStatus, details } };
}

/** Gemini for providers that do not speak it, by way of the AI SDK. */
const geminiTranslation: Translation<GeminiParts> = {
  fieldNames: {
    temperature: 'generationConfig.temperature',
    top_p: 'generationConfig.topP',
    top_k: 'generationConfig.topK',
    stop: 'generationConfig.stopSequences',
    seed: 'generationConfig.seed',
    presence_penalty: 'generationConfig.presencePenalty',
    frequency_penalty: 'generationConfig.frequencyPenalty',
    max_tokens: 'generationConfig.maxOutputTokens',
    response_format: 'generationConfig.responseMimeType',
    reasoning_effort: 'generationConfig.thinkingConfig',
  },
  toOptions: geminiToOptions,
  fromResult: geminiFromResult,
  startParts: startGeminiParts,
  partFrames: geminiPartFrames,
};

/** Google's Gemini API, `generateContent` and `streamGenerateContent` (https://ai.google.dev/api/generate-content). */
export const gemini: Dialect<GeminiStreamState> = {
  name: 'gemini',
  parse: parseGeminiRequest,
  nativeBody: nativeGeminiBody,
  readAnswer: readGeminiAnswer,
  // https://ai.google.dev/gemini-api/docs/priority-inference
  tierHeader: 'x-gemini-service-tier',
  readFault: readGeminiFault,
  startStream: startGeminiStream,
  readFrame: readGeminiFrame,
  isComplete: isGeminiComplete,
  closing: () => [],
  truncate: truncateGeminiStream,
  withCost: withCostBesideUsage,
  errorBody: geminiErrorBody,
  errorFrames: (error) => [sseFrame(JSON.stringify(geminiErrorBody(error)))],
  // Google's Python client parses every line that is not a data line as JSON (python-genai, _iter_response_stream).
  allowsComments: false,
  translation: async () => geminiTranslation,
  recording: geminiRecording,
  resuming: geminiResuming,
  framing: (call) => (call.streamForm === 'json-array' ? jsonArrayFraming : undefined),
};

/** Counting a prompt's tokens (https://ai.google.dev/api/tokens#method:-models.counttokens). */
export const geminiCounting: Dialect<GeminiStreamState> = {
  ...gemini,
  parse: parseGeminiCount,
  nativeBody: nativeGeminiCount,
  counting: {
    pathOf: (path) => path.replace(/generateContent$/, 'countTokens'),
    answerOf: (totalTokens) => ({ totalTokens }),
  },
};

/** `ErrorInfo.metadata` maps texts to texts; Google's own clients accept nothing else. */
function asTexts(details: Readonly<Record<string, unknown>>): JsonObject {
  const texts: JsonObject = {};
  for (const [name, value] of Object.entries(details)) texts[name] = typeof value === 'string' ? value : JSON.stringify(value ?? null);
  return texts;
}
