import { Buffer } from 'node:buffer';
import * as z from 'zod';
import type { AudioFacts, Call } from '../calls/call.ts';
import type { JsonObject } from '../calls/json.ts';
import { type FormPart, type MultipartForm, withFields } from '../calls/multipart-form.ts';
import { reportedUsage, type Usage, wholeCount } from '../calls/usage.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { modelNameSchema } from './chat-completions-schema.ts';
import type { Dialect, DialectRequest, NativeTarget } from './dialect.ts';
import { nativeEndpointBody } from './embeddings.ts';
import { endpointCall } from './endpoint-call.ts';
import { invalidRequest } from './invalid-request.ts';
import { factsOf, openAiEndpoint } from './openai-endpoint.ts';

/** The text fields of OpenAI's transcription (https://platform.openai.com/docs/api-reference/audio/createTranscription). */
export const transcriptionsRequestSchema = z.looseObject({
  model: modelNameSchema,
  stream: z.enum(['true', 'false', 'True', 'False', '1', '0'], { error: 'must be true or false' }).optional(),
  language: z.string().optional(),
  prompt: z.string().optional(),
  response_format: z.string().optional(),
  temperature: z.string().optional(),
});

/** The sound of a transcription request. */
function audioFileOf(form: MultipartForm): FormPart {
  const file = form.parts.find(({ name, filename }) => name === 'file' && filename !== undefined);
  if (file !== undefined && file.value.length > 0) return file;
  throw new GatewayError('invalid_request', "'file' must be an audio file, sent as a part of the form with a file name.", {
    param: 'file',
  });
}

function parseTranscriptionsRequest(request: DialectRequest): Call {
  const { form } = request;
  if (form === undefined) {
    throw new GatewayError('invalid_request', 'A transcription is asked for with multipart/form-data, with the sound as its part "file".', {
      param: 'file',
    });
  }
  const parsed = transcriptionsRequestSchema.safeParse(request.body);
  if (!parsed.success) throw invalidRequest(parsed.error);
  const { model, stream, prompt } = parsed.data;
  const file = audioFileOf(form);
  return endpointCall('transcriptions', model, request, {
    form,
    stream: /^(true|1)$/i.test(stream ?? ''),
    streamUsage: true,
    maxOutputTokens: undefined,
    content: { textBytes: prompt === undefined ? 0 : prompt.length * 4, audio: [audioFacts(file.value)] },
  });
}

function audioFacts(bytes: Buffer): AudioFacts {
  const seconds = wavSeconds(bytes);
  return { bytes: bytes.length, ...(seconds !== undefined && { seconds }) };
}

/** Formats of samples that are not compressed: integers, floating point, and the extensible form of both. */
const plainSampleFormats = [1, 3, 0xfffe];

/**
 * How long uncompressed sound in a RIFF file lasts, by its samples and not by the rate in its header; undefined for
 * anything else. Every byte counts as sound, so it is never too short.
 */
export function wavSeconds(bytes: Buffer): number | undefined {
  if (bytes.length < 44 || bytes.toString('latin1', 0, 4) !== 'RIFF' || bytes.toString('latin1', 8, 16) !== 'WAVEfmt ') return undefined;
  if (!plainSampleFormats.includes(bytes.readUInt16LE(20))) return undefined;
  const channels = bytes.readUInt16LE(22);
  const samplesPerSecond = bytes.readUInt32LE(24);
  const bitsPerSample = bytes.readUInt16LE(34);
  const bytesPerSecond = (channels * samplesPerSecond * bitsPerSample) / 8;
  return bytesPerSecond > 0 ? bytes.length / bytesPerSecond : undefined;
}

function nativeTranscriptionForm(call: Call, target: NativeTarget): MultipartForm | undefined {
  const overrides = Object.entries(target.overrides).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  return call.form && withFields(call.form, { ...Object.fromEntries(overrides), model: target.model });
}

const amount = z.number().nullish();
const usageSchema = z.looseObject({
  seconds: amount,
  input_tokens: amount,
  output_tokens: amount,
  input_token_details: z.looseObject({ audio_tokens: amount }).nullish(),
});

/** Usage by tokens or by seconds, as the model is billed; `verbose_json` of other providers tells the duration alone. */
function readTranscriptionUsage(body: JsonObject): Usage | undefined {
  const parsed = usageSchema.safeParse(body.usage);
  if (parsed.success && parsed.data.input_tokens != null) {
    const inputTokens = wholeCount(parsed.data.input_tokens);
    return reportedUsage({
      inputTokens,
      outputTokens: wholeCount(parsed.data.output_tokens),
      inputAudioTokens: Math.min(inputTokens, wholeCount(parsed.data.input_token_details?.audio_tokens)),
    });
  }
  const seconds = (parsed.success ? parsed.data.seconds : undefined) ?? body.duration;
  return typeof seconds === 'number' && seconds >= 0 ? reportedUsage({ audioMs: wholeCount(seconds * 1000) }) : undefined;
}

/** OpenAI transcription (https://platform.openai.com/docs/api-reference/audio/createTranscription): JSON, events, or plain text such as subtitles. */
export const transcriptions: Dialect = openAiEndpoint({
  name: 'transcriptions',
  takesForm: true,
  parse: parseTranscriptionsRequest,
  nativeBody: nativeEndpointBody,
  nativeForm: nativeTranscriptionForm,
  readAnswer: (body) => ({
    ...factsOf(body, readTranscriptionUsage(body)),
    outputBytes: typeof body.text === 'string' ? Buffer.byteLength(body.text) : 0,
  }),
  usageOfBytes: () => undefined,
  readEventUsage: readTranscriptionUsage,
});
