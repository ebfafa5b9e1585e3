import { Buffer } from 'node:buffer';
import type { FinishReason } from '../calls/call.ts';
import { isJsonObject, type JsonObject, type JsonValue, objectsIn } from '../calls/json.ts';
import { reportedUsage, type Usage, wholeCount } from '../calls/usage.ts';
import { billedIn } from './billed.ts';
import { readChatFault, textOf } from './chat-completions-answer.ts';
import type { AnswerFacts, ProviderFault } from './dialect.ts';
import { emptyFacts } from './empty-facts.ts';
import { hostedUnitsOf } from './responses-hosted-tools.ts';
import { responsesUsageSchema } from './responses-schema.ts';

/** Understands a whole response. What is missing or odd stays undefined; the answer itself passes untouched. */
export function readResponsesAnswer(body: JsonObject): AnswerFacts {
  const output = objectsIn(body.output);
  const facts: AnswerFacts = {
    ...emptyFacts(),
    usage: readResponsesUsage(body),
    id: textOf(body.id),
    model: textOf(body.model),
    serviceTier: textOf(body.service_tier),
  };
  for (const item of output) addItem(facts, item);
  facts.finishReason = responsesFinishReason(body, facts.toolNames.length > 0);
  return facts;
}

/** Usage in the gateway's words, from a whole response: searches are counted by their items where they are not told. */
export function readResponsesUsage(response: JsonObject): Usage | undefined {
  const parsed = responsesUsageSchema.safeParse(response.usage);
  if (!parsed.success) return undefined;
  const usage = parsed.data;
  if (usage.input_tokens == null && usage.output_tokens == null) return undefined;
  const input = wholeCount(usage.input_tokens);
  const output = Math.max(wholeCount(usage.output_tokens), wholeCount(usage.total_tokens) - input);
  const written = Math.min(input, wholeCount(usage.input_tokens_details?.cache_write_tokens));
  return reportedUsage({
    inputTokens: input,
    cachedInputTokens: Math.min(input, wholeCount(usage.input_tokens_details?.cached_tokens)),
    cacheWriteTokens: written,
    cacheWrite1hTokens: Math.min(written, wholeCount(usage.input_tokens_details?.cache_write_tokens_details?.ttl_12h_tokens)),
    outputTokens: output,
    reasoningTokens: Math.min(output, wholeCount(usage.output_tokens_details?.reasoning_tokens)),
    ...hostedUnitsOf(response),
    ...billedIn(response.usage),
  });
}

/** Why a response ended, in the gateway's words: its status, and whether the caller is to run a tool. */
export function responsesFinishReason(response: JsonObject, callsTools: boolean): FinishReason | undefined {
  switch (response.status) {
    case 'completed':
      return callsTools ? 'tool_calls' : 'stop';
    case 'incomplete': {
      const reason = isJsonObject(response.incomplete_details) ? response.incomplete_details.reason : undefined;
      if (reason === 'max_output_tokens') return 'length';
      return reason === 'content_filter' ? 'content_filter' : 'other';
    }
    case 'failed':
    case 'cancelled':
      return 'error';
    default:
      return undefined;
  }
}

/** Adds what an item of the output holds to the facts. Encrypted reasoning is as long as what it hides, or longer. */
export function addItem(facts: AnswerFacts, item: JsonObject): void {
  switch (item.type) {
    case 'message':
      facts.outputBytes += textBytes(item.content);
      return;
    case 'reasoning':
      facts.outputBytes += Math.max(textBytes(item.summary) + textBytes(item.content), bytesOf(item.encrypted_content));
      return;
    case 'function_call':
      facts.outputBytes += bytesOf(item.arguments);
      addToolName(facts, item);
      return;
    case 'custom_tool_call':
      facts.outputBytes += bytesOf(item.input);
      addToolName(facts, item);
      return;
    default:
  }
}

/** Notes the name of a tool that the caller is to run. */
export function addToolName(facts: AnswerFacts, item: JsonObject): void {
  const name = textOf(item.name);
  facts.outputBytes += bytesOf(name);
  if (name !== undefined) facts.toolNames.push(name);
}

function textBytes(parts: JsonValue | undefined): number {
  return objectsIn(parts).reduce((sum, part) => sum + bytesOf(part.text) + bytesOf(part.refusal), 0);
}

function bytesOf(value: JsonValue | undefined): number {
  return typeof value === 'string' ? Buffer.byteLength(value) : 0;
}

/** The fault in an error body, or in a response that failed. */
export function readResponsesFault(body: JsonObject): ProviderFault | undefined {
  if (body.object !== 'response') return readChatFault(body);
  if (body.status !== 'failed' && body.error == null) return undefined;
  const error = isJsonObject(body.error) ? body.error : {};
  return {
    status: undefined,
    code: textOf(error.code),
    type: textOf(error.type),
    message: textOf(error.message) ?? 'The provider gave no reason.',
  };
}
