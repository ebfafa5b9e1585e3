import * as z from 'zod';
import type { Call, ImageFacts } from '../calls/call.ts';
import type { JsonObject, JsonValue } from '../calls/json.ts';
import { parseDataUrl } from '../calls/media-type.ts';
import { reportedUsage, type Usage, wholeCount } from '../calls/usage.ts';
import { billedIn } from './billed.ts';
import { modelNameSchema } from './chat-completions-schema.ts';
import type { Dialect, DialectRequest, NativeTarget } from './dialect.ts';
import { endpointCall } from './endpoint-call.ts';
import { invalidRequest } from './invalid-request.ts';
import { factsOf, openAiEndpoint } from './openai-endpoint.ts';

const tokenIds = z.array(z.int().nonnegative()).min(1);

/**
 * Requests of OpenAI's Embeddings API (https://platform.openai.com/docs/api-reference/embeddings/create). Objects as
 * inputs, such as `{"image": "…"}`, are extensions of single providers and pass as they are.
 */
export const embeddingsRequestSchema = z.looseObject({
  model: modelNameSchema,
  input: z.union([z.string().min(1), tokenIds, z.array(z.union([z.string(), tokenIds, z.looseObject({})])).min(1)], {
    error: 'must be a string, an array of strings, an array of tokens, or an array of token arrays, and not be empty',
  }),
  dimensions: z.int().positive().nullish(),
  encoding_format: z.string().nullish(),
  user: z.string().nullish(),
});

/** See {@link embeddingsRequestSchema}. */
export type EmbeddingsRequest = z.infer<typeof embeddingsRequestSchema>;

/** The inputs of a request, one for each embedding. */
export function inputsOf({ input }: Pick<EmbeddingsRequest, 'input'>): readonly (string | number[] | object)[] {
  if (typeof input === 'string') return [input];
  const tokens = input.filter((item) => typeof item === 'number');
  return tokens.length > 0 ? [tokens] : input.filter((item) => typeof item !== 'number');
}

function parseEmbeddingsRequest(request: DialectRequest): Call {
  const parsed = embeddingsRequestSchema.safeParse(request.body);
  if (!parsed.success) throw invalidRequest(parsed.error);
  const inputs = inputsOf(parsed.data);
  const images = inputs.flatMap((input) => imagesIn(input));
  return endpointCall('embeddings', parsed.data.model, request, {
    endUser: parsed.data.user ?? undefined,
    content: { messages: inputs.length, images },
  });
}

/** Images of an input of a multimodal model. Inline ones are in the bytes of the body already. */
function imagesIn(input: string | number[] | object): ImageFacts[] {
  if (typeof input === 'string') return [];
  return Object.entries(input).flatMap(([field, value]) =>
    /image/i.test(field) && typeof value === 'string' && parseDataUrl(value) === undefined ? [{}] : [],
  );
}

/** The caller's body for a provider of the same endpoint, with only the model and the target's own fields changed. */
export function nativeEndpointBody(call: Call, target: NativeTarget): JsonObject {
  return { ...call.body, ...target.overrides, model: target.model };
}

const tokens = z.number().nullish();
const usageSchema = z.looseObject({ prompt_tokens: tokens, input_tokens: tokens, total_tokens: tokens });

/** Usage of endpoints that only read: OpenAI's fields, and `total_tokens` alone as Voyage and Jina report it. */
export function readInputUsage(value: JsonValue | undefined): Usage | undefined {
  const parsed = usageSchema.safeParse(value);
  if (!parsed.success) return undefined;
  const { prompt_tokens: prompt, input_tokens: input, total_tokens: total } = parsed.data;
  const counts = [prompt, input, total].filter((count) => count != null);
  return counts.length === 0 ? undefined : reportedUsage({ inputTokens: Math.max(...counts.map(wholeCount)), ...billedIn(value) });
}

/** OpenAI Embeddings (https://platform.openai.com/docs/api-reference/embeddings). */
export const embeddings: Dialect = openAiEndpoint({
  name: 'embeddings',
  parse: parseEmbeddingsRequest,
  nativeBody: nativeEndpointBody,
  readAnswer: (body) => factsOf(body, readInputUsage(body.usage)),
});
