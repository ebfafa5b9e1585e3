import type { LanguageModelV4Usage } from '@ai-sdk/provider';
import { isJsonObject, type JsonObject, type JsonValue, objectsIn } from '../calls/json.ts';
import { reportedUsage, type Usage, wholeCount } from '../calls/usage.ts';
import { readChatUsage } from './chat-completions-answer.ts';

/**
 * The AI SDK's usage in the gateway's words. What its common fields cannot say is read from `raw`, the provider's own
 * figures: Anthropic's cache lifetimes and searches (https://platform.claude.com/docs/en/api/messages), Bedrock's
 * `cacheDetails`, Gemini's token counts by modality. Undefined when the provider did not report.
 */
export function usageOfModel(reported: LanguageModelV4Usage): Usage | undefined {
  const { inputTokens, outputTokens } = reported;
  if (inputTokens.total === undefined && outputTokens.total === undefined) return undefined;
  const raw: unknown = reported.raw;
  const own: JsonObject = isJsonObject(raw) ? raw : {};
  // Those who follow OpenAI each have their own place for what was cached and for thoughts.
  if (own.prompt_tokens !== undefined) return readChatUsage(own);
  const input = wholeCount(inputTokens.total);
  const output = wholeCount(outputTokens.total);
  const cacheWriteTokens = Math.min(input, wholeCount(inputTokens.cacheWrite));
  return reportedUsage({
    inputTokens: input,
    cachedInputTokens: Math.min(input, wholeCount(inputTokens.cacheRead)),
    cacheWriteTokens,
    cacheWrite1hTokens: Math.min(cacheWriteTokens, oneHourWrites(own)),
    outputTokens: output,
    reasoningTokens: Math.min(output, wholeCount(outputTokens.reasoning)),
    inputAudioTokens: Math.min(input, audioTokens(own.promptTokensDetails)),
    outputAudioTokens: Math.min(output, audioTokens(own.candidatesTokensDetails)),
    searches: isJsonObject(own.server_tool_use) ? wholeCount(own.server_tool_use.web_search_requests) : 0,
  });
}

function oneHourWrites(raw: JsonObject): number {
  if (isJsonObject(raw.cache_creation)) return wholeCount(raw.cache_creation.ephemeral_1h_input_tokens);
  return objectsIn(raw.cacheDetails).reduce((sum, { ttl, inputTokens }) => sum + (ttl === '1h' ? wholeCount(inputTokens) : 0), 0);
}

function audioTokens(details: JsonValue | undefined): number {
  return objectsIn(details).reduce((sum, { modality, tokenCount }) => sum + (modality === 'AUDIO' ? wholeCount(tokenCount) : 0), 0);
}
