import * as z from 'zod';
import type { Call } from '../calls/call.ts';
import { modelNameSchema } from './chat-completions-schema.ts';
import type { Dialect, DialectRequest } from './dialect.ts';
import { nativeEndpointBody, readInputUsage } from './embeddings.ts';
import { endpointCall } from './endpoint-call.ts';
import { invalidRequest } from './invalid-request.ts';
import { factsOf, openAiEndpoint } from './openai-endpoint.ts';

const imagePart = z.looseObject({ type: z.literal('image_url'), image_url: z.looseObject({ url: z.string().min(1) }) });
const textPart = z.looseObject({ type: z.literal('text'), text: z.string() });

/** Requests of OpenAI's Moderations API (https://platform.openai.com/docs/api-reference/moderations/create). */
export const moderationsRequestSchema = z.looseObject({
  model: modelNameSchema,
  input: z.union([z.string(), z.array(z.union([z.string(), textPart, imagePart])).min(1)], {
    error: 'must be a string, an array of strings, or an array of parts such as {"type": "text", "text": "…"}',
  }),
});

function parseModerationsRequest(request: DialectRequest): Call {
  const parsed = moderationsRequestSchema.safeParse(request.body);
  if (!parsed.success) throw invalidRequest(parsed.error);
  const { model, input } = parsed.data;
  const images = Array.isArray(input) ? input.filter((part) => typeof part === 'object' && part.type === 'image_url') : [];
  return endpointCall('moderations', model, request, {
    content: { messages: Array.isArray(input) ? input.length : 1, images: images.map(() => ({})) },
  });
}

/** OpenAI Moderations (https://platform.openai.com/docs/api-reference/moderations). */
export const moderations: Dialect = openAiEndpoint({
  name: 'moderations',
  parse: parseModerationsRequest,
  nativeBody: nativeEndpointBody,
  readAnswer: (body) => factsOf(body, readInputUsage(body.usage)),
});
