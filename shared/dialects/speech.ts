import * as z from 'zod';
import type { Call } from '../calls/call.ts';
import type { JsonObject } from '../calls/json.ts';
import { reportedUsage, type Usage, usageOf, wholeCount } from '../calls/usage.ts';
import { modelNameSchema } from './chat-completions-schema.ts';
import type { Dialect, DialectRequest } from './dialect.ts';
import { nativeEndpointBody } from './embeddings.ts';
import { endpointCall } from './endpoint-call.ts';
import { invalidRequest } from './invalid-request.ts';
import { factsOf, openAiEndpoint } from './openai-endpoint.ts';

/** Requests of OpenAI's text to speech (https://platform.openai.com/docs/api-reference/audio/createSpeech). */
export const speechRequestSchema = z.looseObject({
  model: modelNameSchema,
  input: z.string({ error: 'must be a string' }).min(1, 'must not be empty'),
  voice: z.union([z.string(), z.looseObject({})]).nullish(),
  response_format: z.string().nullish(),
  speed: z.number().min(0.25).max(4).nullish(),
  instructions: z.string().nullish(),
  stream_format: z.string().nullish(),
});

/**
 * Tokens of a second of speech at OpenAI, which counts one for 50 ms, and the most seconds a character takes: some 15
 * characters are spoken in a second, four times fewer at the lowest speed, and a third of that is left for slow voices.
 */
const tokensPerSecond = 20;
const slowestCharactersPerSecond = 1.25;

function parseSpeechRequest(request: DialectRequest): Call {
  const parsed = speechRequestSchema.safeParse(request.body);
  if (!parsed.success) throw invalidRequest(parsed.error);
  const { model, input, stream_format: streamFormat } = parsed.data;
  const characters = [...input].length;
  const seconds = 10 + characters / slowestCharactersPerSecond;
  return endpointCall('speech', model, request, {
    stream: streamFormat === 'sse',
    streamUsage: true,
    maxOutputTokens: Math.ceil(seconds * tokensPerSecond),
    units: { characters, audioMs: Math.ceil(seconds * 1000) },
  });
}

/** The least bytes a second of speech takes in each format; raw samples take exactly so many at 24 kHz and 16 bit. */
const leastBytesPerSecond: ReadonlyMap<string, number> = new Map(
  Object.entries({
    pcm: 48_000,
    wav: 48_000,
    flac: 12_000,
    mp3: 4_000,
    aac: 2_000,
    opus: 1_500,
  }),
);

/**
 * Sound says nothing of its usage. Characters are known from the request; how long it lasts, and so the tokens it is
 * billed by at some models, is bounded by its bytes.
 */
function usageOfSpeech(call: Call, bytes: number): Usage {
  const format = typeof call.body.response_format === 'string' ? call.body.response_format : 'mp3';
  const seconds = bytes / (leastBytesPerSecond.get(format) ?? 1_500);
  const audioMs = Math.min(call.units?.audioMs ?? Number.POSITIVE_INFINITY, Math.ceil(seconds * 1000));
  const outputTokens = Math.min(call.maxOutputTokens ?? 0, Math.ceil(seconds * tokensPerSecond));
  return usageOf({
    inputTokens: call.content.textBytes,
    outputTokens,
    outputAudioTokens: outputTokens,
    audioMs,
    characters: call.units?.characters ?? 0,
  });
}

const tokens = z.number().nullish();
const usageSchema = z.looseObject({ input_tokens: tokens, output_tokens: tokens });

function readSpeechUsage(body: JsonObject): Usage | undefined {
  const parsed = usageSchema.safeParse(body.usage);
  if (!parsed.success) return undefined;
  const outputTokens = wholeCount(parsed.data.output_tokens);
  return reportedUsage({ inputTokens: wholeCount(parsed.data.input_tokens), outputTokens, outputAudioTokens: outputTokens });
}

/** OpenAI text to speech (https://platform.openai.com/docs/api-reference/audio/createSpeech): sound, or events with `stream_format: "sse"`. */
export const speech: Dialect = openAiEndpoint({
  name: 'speech',
  parse: parseSpeechRequest,
  nativeBody: nativeEndpointBody,
  readAnswer: (body) => factsOf(body, readSpeechUsage(body)),
  readEventUsage: readSpeechUsage,
  usageOfBytes: usageOfSpeech,
});
