import * as z from 'zod';
import { modelNameSchema } from './chat-completions-schema.ts';

/**
 * Requests of OpenAI's Responses API (https://platform.openai.com/docs/api-reference/responses/create), as far as the
 * gateway must understand them. Unknown fields, items and tools are kept: they are between the caller and the provider.
 */
const partSchema = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  image_url: z.string().nullish(),
  file_data: z.string().nullish(),
  file_url: z.string().nullish(),
  file_id: z.string().nullish(),
  filename: z.string().nullish(),
  detail: z.string().nullish(),
});

const contentSchema = z.union([z.string(), z.array(partSchema)], {
  error: 'must be a string or an array of content parts such as {"type": "input_text", "text": "…"}',
});

const messageItem = z.looseObject({
  type: z.literal('message').optional(),
  role: z.enum(['user', 'assistant', 'system', 'developer'], { error: 'must be one of "user", "assistant", "system", "developer"' }),
  content: contentSchema,
});
const functionCallItem = z.looseObject({
  type: z.literal('function_call'),
  call_id: z.string().min(1),
  name: z.string().min(1),
  arguments: z.string(),
});
/** What a tool that runs by itself has to say answers no call: it names the tool instead (`ResponseInputItem.FunctionCallOutput` of openai 7.7). */
const functionOutputItem = z.looseObject({
  type: z.literal('function_call_output'),
  call_id: z.string().min(1).nullish(),
  output: contentSchema,
});
const customCallItem = z.looseObject({
  type: z.literal('custom_tool_call'),
  call_id: z.string().min(1),
  name: z.string().min(1),
  input: z.string(),
});
const customOutputItem = z.looseObject({ type: z.literal('custom_tool_call_output'), call_id: z.string().min(1), output: contentSchema });
const reasoningItem = z.looseObject({
  type: z.literal('reasoning'),
  id: z.string().optional(),
  summary: z.array(z.looseObject({ type: z.string(), text: z.string() })).optional(),
  content: z.array(z.looseObject({ type: z.string(), text: z.string() })).nullish(),
  encrypted_content: z.string().nullish(),
});

const knownItems = [messageItem, functionCallItem, functionOutputItem, customCallItem, customOutputItem, reasoningItem] as const;
const knownItemTypes = ['message', 'function_call', 'function_call_output', 'custom_tool_call', 'custom_tool_call_output', 'reasoning'];

/** Items of hosted tools (`web_search_call`, `mcp_call`) and whatever comes later pass as they are. */
const otherItem = z.looseObject({ type: z.string().refine((type) => !knownItemTypes.includes(type), { abort: true }) });

/** An item that lies with the provider may be named by its id alone (`ResponseInputItem.ItemReference`). */
const bareReference = z.looseObject({ type: z.null().optional(), id: z.string().min(1), role: z.undefined().optional() });

/** An item of the input. */
export const responsesItemSchema = z.union([z.discriminatedUnion('type', knownItems), otherItem, bareReference], {
  error: 'must be an item such as {"role": "user", "content": "…"} or {"type": "function_call_output", "call_id": "…", "output": "…"}',
});

const toolSchema = z.looseObject({
  type: z.string(),
  name: z.string().optional(),
  description: z.string().nullish(),
  parameters: z.looseObject({}).nullish(),
  strict: z.boolean().nullish(),
});

export const responsesRequestSchema = z.looseObject({
  model: modelNameSchema,
  input: z
    .union([z.string(), z.array(responsesItemSchema)], {
      error: 'must be a string or an array of items such as {"role": "user", "content": "…"}',
    })
    .optional(),
  instructions: z.string({ error: 'must be a string' }).nullish(),
  stream: z.boolean({ error: 'must be true or false' }).nullish(),
  background: z.boolean().nullish(),
  store: z.boolean().nullish(),
  previous_response_id: z.string().nullish(),
  conversation: z.union([z.string(), z.looseObject({ id: z.string() })]).nullish(),
  prompt: z.looseObject({ id: z.string() }).nullish(),
  max_output_tokens: z.int().positive('must be at least 1').nullish(),
  max_tool_calls: z.int().nonnegative().nullish(),
  tools: z.array(toolSchema).nullish(),
  tool_choice: z.union([z.string(), z.looseObject({ type: z.string() })]).nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  reasoning: z.looseObject({ effort: z.string().nullish(), summary: z.string().nullish() }).nullish(),
  text: z.looseObject({ format: z.looseObject({ type: z.string() }).nullish(), verbosity: z.string().nullish() }).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  include: z.array(z.string()).nullish(),
  user: z.string().max(1024).nullish(),
  safety_identifier: z.string().max(1024).nullish(),
  service_tier: z.string().nullish(),
});

/** Whether an item of the input brings tools along: those that come later, and what a search for tools has found. */
export function bringsTools({ type }: { readonly type?: unknown }): boolean {
  return type === 'additional_tools' || type === 'tool_search_output';
}

/** Whether an item of the input only names one that lies with the provider. */
export function isReference(item: ResponsesItem): boolean {
  return item.type === 'item_reference' || (item.type == null && !('role' in item && item.role !== undefined));
}

/** See {@link responsesRequestSchema}. */
export type ResponsesRequest = z.infer<typeof responsesRequestSchema>;
export type ResponsesItem = z.infer<typeof responsesItemSchema>;
export type ResponsesPart = z.infer<typeof partSchema>;
export type ResponsesTool = z.infer<typeof toolSchema>;

const tokens = z.number().nullish();

/** Usage as OpenAI and those who follow it report it; only what is read here, leniently. */
export const responsesUsageSchema = z.looseObject({
  input_tokens: tokens,
  output_tokens: tokens,
  total_tokens: tokens,
  input_tokens_details: z
    .looseObject({
      cached_tokens: tokens,
      cache_write_tokens: tokens,
      cache_write_tokens_details: z.looseObject({ ttl_12h_tokens: tokens }).nullish(),
    })
    .nullish(),
  output_tokens_details: z.looseObject({ reasoning_tokens: tokens }).nullish(),
});
