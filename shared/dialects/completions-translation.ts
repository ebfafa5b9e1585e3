import type { LanguageModelV4CallOptions, LanguageModelV4GenerateResult, LanguageModelV4StreamPart } from '@ai-sdk/provider';
import type { Call } from '../calls/call.ts';
import type { JsonObject } from '../calls/json.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import type { SseFrame } from '../streaming/sse-reader.ts';
import { sseFrame } from '../streaming/sse-writer.ts';
import { finishOf } from './chat-completions-from-result.ts';
import { chatUsageOf } from './chat-completions-stream.ts';
import { type CompletionsRequest, completionsRequestSchema } from './completions-schema.ts';
import { invalidRequest } from './invalid-request.ts';
import { usageOfModel } from './translated-usage.ts';
import type { TranslatedCall, TranslatedHead, Translation } from './translation.ts';

const ownFields = new Set(['model', 'models', 'provider', 'prompt', 'stream', 'stream_options', 'max_tokens', 'user']);
const numbers = {
  temperature: 'temperature',
  top_p: 'topP',
  seed: 'seed',
  presence_penalty: 'presencePenalty',
  frequency_penalty: 'frequencyPenalty',
} as const;

/**
 * A legacy completion for a model that only chats: the prompt is the user's one message. Several prompts, and prompts of
 * tokens, have no place there.
 */
function completionsToOptions(call: Call): TranslatedCall {
  const parsed = completionsRequestSchema.safeParse(call.body);
  if (!parsed.success) throw invalidRequest(parsed.error);
  const request = parsed.data;
  const options: LanguageModelV4CallOptions = { prompt: [{ role: 'user', content: [{ type: 'text', text: promptOf(request) }] }] };
  const dropped: string[] = [];
  if (call.maxOutputTokens !== undefined && call.maxOutputTokens > 0) options.maxOutputTokens = call.maxOutputTokens;
  if (request.stop != null) options.stopSequences = typeof request.stop === 'string' ? [request.stop] : request.stop;
  for (const [field, option] of Object.entries(numbers)) {
    const value = call.body[field];
    if (typeof value === 'number') options[option] = value;
  }
  for (const [field, value] of Object.entries(call.body)) {
    const carried = ownFields.has(field) || field === 'stop' || Object.hasOwn(numbers, field);
    const harmless = value === null || ((field === 'n' || field === 'best_of') && value === 1) || (field === 'echo' && value === false);
    if (!carried && !harmless) dropped.push(field);
  }
  return { options, dropped };
}

function promptOf({ prompt }: CompletionsRequest): string {
  if (prompt == null) return '';
  if (typeof prompt === 'string') return prompt;
  const [only] = prompt;
  if (prompt.length === 1 && typeof only === 'string') return only;
  throw new GatewayError(
    'unsupported_parameter',
    "'prompt' must be one string for this model: its provider takes neither several prompts at once nor tokens.",
    { param: 'prompt' },
  );
}

function headOf(head: TranslatedHead): JsonObject {
  return { id: `cmpl-${head.id}`, object: 'text_completion', created: Math.floor(head.createdAtMs / 1000), model: head.model };
}

function completionsFromResult(_call: Call, result: LanguageModelV4GenerateResult, head: TranslatedHead): JsonObject {
  const usage = usageOfModel(result.usage);
  const text = result.content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('');
  return {
    ...headOf(head),
    choices: [{ text, index: 0, logprobs: null, ...finishOf(result.finishReason) }],
    ...(usage && { usage: chatUsageOf(usage) }),
  };
}

/** What is remembered while a model's stream becomes a completion's: no more than its head. */
export interface CompletionsParts {
  readonly head: JsonObject;
}

function completionsPartFrames({ head }: CompletionsParts, part: LanguageModelV4StreamPart): SseFrame[] {
  const chunk = (body: JsonObject): SseFrame => sseFrame(JSON.stringify({ ...head, ...body }));
  if (part.type === 'text-delta')
    return part.delta === '' ? [] : [chunk({ choices: [{ text: part.delta, index: 0, logprobs: null, finish_reason: null }] })];
  if (part.type !== 'finish') return [];
  const usage = usageOfModel(part.usage);
  return [
    chunk({ choices: [{ text: '', index: 0, logprobs: null, ...finishOf(part.finishReason) }] }),
    ...(usage === undefined ? [] : [chunk({ choices: [], usage: chatUsageOf(usage) })]),
    sseFrame('[DONE]'),
  ];
}

/** Legacy completions for providers that do not speak them, by way of the AI SDK. */
export const completionsTranslation: Translation<CompletionsParts> = {
  toOptions: completionsToOptions,
  fromResult: completionsFromResult,
  startParts: (_call, head) => ({ head: headOf(head) }),
  partFrames: completionsPartFrames,
};
