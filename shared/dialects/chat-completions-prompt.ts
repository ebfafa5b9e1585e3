import type {
  LanguageModelV4FilePart,
  LanguageModelV4Message,
  LanguageModelV4TextPart,
  LanguageModelV4ToolResultOutput,
  SharedV4ProviderOptions,
} from '@ai-sdk/provider';
import { isJsonObject, type JsonValue } from '../calls/json.ts';
import { parseDataUrl } from '../calls/media-type.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { readExtraContent, readReasoningDetails } from './chat-completions-reasoning.ts';
import type { ChatMessage, ChatPart } from './chat-completions-schema.ts';

type AssistantContent = Extract<LanguageModelV4Message, { role: 'assistant' }>['content'];
type ToolContent = Extract<LanguageModelV4Message, { role: 'tool' }>['content'];
type UserPart = LanguageModelV4TextPart | LanguageModelV4FilePart;

/** The messages of a chat completion as a prompt of the AI SDK. Names of fields that find no place go to `dropped`. */
export function chatPrompt(messages: readonly ChatMessage[], dropped: Set<string>): LanguageModelV4Message[] {
  const prompt: LanguageModelV4Message[] = [];
  const toolNames = new Map<string, string>();
  for (const [index, message] of messages.entries()) {
    const at = `messages.${index}`;
    switch (message.role) {
      case 'system':
      case 'developer':
        prompt.push(...systemMessages(message, at));
        break;
      case 'user':
        if (message.name !== undefined) dropped.add('messages.name');
        prompt.push({ role: 'user', content: userParts(message.content, at) });
        break;
      case 'assistant':
        prompt.push(assistantMessage(message, at, toolNames, dropped));
        break;
      case 'tool':
        addToolResult(prompt, message, at, toolNames);
        break;
      case 'function':
        throw unsupported(at, 'has the deprecated role "function", which this model\'s provider does not know. Use tools.');
    }
  }
  return prompt;
}

/** One message for each part, so that each keeps its own mark for the prompt cache. */
function systemMessages(message: ChatMessage, at: string): LanguageModelV4Message[] {
  return userParts(message.content, at).map((part) => {
    if (part.type !== 'text') throw unsupported(`${at}.content`, 'may hold only text for this model.');
    return { role: 'system', content: part.text, ...(part.providerOptions && { providerOptions: part.providerOptions }) };
  });
}

function userParts(content: ChatMessage['content'], at: string): UserPart[] {
  if (content == null) return [];
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return content.map((part, index) => userPart(part, `${at}.content.${index}`));
}

function userPart(part: ChatPart, at: string): UserPart {
  const cache = cacheOptions(part.cache_control);
  if (part.type === 'text' && 'text' in part && typeof part.text === 'string')
    return { type: 'text', text: part.text, ...(cache && { providerOptions: cache }) };
  const file = filePart(part, at);
  const options = { ...file.providerOptions, ...cache };
  return Object.keys(options).length === 0 ? file : { ...file, providerOptions: options };
}

function filePart(part: ChatPart, at: string): LanguageModelV4FilePart {
  if ('image_url' in part && isJsonObject(part.image_url) && typeof part.image_url.url === 'string') {
    const { url, detail } = part.image_url;
    const image = urlPart(url, 'image/*', `${at}.image_url.url`);
    return typeof detail === 'string' ? { ...image, providerOptions: { openai: { imageDetail: detail } } } : image;
  }
  if ('video_url' in part && isJsonObject(part.video_url) && typeof part.video_url.url === 'string')
    return urlPart(part.video_url.url, 'video/mp4', `${at}.video_url.url`);
  if ('input_audio' in part && isJsonObject(part.input_audio) && typeof part.input_audio.data === 'string') {
    const { data, format } = part.input_audio;
    const mediaType = format === 'mp3' ? 'audio/mpeg' : `audio/${typeof format === 'string' ? format : 'wav'}`;
    return { type: 'file', mediaType, data: { type: 'data', data } };
  }
  if ('file' in part && isJsonObject(part.file)) return documentPart(part.file, at);
  throw unsupported(at, `has the type ${JSON.stringify(part.type.slice(0, 40))}, which this model's provider does not take.`);
}

function documentPart(file: Readonly<Record<string, unknown>>, at: string): LanguageModelV4FilePart {
  const filename = typeof file.filename === 'string' ? { filename: file.filename } : {};
  if (typeof file.file_data === 'string') {
    if (/^https?:/.test(file.file_data)) return { ...urlPart(file.file_data, 'application/pdf', `${at}.file.file_data`), ...filename };
    const inline = parseDataUrl(file.file_data);
    const mediaType = inline?.mediaType ?? 'application/pdf';
    return { type: 'file', mediaType, data: { type: 'data', data: inline?.base64 ?? file.file_data }, ...filename };
  }
  if (typeof file.file_id === 'string') {
    const id = file.file_id;
    return {
      type: 'file',
      mediaType: 'application/pdf',
      data: { type: 'reference', reference: { openai: id, anthropic: id, google: id } },
      ...filename,
    };
  }
  throw unsupported(`${at}.file`, 'needs file_data or file_id.');
}

function urlPart(url: string, mediaType: string, at: string): LanguageModelV4FilePart {
  const inline = parseDataUrl(url);
  if (inline !== undefined) return { type: 'file', mediaType: inline.mediaType, data: { type: 'data', data: inline.base64 } };
  const parsed = URL.parse(url);
  if (parsed === null) throw new GatewayError('invalid_request', `'${at}' must be an absolute URL or a base64 data URL.`, { param: at });
  return { type: 'file', mediaType, data: { type: 'url', url: parsed, originalUrl: url } };
}

function assistantMessage(message: ChatMessage, at: string, toolNames: Map<string, string>, dropped: Set<string>): LanguageModelV4Message {
  if (message.function_call != null)
    throw unsupported(`${at}.function_call`, "is deprecated and not known to this model's provider. Use tool_calls.");
  if (message.audio != null) dropped.add('messages.audio');
  const content: AssistantContent = [...reasoningParts(message), ...assistantText(message, at), ...madeImages(message, at)];
  for (const call of message.tool_calls ?? []) {
    const name = call.function?.name ?? call.custom?.name ?? '';
    toolNames.set(call.id, name);
    const options = readExtraContent(call.extra_content);
    const input = call.custom === undefined ? parsedArguments(call.function?.arguments ?? '') : call.custom.input;
    content.push({ type: 'tool-call', toolCallId: call.id, toolName: name, input, ...(options && { providerOptions: options }) });
  }
  return { role: 'assistant', content };
}

function reasoningParts(message: ChatMessage): AssistantContent {
  if (Array.isArray(message.reasoning_details)) {
    const details: JsonValue[] = message.reasoning_details;
    return readReasoningDetails(details).map((block) => ({ type: 'reasoning', ...block }));
  }
  const text = message.reasoning_content ?? message.reasoning;
  return typeof text === 'string' && text !== '' ? [{ type: 'reasoning', text }] : [];
}

/** Images that a model made, where the gateway put them. */
function madeImages({ images }: ChatMessage, at: string): LanguageModelV4FilePart[] {
  return (Array.isArray(images) ? images : []).filter(isJsonObject).map((image, index) => {
    const part = filePart({ ...image, type: 'image_url' }, `${at}.images.${index}`);
    const options = readExtraContent(image.extra_content);
    return options === undefined ? part : { ...part, providerOptions: { ...part.providerOptions, ...options } };
  });
}

function assistantText(message: ChatMessage, at: string): AssistantContent {
  const options = readExtraContent(message.extra_content);
  const parts: AssistantContent =
    typeof message.content === 'string' || message.content == null
      ? (message.content ?? '') === '' && options === undefined
        ? []
        : [{ type: 'text', text: message.content ?? '' }]
      : message.content.map((part, index) =>
          part.type === 'refusal' && 'refusal' in part && typeof part.refusal === 'string'
            ? { type: 'text', text: part.refusal }
            : userPart(part, `${at}.content.${index}`),
        );
  const last = parts.at(-1);
  if (options !== undefined && last !== undefined) last.providerOptions = { ...last.providerOptions, ...options };
  return parts;
}

/** A model may have written arguments that are no JSON; they go back as the text they are. */
function parsedArguments(text: string): unknown {
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Results of calls made at once belong into one message, as most providers want them. */
function addToolResult(prompt: LanguageModelV4Message[], message: ChatMessage, at: string, toolNames: ReadonlyMap<string, string>): void {
  const id = message.tool_call_id;
  if (id === undefined)
    throw new GatewayError('invalid_request', `'${at}.tool_call_id' must name the tool call that this is the result of.`, {
      param: `${at}.tool_call_id`,
    });
  const parts = userParts(message.content, at);
  const options = parts.at(-1)?.providerOptions;
  const result: ToolContent[number] = {
    type: 'tool-result',
    toolCallId: id,
    toolName: toolNames.get(id) ?? message.name ?? 'tool',
    output: toolOutput(parts),
    ...(options && { providerOptions: options }),
  };
  const last = prompt.at(-1);
  if (last?.role === 'tool') last.content.push(result);
  else prompt.push({ role: 'tool', content: [result] });
}

function toolOutput(parts: readonly UserPart[]): LanguageModelV4ToolResultOutput {
  if (parts.every((part) => part.type === 'text')) return { type: 'text', value: parts.map(({ text }) => text).join('') };
  return { type: 'content', value: [...parts] };
}

/**
 * A mark for the prompt cache, as Anthropic words it and OpenRouter and LiteLLM take it on content parts and tools, for
 * every package that has such marks.
 */
export function cacheOptions(mark: unknown): SharedV4ProviderOptions | undefined {
  if (!isJsonObject(mark) || mark.type !== 'ephemeral') return undefined;
  const ttl = mark.ttl === '1h' || mark.ttl === '5m' ? { ttl: mark.ttl } : {};
  return { anthropic: { cacheControl: { type: 'ephemeral', ...ttl } }, amazonBedrock: { cachePoint: { type: 'default', ...ttl } } };
}

function unsupported(param: string, what: string): GatewayError {
  return new GatewayError('unsupported_parameter', `'${param}' ${what}`, { param });
}
