import { Buffer } from 'node:buffer';
import type {
  LanguageModelV4Content,
  LanguageModelV4FinishReason,
  LanguageModelV4GenerateResult,
  LanguageModelV4ToolCall,
} from '@ai-sdk/provider';
import type { Call } from '../calls/call.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';
import { extraContent, reasoningDetail } from './chat-completions-reasoning.ts';
import { chatUsageOf } from './chat-completions-stream.ts';
import { unifiedFinish } from './translated-finish.ts';
import { usageOfModel } from './translated-usage.ts';
import type { TranslatedHead } from './translation.ts';

/** The answer of a model as a whole chat completion (https://platform.openai.com/docs/api-reference/chat/object). */
export function chatFromResult(call: Call, result: LanguageModelV4GenerateResult, head: TranslatedHead): JsonObject {
  const usage = usageOfModel(result.usage);
  return {
    id: `chatcmpl-${head.id}`,
    object: 'chat.completion',
    created: Math.floor(head.createdAtMs / 1000),
    model: head.model,
    choices: [{ index: 0, message: messageOf(result.content, customToolNames(call)), logprobs: null, ...finishOf(result.finishReason) }],
    ...(usage && { usage: chatUsageOf(usage) }),
  };
}

/** Why an answer ended, in OpenAI's words, and in the provider's own beside it as OpenRouter names it. */
export function finishOf(reason: LanguageModelV4FinishReason): JsonObject {
  return { finish_reason: finishWords[unifiedFinish(reason)], native_finish_reason: reason.raw ?? null };
}

const finishWords = {
  stop: 'stop',
  length: 'length',
  'content-filter': 'content_filter',
  'tool-calls': 'tool_calls',
  error: 'error',
  interrupted: 'stop',
  other: 'stop',
} as const satisfies Record<LanguageModelV4FinishReason['unified'], string>;

interface Gathered {
  text: string;
  reasoning: string;
  extra: JsonObject;
  readonly details: JsonValue[];
  readonly calls: JsonValue[];
  readonly images: JsonValue[];
  readonly annotations: JsonValue[];
}

function messageOf(content: readonly LanguageModelV4Content[], customTools: ReadonlySet<string>): JsonObject {
  const all: Gathered = { text: '', reasoning: '', extra: {}, details: [], calls: [], images: [], annotations: [] };
  for (const part of content) gather(all, part, customTools);
  return {
    role: 'assistant',
    content: all.text === '' && all.calls.length > 0 ? null : all.text,
    refusal: null,
    ...(all.reasoning !== '' && { reasoning_content: all.reasoning }),
    ...(all.details.length > 0 && { reasoning_details: all.details }),
    ...(all.calls.length > 0 && { tool_calls: all.calls }),
    ...(all.images.length > 0 && { images: all.images }),
    ...(all.annotations.length > 0 && { annotations: all.annotations }),
    ...(Object.keys(all.extra).length > 0 && { extra_content: all.extra }),
  };
}

function gather(all: Gathered, part: LanguageModelV4Content, customTools: ReadonlySet<string>): void {
  switch (part.type) {
    case 'text':
      all.text += part.text;
      Object.assign(all.extra, extraContent(part.providerMetadata));
      break;
    case 'reasoning':
      all.reasoning += part.text;
      if (part.providerMetadata !== undefined)
        all.details.push(reasoningDetail({ text: part.text, metadata: part.providerMetadata }, all.details.length));
      break;
    case 'tool-call':
      if (part.providerExecuted !== true) all.calls.push(toolCall(part, customTools));
      break;
    case 'file':
      all.images.push(imageOf(part));
      break;
    case 'source':
      addAnnotation(part, all.annotations);
      break;
    default:
  }
}

/** Names of the request's tools that take plain text. */
export function customToolNames(call: Call): ReadonlySet<string> {
  const names = new Set<string>();
  for (const tool of Array.isArray(call.body.tools) ? call.body.tools : []) {
    const custom = isJsonObject(tool) ? tool.custom : undefined;
    if (isJsonObject(custom) && typeof custom.name === 'string') names.add(custom.name);
  }
  return names;
}

function toolCall(part: LanguageModelV4ToolCall, customTools: ReadonlySet<string>): JsonObject {
  const { toolCallId: id, toolName: name, input, providerMetadata } = part;
  const own = extraContent(providerMetadata);
  const call: JsonObject = customTools.has(name)
    ? { id, type: 'custom', custom: { name, input: customInput(input) } }
    : { id, type: 'function', function: { name, arguments: input } };
  return own === undefined ? call : { ...call, extra_content: own };
}

/**
 * A custom tool's input as plain text: the AI SDK gives JSON text of a string, and of an object with `input` where the
 * provider knows functions alone.
 */
export function customInput(input: string): string {
  try {
    const value: JsonValue = JSON.parse(input);
    const text = isJsonObject(value) ? value.input : value;
    return typeof text === 'string' ? text : input;
  } catch {
    return input;
  }
}

/** A picture or another file that the model made, as a data URL, where OpenRouter puts it. */
export function imageOf(part: Extract<LanguageModelV4Content, { type: 'file' }>): JsonObject {
  const { data, mediaType } = part;
  const base64 = data.type === 'data' ? (typeof data.data === 'string' ? data.data : Buffer.from(data.data).toString('base64')) : undefined;
  const url = data.type === 'url' ? data.url.toString() : `data:${mediaType};base64,${base64 ?? ''}`;
  const own = extraContent(part.providerMetadata);
  return { type: 'image_url', image_url: { url }, ...(own && { extra_content: own }) };
}

/** Sources on the web as OpenAI's `url_citation` annotations. */
export function addAnnotation(part: Extract<LanguageModelV4Content, { type: 'source' }>, annotations: JsonValue[]): void {
  if (part.sourceType !== 'url') return;
  annotations.push({ type: 'url_citation', url_citation: { start_index: 0, end_index: 0, url: part.url, title: part.title ?? part.url } });
}
