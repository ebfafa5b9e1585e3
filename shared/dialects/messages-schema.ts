import * as z from 'zod';
import type { JsonValue } from '../calls/json.ts';
import { modelNameSchema } from './chat-completions-schema.ts';

/**
 * Requests of Anthropic's Messages API (https://platform.claude.com/docs/en/api/messages), as far as the gateway must
 * understand them. Unknown fields and blocks are kept: they are between the caller and the provider.
 */
const cacheControl = z.looseObject({ type: z.string(), ttl: z.string().optional() }).nullish();

const sourceSchema = z.discriminatedUnion(
  'type',
  [
    z.looseObject({ type: z.literal('base64'), media_type: z.string(), data: z.string() }),
    z.looseObject({ type: z.literal('url'), url: z.string().min(1) }),
    z.looseObject({ type: z.literal('file'), file_id: z.string().min(1) }),
    z.looseObject({ type: z.literal('text'), media_type: z.string().optional(), data: z.string() }),
    z.looseObject({ type: z.literal('content'), content: z.union([z.string(), z.array(z.looseObject({ type: z.string() }))]) }),
  ],
  { error: 'must be a source such as {"type": "base64", "media_type": "image/png", "data": "…"} or {"type": "url", "url": "…"}' },
);

/** Any JSON value: the body was parsed from JSON, so only its absence can be wrong. */
const jsonValue = z.custom<JsonValue>((value) => value !== undefined, 'must be a JSON value');

const textBlock = z.looseObject({ type: z.literal('text'), text: z.string(), cache_control: cacheControl });
const imageBlock = z.looseObject({ type: z.literal('image'), source: sourceSchema, cache_control: cacheControl });
const documentBlock = z.looseObject({
  type: z.literal('document'),
  source: sourceSchema,
  title: z.string().nullish(),
  context: z.string().nullish(),
  cache_control: cacheControl,
});
const thinkingBlock = z.looseObject({ type: z.literal('thinking'), thinking: z.string(), signature: z.string().optional() });
const redactedThinkingBlock = z.looseObject({ type: z.literal('redacted_thinking'), data: z.string() });
const toolUseBlock = z.looseObject({
  type: z.literal('tool_use'),
  id: z.string().min(1),
  name: z.string().min(1),
  input: jsonValue,
  cache_control: cacheControl,
});

const knownBlockTypes = ['text', 'image', 'document', 'thinking', 'redacted_thinking', 'tool_use', 'tool_result'];

/** Blocks of types that only some models or betas know (`server_tool_use`, `search_result`, `compaction`) pass as they are. */
const otherBlock = z.looseObject({
  type: z.string().refine((type) => !knownBlockTypes.includes(type), { abort: true }),
  cache_control: cacheControl,
});

const blockError = 'must be a content block such as {"type": "text", "text": "…"}';
const innerBlocks = [textBlock, imageBlock, documentBlock, thinkingBlock, redactedThinkingBlock, toolUseBlock] as const;

const toolResultBlock = z.looseObject({
  type: z.literal('tool_result'),
  tool_use_id: z.string().min(1),
  content: z
    .union([z.string(), z.array(z.union([z.discriminatedUnion('type', innerBlocks), otherBlock], { error: blockError }))])
    .nullish(),
  is_error: z.boolean().nullish(),
  cache_control: cacheControl,
});

/** A content block of a message. */
export const messagesBlockSchema = z.union([z.discriminatedUnion('type', [...innerBlocks, toolResultBlock]), otherBlock], {
  error: blockError,
});

const contentError = 'must be a string or an array of content blocks';

const messageSchema = z
  .looseObject({
    // `system` inside the list is Anthropic's own; elsewhere it is refused by whoever does not know it.
    role: z.enum(['user', 'assistant', 'system'], {
      error: 'must be "user" or "assistant"; the system prompt has a field of its own, system',
    }),
    content: z.union([z.string(), z.array(messagesBlockSchema)], { error: contentError }).optional(),
  })
  // One of the system may have no words, and set the effort from there on.
  .refine(({ role, content }) => content !== undefined || role === 'system', { path: ['content'], error: contentError });

/** A tool, wherever it is defined. */
export const toolSchema = z.looseObject({
  /** Absent or `custom` for the caller's own tools; else the name of one whose definition the vendor holds. */
  type: z.string().nullish(),
  name: z.string().optional(),
  description: z.string().nullish(),
  input_schema: z.looseObject({}).optional(),
  max_uses: z.int().nonnegative().nullish(),
  cache_control: cacheControl,
});

/** The part of a request that is the prompt: all that `count_tokens` takes. */
const promptFields = {
  model: modelNameSchema,
  messages: z.array(messageSchema, { error: 'must be an array of messages' }).min(1, 'must hold at least one message'),
  system: z.union([z.string(), z.array(textBlock)], { error: 'must be a string or an array of text blocks' }).nullish(),
  tools: z.array(toolSchema).nullish(),
  tool_choice: z.looseObject({ type: z.string(), name: z.string().optional(), disable_parallel_tool_use: z.boolean().nullish() }).nullish(),
  thinking: z.looseObject({ type: z.string(), budget_tokens: z.int().positive().optional() }).nullish(),
  cache_control: cacheControl,
  mcp_servers: z.array(z.looseObject({})).nullish(),
  thread: z.looseObject({ type: z.string() }).nullish(),
  compaction: z.looseObject({ type: z.string() }).nullish(),
  output_config: z.looseObject({ effort: z.string().nullish(), format: z.looseObject({ type: z.string() }).nullish() }).nullish(),
  output_format: z.looseObject({ type: z.string() }).nullish(),
};

export const messagesRequestSchema = z.looseObject({
  ...promptFields,
  // None at all fills the prompt cache
  // (https://platform.claude.com/docs/en/build-with-claude/prompt-caching#pre-warming-the-cache).
  max_tokens: z.int('must be a whole number of tokens: the most the answer may have').nonnegative('must not be negative'),
  stream: z.boolean({ error: 'must be true or false' }).nullish(),
  stop_sequences: z.array(z.string()).nullish(),
  temperature: z.number().min(0).max(1, 'must be at most 1').nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  top_k: z.int().nonnegative().nullish(),
  metadata: z.looseObject({ user_id: z.string().max(1024).nullish() }).nullish(),
  service_tier: z.string().nullish(),
  speed: z.string().nullish(),
  inference_geo: z.string().nullish(),
  fallbacks: z.union([z.string(), z.array(z.looseObject({}))]).nullish(),
});

/** A request to count the tokens of a prompt (https://platform.claude.com/docs/en/api/messages-count-tokens). */
export const countTokensRequestSchema = z.looseObject(promptFields);

/** See {@link messagesRequestSchema}. */
export type MessagesRequest = z.infer<typeof messagesRequestSchema>;
export type CountTokensRequest = z.infer<typeof countTokensRequestSchema>;
export type MessagesMessage = z.infer<typeof messageSchema>;
export type MessagesBlock = z.infer<typeof messagesBlockSchema>;
export type MessagesTool = z.infer<typeof toolSchema>;

const tokens = z.number().nullish();
const counts = {
  input_tokens: tokens,
  output_tokens: tokens,
  cache_read_input_tokens: tokens,
  cache_creation_input_tokens: tokens,
  cache_creation: z.looseObject({ ephemeral_5m_input_tokens: tokens, ephemeral_1h_input_tokens: tokens }).nullish(),
};

/** Usage as Anthropic and those who follow it report it; only what is read here, leniently. */
export const messagesUsageSchema = z.looseObject({
  ...counts,
  output_tokens_details: z.looseObject({ thinking_tokens: tokens }).nullish(),
  server_tool_use: z.looseObject({ web_search_requests: tokens }).nullish(),
  /** Beside the sums above stand what a compaction, an advisor or a model that declined used. */
  iterations: z.array(z.looseObject({ type: z.string().nullish(), ...counts })).nullish(),
  service_tier: z.string().nullish(),
  speed: z.string().nullish(),
  inference_geo: z.string().nullish(),
});
