import * as z from 'zod';
import { modelNameSchema } from './chat-completions-schema.ts';

const tokenIds = z.array(z.int().nonnegative());

/** Requests of OpenAI's legacy Completions API (https://platform.openai.com/docs/api-reference/completions/create). */
export const completionsRequestSchema = z.looseObject({
  model: modelNameSchema,
  prompt: z
    .union([z.string(), z.array(z.string()).min(1), tokenIds.min(1), z.array(tokenIds).min(1)], {
      error: 'must be a string, an array of strings, an array of tokens, or an array of token arrays',
    })
    .nullish(),
  stream: z.boolean({ error: 'must be true or false' }).nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  max_tokens: z.int().nonnegative().nullish(),
  n: z.int().min(1).max(128).nullish(),
  best_of: z.int().min(0).max(20).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  stop: z.union([z.string(), z.array(z.string())]).nullish(),
  seed: z.number().nullish(),
  presence_penalty: z.number().nullish(),
  frequency_penalty: z.number().nullish(),
  user: z.string().nullish(),
  service_tier: z.string().nullish(),
});

/** See {@link completionsRequestSchema}. */
export type CompletionsRequest = z.infer<typeof completionsRequestSchema>;
