import type { DialectName } from '../calls/call.ts';

/**
 * Top-level fields of a request body that say how an answer travels, who asked, or what the provider shall note down,
 * but not what the answer is. Two calls that differ in nothing else are the same question. `model` is among them
 * because the targets it leads to are in the key instead. Every field that is not named here splits.
 *
 * - `prompt_cache_key` and its kin steer the provider's own prompt cache; `service_tier` its queue and its price.
 * - `store` of the Responses API is no such field: an answer that was not stored cannot be continued.
 */
const openAiCommon = ['model', 'user', 'metadata', 'safety_identifier', 'service_tier', 'prompt_cache_key', 'prompt_cache_retention'];

export const transportFields: Readonly<Record<DialectName, readonly string[]>> = {
  'chat-completions': [...openAiCommon, 'stream', 'stream_options', 'store'],
  responses: [...openAiCommon, 'stream', 'stream_options'],
  messages: ['model', 'stream', 'metadata', 'service_tier'],
  completions: ['model', 'user', 'stream', 'stream_options'],
  embeddings: ['model', 'user'],
  gemini: ['model', 'labels'],
  rerank: ['model', 'user'],
  images: ['model', 'user'],
  speech: ['model'],
  transcriptions: ['model', 'stream'],
  moderations: ['model'],
};
