import * as z from 'zod';

/**
 * Requests of OpenAI's Chat Completions API (https://platform.openai.com/docs/api-reference/chat/create),
 * as far as the gateway must understand them. Unknown fields are kept: they are between the caller and the provider.
 */
const textPart = z.looseObject({ type: z.literal('text'), text: z.string() });
const refusalPart = z.looseObject({ type: z.literal('refusal'), refusal: z.string() });
const imagePart = z.looseObject({
  type: z.literal('image_url'),
  image_url: z.looseObject({ url: z.string().min(1), detail: z.string().optional() }),
});
const audioPart = z.looseObject({ type: z.literal('input_audio'), input_audio: z.looseObject({ data: z.string(), format: z.string() }) });
const filePart = z.looseObject({
  type: z.literal('file'),
  file: z.looseObject({ file_data: z.string().optional(), file_id: z.string().optional(), filename: z.string().optional() }),
});

/** A part of a message's content. Types of single providers (`video_url`, `thinking`) pass as they are. */
export const chatPartSchema = z.union(
  [
    z.discriminatedUnion('type', [textPart, refusalPart, imagePart, audioPart, filePart]),
    z.looseObject({ type: z.string().refine((type) => !['text', 'refusal', 'image_url', 'input_audio', 'file'].includes(type)) }),
  ],
  { error: 'must be a content part such as {"type": "text", "text": "…"} or {"type": "image_url", "image_url": {"url": "…"}}' },
);

/** See {@link chatPartSchema}. */
export type ChatPart = z.infer<typeof chatPartSchema>;

const content = z.union([z.string(), z.array(chatPartSchema)], { error: 'must be a string or an array of content parts' });

const toolCallSchema = z.looseObject({
  id: z.string(),
  type: z.string().optional(),
  function: z.looseObject({ name: z.string(), arguments: z.string() }).optional(),
  custom: z.looseObject({ name: z.string(), input: z.string() }).optional(),
});

export const chatMessageSchema = z.looseObject({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool', 'function'], {
    error: 'must be one of "system", "developer", "user", "assistant", "tool"',
  }),
  content: content.nullish(),
  name: z.string().optional(),
  tool_calls: z.array(toolCallSchema).nullish(),
  tool_call_id: z.string().optional(),
});

const toolSchema = z.looseObject({
  type: z.string(),
  function: z
    .looseObject({ name: z.string().min(1), description: z.string().nullish(), parameters: z.looseObject({}).nullish() })
    .optional(),
});

const positiveInt = z.int().positive();

/** A model name: what may stand in a header and a URL path. */
export const modelNameSchema = z
  .string({ error: 'must be a string such as "openai/gpt-5.2" or the name of a route' })
  .min(1, 'must not be empty')
  .max(256, 'must be at most 256 characters')
  .regex(/^[\x21-\x7e]+$/, 'must consist of printable ASCII characters without spaces');

export const chatRequestSchema = z.looseObject({
  model: modelNameSchema,
  messages: z.array(chatMessageSchema, { error: 'must be an array of messages' }).min(1, 'must hold at least one message'),
  stream: z.boolean({ error: 'must be true or false' }).nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  max_tokens: positiveInt.nullish(),
  max_completion_tokens: positiveInt.nullish(),
  n: z.int().min(1).max(128).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  stop: z.union([z.string(), z.array(z.string())]).nullish(),
  seed: z.number().nullish(),
  tools: z.array(toolSchema).nullish(),
  tool_choice: z.union([z.string(), z.looseObject({ type: z.string() })]).nullish(),
  response_format: z.looseObject({ type: z.string() }).nullish(),
  user: z.string().nullish(),
  service_tier: z.string().nullish(),
});

/** See {@link chatRequestSchema}. */
export type ChatRequest = z.infer<typeof chatRequestSchema>;
export type ChatMessage = z.infer<typeof chatMessageSchema>;

const tokens = z.number().nullish();

/** Usage as OpenAI and those who follow it report it; only what is read here, leniently. */
export const chatUsageSchema = z.looseObject({
  prompt_tokens: tokens,
  completion_tokens: tokens,
  total_tokens: tokens,
  prompt_tokens_details: z
    .looseObject({ cached_tokens: tokens, cache_write_tokens: tokens, cache_write_1h_tokens: tokens, audio_tokens: tokens })
    .nullish(),
  completion_tokens_details: z.looseObject({ reasoning_tokens: tokens, audio_tokens: tokens }).nullish(),
  // OpenRouter counts the searches of its providers so (https://openrouter.ai/docs/guides/features/plugins/web-search).
  server_tool_use: z.looseObject({ web_search_requests: tokens }).nullish(),
  // DeepSeek (https://api-docs.deepseek.com/guides/kv_cache) reports cached input beside the details.
  prompt_cache_hit_tokens: tokens,
  // Moonshot reports it here (https://platform.moonshot.ai/docs/api/chat).
  cached_tokens: tokens,
});
