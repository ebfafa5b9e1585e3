import * as z from 'zod';
import type { Call } from '../calls/call.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';
import { reportedUsage, type Usage, usageOf, wholeCount } from '../calls/usage.ts';
import { billedIn } from './billed.ts';
import { modelNameSchema } from './chat-completions-schema.ts';
import type { Dialect, DialectRequest } from './dialect.ts';
import { nativeEndpointBody } from './embeddings.ts';
import { endpointCall } from './endpoint-call.ts';
import { invalidRequest } from './invalid-request.ts';
import { factsOf, openAiEndpoint } from './openai-endpoint.ts';

/** Requests of OpenAI's image generation (https://platform.openai.com/docs/api-reference/images/create). */
export const imagesRequestSchema = z.looseObject({
  model: modelNameSchema,
  prompt: z.string({ error: 'must be a string' }).min(1, 'must not be empty'),
  n: z.int().min(1).max(10).nullish(),
  size: z.string().nullish(),
  quality: z.string().nullish(),
  response_format: z.string().nullish(),
  output_format: z.string().nullish(),
  background: z.string().nullish(),
  stream: z.boolean({ error: 'must be true or false' }).nullish(),
  partial_images: z.int().min(0).max(3).nullish(),
  user: z.string().nullish(),
});

/**
 * The most output tokens of one image where images are priced by the token: 6,240 for a tall one of high quality
 * (https://platform.openai.com/docs/guides/image-generation#cost-and-latency), 100 for each partial image.
 */
const tokensPerImage = 8_192;

function parseImagesRequest(request: DialectRequest): Call {
  const parsed = imagesRequestSchema.safeParse(request.body);
  if (!parsed.success) throw invalidRequest(parsed.error);
  const { model, n, stream, user, output_format: format } = parsed.data;
  return endpointCall('images', model, request, {
    stream: stream === true,
    streamUsage: true,
    maxOutputTokens: tokensPerImage,
    choices: n ?? 1,
    endUser: user ?? undefined,
    units: { images: n ?? 1 },
    // Vectors are written by a chat model that the request or the account names, at its own price (`svg_usage` of the answer).
    ...(format === 'svg' && { hostedTools: { uses: 0, bounded: 'yes', unpriced: 'svg', field: 'output_format' } }),
  });
}

const tokens = z.number().nullish();
const usageSchema = z.looseObject({ input_tokens: tokens, output_tokens: tokens, total_tokens: tokens });

/** Tokens as the GPT image models report them; models priced by the image report none, but may say what they cost. */
function readImageUsage(value: JsonValue | undefined): Partial<Usage> {
  const parsed = usageSchema.safeParse(value);
  if (!parsed.success) return {};
  const input = wholeCount(parsed.data.input_tokens);
  const output = Math.max(wholeCount(parsed.data.output_tokens), wholeCount(parsed.data.total_tokens) - input);
  return { inputTokens: input, outputTokens: output, ...billedIn(value) };
}

function readImagesAnswer(body: JsonObject) {
  const made = Array.isArray(body.data) ? body.data.length : 0;
  return factsOf(body, reportedUsage({ ...readImageUsage(body.usage), images: made }) ?? usageOf({ images: made }));
}

/** Each finished image of a stream brings its own usage. */
function readImageEvent(event: JsonObject, before: Usage | undefined): Usage | undefined {
  if (event.type !== 'image_generation.completed') return undefined;
  const usage = isJsonObject(event.usage) ? readImageUsage(event.usage) : {};
  return reportedUsage({
    inputTokens: (before?.inputTokens ?? 0) + (usage.inputTokens ?? 0),
    outputTokens: (before?.outputTokens ?? 0) + (usage.outputTokens ?? 0),
    images: (before?.images ?? 0) + 1,
  });
}

/** OpenAI image generation (https://platform.openai.com/docs/api-reference/images). */
export const images: Dialect = openAiEndpoint({
  name: 'images',
  parse: parseImagesRequest,
  nativeBody: nativeEndpointBody,
  readAnswer: readImagesAnswer,
  readEventUsage: readImageEvent,
  carriesMedia: true,
});
