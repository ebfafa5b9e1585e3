import { Buffer } from 'node:buffer';
import type { FinishReason } from '../calls/call.ts';
import { isJsonObject, type JsonObject, type JsonValue, objectsIn } from '../calls/json.ts';
import { reportedUsage, type Usage, wholeCount } from '../calls/usage.ts';
import { billedIn } from './billed.ts';
import { chatUsageSchema } from './chat-completions-schema.ts';
import type { AnswerFacts, ProviderFault } from './dialect.ts';
import { emptyFacts } from './empty-facts.ts';

/** Understands a whole chat completion. What is missing or odd stays undefined; the answer itself passes untouched. */
export function readChatAnswer(body: JsonObject): AnswerFacts {
  const facts: AnswerFacts = {
    ...emptyFacts(),
    usage: readChatUsage(body.usage),
    id: textOf(body.id),
    model: textOf(body.model),
    serviceTier: textOf(body.service_tier),
  };
  for (const choice of choicesOf(body)) {
    facts.finishReason ??= finishReasonOf(choice.finish_reason);
    if (!isJsonObject(choice.message)) continue;
    addContent(facts, choice.message);
    if (citesWeb(choice.message)) facts.usage = withSearch(facts.usage);
  }
  return facts;
}

/** The choices of an answer or of an event of a stream. */
export function choicesOf(body: JsonObject): JsonObject[] {
  return objectsIn(body.choices);
}

/** Whether a message or a delta cites pages: who searched without counting shows it by this. */
export function citesWeb({ annotations }: JsonObject): boolean {
  return Array.isArray(annotations) && annotations.some((annotation) => isJsonObject(annotation) && annotation.type === 'url_citation');
}

/** The usage with one search at least. */
export function withSearch(usage: Usage | undefined): Usage | undefined {
  return usage && { ...usage, searches: Math.max(1, usage.searches) };
}

/**
 * Usage in the gateway's words. Some providers count reasoning inside `completion_tokens` (OpenAI), some beside it
 * (xAI, Gemini's compatibility endpoint); `total_tokens` tells which, and is never undercut.
 */
export function readChatUsage(value: JsonValue | undefined): Usage | undefined {
  const parsed = chatUsageSchema.safeParse(value);
  if (!parsed.success) return undefined;
  const usage = parsed.data;
  if (usage.prompt_tokens == null && usage.completion_tokens == null && usage.total_tokens == null) return undefined;
  const input = wholeCount(usage.prompt_tokens);
  const completion = wholeCount(usage.completion_tokens);
  const output = Math.max(completion, wholeCount(usage.total_tokens) - input);
  return reportedUsage({
    inputTokens: input,
    cachedInputTokens: Math.min(
      input,
      wholeCount(usage.prompt_tokens_details?.cached_tokens ?? usage.prompt_cache_hit_tokens ?? usage.cached_tokens),
    ),
    cacheWriteTokens: Math.min(input, wholeCount(usage.prompt_tokens_details?.cache_write_tokens)),
    cacheWrite1hTokens: Math.min(
      wholeCount(usage.prompt_tokens_details?.cache_write_tokens),
      wholeCount(usage.prompt_tokens_details?.cache_write_1h_tokens),
    ),
    outputTokens: output,
    reasoningTokens: Math.min(output, wholeCount(usage.completion_tokens_details?.reasoning_tokens)),
    inputAudioTokens: Math.min(input, wholeCount(usage.prompt_tokens_details?.audio_tokens)),
    outputAudioTokens: Math.min(output, wholeCount(usage.completion_tokens_details?.audio_tokens)),
    searches: wholeCount(usage.server_tool_use?.web_search_requests),
    ...billedIn(value),
  });
}

/** OpenAI's finish reasons, and those that look-alikes invented, in the gateway's words. */
export function finishReasonOf(value: JsonValue | undefined): FinishReason | undefined {
  switch (value) {
    case null:
    case undefined:
    case '':
      return undefined;
    case 'stop':
    case 'eos':
    case 'stop_sequence':
    case 'end_turn':
      return 'stop';
    case 'length':
    case 'max_tokens':
    case 'model_length':
      return 'length';
    case 'tool_calls':
    case 'function_call':
    case 'tool_use':
      return 'tool_calls';
    case 'content_filter':
      return 'content_filter';
    case 'error':
      return 'error';
    default:
      return 'other';
  }
}

/** Adds what a message or a delta holds to the facts; says whether the model made anything in it. */
export function addContent(facts: AnswerFacts, message: JsonObject): boolean {
  let bytes = 0;
  for (const field of ['content', 'reasoning_content', 'reasoning', 'refusal'] as const) {
    const value = message[field];
    if (typeof value === 'string') bytes += Buffer.byteLength(value);
    else if (Array.isArray(value) && value.length > 0) bytes += Buffer.byteLength(JSON.stringify(value));
  }
  const calls = message.tool_calls;
  if (Array.isArray(calls) && calls.length > 0) {
    bytes += Buffer.byteLength(JSON.stringify(calls));
    for (const call of calls) addToolName(facts, call);
  }
  for (const field of ['function_call', 'audio', 'images'] as const) {
    const value = message[field];
    if (value != null) bytes += Buffer.byteLength(JSON.stringify(value));
  }
  facts.outputBytes += bytes;
  return bytes > 0;
}

function addToolName(facts: AnswerFacts, call: JsonValue): void {
  if (!isJsonObject(call)) return;
  const named = isJsonObject(call.function) ? call.function : isJsonObject(call.custom) ? call.custom : undefined;
  const name = named?.name;
  if (typeof name === 'string' && name !== '') facts.toolNames.push(name);
}

/** The fault in an OpenAI-shaped error body, or in one of the shapes that look-alikes send. */
export function readChatFault(body: JsonObject): ProviderFault | undefined {
  const error = body.error ?? (Array.isArray(body.choices) ? undefined : (body.detail ?? body.message));
  if (error === undefined || error === null || error === false) return undefined;
  if (typeof error === 'string') return { status: undefined, code: textOf(body.code), type: textOf(body.type), message: error };
  if (!isJsonObject(error)) return { status: undefined, code: undefined, type: undefined, message: JSON.stringify(error).slice(0, 1000) };
  const { code } = error;
  const param = textOf(error.param);
  return {
    status: typeof code === 'number' && code >= 400 && code < 600 ? code : undefined,
    code: textOf(code) ?? textOf(error.status),
    type: textOf(error.type),
    message: textOf(error.message) ?? 'The provider gave no reason.',
    ...(param !== undefined && { param }),
  };
}

export function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
