import { Buffer } from 'node:buffer';
import type { FinishReason } from '../calls/call.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';
import { reportedUsage, type Usage, wholeCount } from '../calls/usage.ts';
import { billedIn } from './billed.ts';
import { textOf } from './chat-completions-answer.ts';
import type { AnswerFacts, ProviderFault } from './dialect.ts';
import { messagesUsageSchema } from './messages-schema.ts';

/** Understands a whole message. What is missing or odd stays undefined; the answer itself passes untouched. */
export function readMessagesAnswer(body: JsonObject): AnswerFacts {
  const facts: AnswerFacts = {
    usage: readMessagesUsage(body.usage),
    finishReason: messagesFinishReason(body.stop_reason),
    id: textOf(body.id),
    model: textOf(body.model),
    outputBytes: 0,
    toolNames: [],
    serviceTier: billedTier(body.usage),
  };
  noteContainer(facts, body.container);
  for (const block of Array.isArray(body.content) ? body.content : []) if (isJsonObject(block)) addBlock(facts, block);
  return facts;
}

/**
 * Usage in the gateway's words: Anthropic counts fresh, cached and newly cached input beside each other. A compaction,
 * an advisor, and what a model wrote before it declined and another took over, are billed on top and told in `iterations`
 * alone (https://platform.claude.com/docs/en/build-with-claude/refusals-and-fallback#billing-and-rate-limits).
 */
export function readMessagesUsage(value: JsonValue | undefined): Usage | undefined {
  const parsed = messagesUsageSchema.safeParse(value);
  if (!parsed.success) return undefined;
  const usage = parsed.data;
  if (usage.input_tokens == null && usage.output_tokens == null) return undefined;
  const iterations = usage.iterations ?? [];
  const fellBack = iterations.some(({ type }) => type === 'fallback_message');
  const extra = iterations.filter(
    ({ type, output_tokens: written }) =>
      type === 'compaction' || type === 'advisor_message' || (fellBack && type === 'message' && wholeCount(written) > 0),
  );
  const total = [usage, ...extra].reduce<Counts>((sum, part) => addCounts(sum, part), {
    fresh: 0,
    cached: 0,
    written: 0,
    written1h: 0,
    output: 0,
  });
  return reportedUsage({
    inputTokens: total.fresh + total.cached + total.written,
    cachedInputTokens: total.cached,
    cacheWriteTokens: total.written,
    cacheWrite1hTokens: total.written1h,
    outputTokens: total.output,
    reasoningTokens: Math.min(total.output, wholeCount(usage.output_tokens_details?.thinking_tokens)),
    searches: wholeCount(usage.server_tool_use?.web_search_requests),
    ...billedIn(value),
  });
}

/** Where code ran, the message names the container it ran in. */
export function noteContainer(facts: AnswerFacts, container: JsonValue | undefined): void {
  if (isJsonObject(container) && facts.usage !== undefined) facts.usage = { ...facts.usage, containers: 1 };
}

interface Counts {
  readonly fresh: number;
  readonly cached: number;
  readonly written: number;
  readonly written1h: number;
  readonly output: number;
}

type ReportedCounts = Pick<
  NonNullable<ReturnType<typeof messagesUsageSchema.parse>>,
  'input_tokens' | 'output_tokens' | 'cache_read_input_tokens' | 'cache_creation_input_tokens' | 'cache_creation'
>;

function addCounts(sum: Counts, part: ReportedCounts): Counts {
  const written1h = wholeCount(part.cache_creation?.ephemeral_1h_input_tokens);
  // Where the split and the sum differ, the greater counts.
  const written = Math.max(
    wholeCount(part.cache_creation_input_tokens),
    written1h + wholeCount(part.cache_creation?.ephemeral_5m_input_tokens),
  );
  return {
    fresh: sum.fresh + wholeCount(part.input_tokens),
    cached: sum.cached + wholeCount(part.cache_read_input_tokens),
    written: sum.written + written,
    written1h: sum.written1h + written1h,
    output: sum.output + wholeCount(part.output_tokens),
  };
}

/** The tier, speed and region that were billed, joined as the price list names them; undefined where nothing is said. */
export function billedTier(usage: JsonValue | undefined): string | undefined {
  if (!isJsonObject(usage)) return undefined;
  const tiers = [
    usage.service_tier === 'priority' || usage.service_tier === 'batch' || usage.service_tier === 'standard' ? usage.service_tier : '',
    usage.speed === 'fast' ? 'fast' : '',
    usage.inference_geo === 'us' ? 'us' : '',
  ].filter((tier) => tier !== '');
  return tiers.length === 0 ? undefined : tiers.join('+');
}

/** Anthropic's stop reasons in the gateway's words. */
export function messagesFinishReason(value: JsonValue | undefined): FinishReason | undefined {
  switch (value) {
    case null:
    case undefined:
    case '':
      return undefined;
    case 'end_turn':
    case 'stop_sequence':
      return 'stop';
    case 'max_tokens':
    case 'model_context_window_exceeded':
      return 'length';
    case 'tool_use':
      return 'tool_calls';
    case 'refusal':
      return 'content_filter';
    default:
      return 'other';
  }
}

/** Fields of a block or a delta that hold what the model made. A signature is the thinking itself, encrypted. */
const madeFields = ['text', 'thinking', 'signature', 'data', 'partial_json', 'content', 'citation', 'encrypted_content'] as const;

/** Adds what a content block, or a delta of one, holds to the facts; says whether the model made anything in it. */
export function addBlock(facts: AnswerFacts, block: JsonObject): boolean {
  let bytes = 0;
  for (const field of madeFields) {
    const value = block[field];
    if (value == null || value === '') continue;
    bytes += Buffer.byteLength(typeof value === 'string' ? value : JSON.stringify(value));
  }
  if (typeof block.type === 'string' && block.type.endsWith('tool_use')) {
    const name = textOf(block.name) ?? '';
    bytes += Buffer.byteLength(name) + (isEmptyInput(block.input) ? 0 : Buffer.byteLength(JSON.stringify(block.input)));
    if (name !== '') facts.toolNames.push(name);
  }
  facts.outputBytes += bytes;
  return bytes > 0;
}

/** A streamed tool call begins with `{}`; its input follows in deltas. */
function isEmptyInput(input: JsonValue | undefined): boolean {
  return input == null || (isJsonObject(input) && Object.keys(input).length === 0);
}

/** The fault in an error body of Anthropic's (https://platform.claude.com/docs/en/api/errors), or of one who follows it. */
export function readMessagesFault(body: JsonObject): ProviderFault | undefined {
  if (body.type === 'message') return undefined;
  const error = body.error ?? (Array.isArray(body.content) ? undefined : (body.detail ?? body.message));
  if (error === undefined || error === null || error === false) return undefined;
  if (typeof error === 'string') return { status: undefined, code: textOf(body.code), type: textOf(body.type), message: error };
  if (!isJsonObject(error)) return { status: undefined, code: undefined, type: undefined, message: JSON.stringify(error).slice(0, 1000) };
  const details = isJsonObject(error.details) ? error.details : {};
  return {
    status: undefined,
    code: textOf(error.code) ?? textOf(details.error_code),
    causeCode: textOf(details.error_code),
    type: textOf(error.type),
    message: textOf(error.message) ?? 'The provider gave no reason.',
  };
}
