import type {
  LanguageModelV4FilePart,
  LanguageModelV4Message,
  LanguageModelV4TextPart,
  LanguageModelV4ToolResultOutput,
  SharedV4ProviderOptions,
} from '@ai-sdk/provider';
import { isJsonObject, type JsonObject } from '../calls/json.ts';
import { parseDataUrl } from '../calls/media-type.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { isReference, type ResponsesItem, type ResponsesRequest } from './responses-schema.ts';
import { type DeclaredTool, findTool } from './responses-tools.ts';
import { unseal } from './sealed-metadata.ts';

type AssistantContent = Extract<LanguageModelV4Message, { role: 'assistant' }>['content'];
type UserPart = LanguageModelV4TextPart | LanguageModelV4FilePart;
/** An item or a part of which the type is known and its fields are not. */
type Loose = Readonly<Record<string, unknown>>;

/** What is remembered from item to item. */
interface Reading {
  readonly prompt: LanguageModelV4Message[];
  readonly tools: readonly DeclaredTool[];
  /** Names that models know tools by, by call. */
  readonly toolNames: Map<string, string>;
  readonly dropped: Set<string>;
}

/** Instructions and input as a prompt of the AI SDK. Names of items that find no place go to `dropped`. */
export function responsesPrompt(request: ResponsesRequest, tools: readonly DeclaredTool[], dropped: Set<string>): LanguageModelV4Message[] {
  const prompt: LanguageModelV4Message[] = request.instructions == null ? [] : [{ role: 'system', content: request.instructions }];
  const { input } = request;
  if (typeof input === 'string') return [...prompt, { role: 'user', content: [{ type: 'text', text: input }] }];
  const reading: Reading = { prompt, tools, toolNames: new Map(), dropped };
  for (const [index, item] of (input ?? []).entries()) addItem(reading, item, `input.${index}`);
  return prompt;
}

function addItem(reading: Reading, item: ResponsesItem, at: string): void {
  const loose: Loose = item;
  switch (isReference(item) ? 'item_reference' : (loose.type ?? 'message')) {
    case 'message':
      addMessage(reading, loose, at);
      return;
    case 'reasoning':
      addReasoning(assistant(reading), loose);
      return;
    case 'function_call':
    case 'custom_tool_call':
      addCall(reading, loose);
      return;
    case 'function_call_output':
    case 'custom_tool_call_output':
      addOutput(reading, loose, at);
      return;
    case 'image_generation_call':
      addMadeImage(reading, loose);
      return;
    // Its tools are declared with the others.
    case 'additional_tools':
      return;
    case 'item_reference':
    case 'compaction':
      throw unsupported(at, 'can be read only by the provider that made it. Send the items themselves.');
    default:
      reading.dropped.add(
        `input.${String(loose.type)
          .replace(/[^\w.-]+/g, '-')
          .slice(0, 40)}`,
      );
  }
}

/** What the model said in one turn, in however many items, is one message. */
function assistant({ prompt }: Reading): AssistantContent {
  const last = prompt.at(-1);
  if (last?.role === 'assistant') return last.content;
  const content: AssistantContent = [];
  prompt.push({ role: 'assistant', content });
  return content;
}

function addMessage(reading: Reading, item: Loose, at: string): void {
  const parts = partsOf(item.content, `${at}.content`);
  if (item.role === 'user') reading.prompt.push({ role: 'user', content: parts });
  else if (item.role === 'assistant') {
    const phase = typeof item.phase === 'string' ? { providerOptions: { openai: { phase: item.phase } } } : {};
    assistant(reading).push(...parts.map((part) => ({ ...part, ...phase })));
  } else {
    for (const part of parts) {
      if (part.type !== 'text') throw unsupported(`${at}.content`, 'may hold only text for this model.');
      reading.prompt.push({ role: 'system', content: part.text });
    }
  }
}

function partsOf(content: unknown, at: string): UserPart[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  const parts: readonly unknown[] = Array.isArray(content) ? content : [];
  return parts.map((part, index) => partOf(isJsonObject(part) ? part : {}, `${at}.${index}`));
}

function partOf(part: JsonObject, at: string): UserPart {
  switch (part.type) {
    case 'input_text':
    case 'output_text':
    case 'text':
      return { type: 'text', text: stringOf(part.text) };
    case 'refusal':
      return { type: 'text', text: stringOf(part.refusal) };
    case 'input_image':
      return imagePart(part, at);
    case 'input_file':
      return documentPart(part, at);
    default:
      throw unsupported(at, `has the type ${JSON.stringify(String(part.type).slice(0, 40))}, which this model's provider does not take.`);
  }
}

function stringOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function imagePart(part: JsonObject, at: string): LanguageModelV4FilePart {
  const image =
    typeof part.image_url === 'string' ? urlPart(part.image_url, 'image/*', `${at}.image_url`) : referencePart(part.file_id, 'image/*', at);
  return typeof part.detail === 'string' ? { ...image, providerOptions: { openai: { imageDetail: part.detail } } } : image;
}

function documentPart(part: JsonObject, at: string): LanguageModelV4FilePart {
  const filename = typeof part.filename === 'string' ? { filename: part.filename } : {};
  if (typeof part.file_data === 'string') {
    const inline = parseDataUrl(part.file_data);
    const data = { type: 'data' as const, data: inline?.base64 ?? part.file_data };
    return { type: 'file', mediaType: inline?.mediaType ?? 'application/pdf', data, ...filename };
  }
  if (typeof part.file_url === 'string') return { ...urlPart(part.file_url, 'application/pdf', `${at}.file_url`), ...filename };
  return { ...referencePart(part.file_id, 'application/pdf', at), ...filename };
}

function urlPart(url: string, mediaType: string, at: string): LanguageModelV4FilePart {
  const inline = parseDataUrl(url);
  if (inline !== undefined) return { type: 'file', mediaType: inline.mediaType, data: { type: 'data', data: inline.base64 } };
  const parsed = URL.parse(url);
  if (parsed === null) throw new GatewayError('invalid_request', `'${at}' must be an absolute URL or a base64 data URL.`, { param: at });
  return { type: 'file', mediaType, data: { type: 'url', url: parsed, originalUrl: url } };
}

function referencePart(id: unknown, mediaType: string, at: string): LanguageModelV4FilePart {
  if (typeof id === 'string') return { type: 'file', mediaType, data: { type: 'reference', reference: { openai: id } } };
  throw new GatewayError('invalid_request', `'${at}' names no image or file.`, { param: at });
}

/** A reasoning item: one of OpenAI's, or what the gateway sealed for another provider, for itself or for an item before it. */
function addReasoning(content: AssistantContent, item: Loose): void {
  const sealed = unseal(item.encrypted_content);
  if (sealed?.for !== undefined) {
    if (sealed.for === '') content.push({ type: 'text', text: '', providerOptions: sealed.metadata });
    const owner = content.findLast((part) =>
      part.type === 'tool-call' ? part.toolCallId === sealed.for : part.type === 'text' && sealed.for === 'text',
    );
    if (owner !== undefined) owner.providerOptions = { ...owner.providerOptions, ...sealed.metadata };
    return;
  }
  const options = sealed?.metadata ?? openAiOptions(item);
  const texts = textsOf(item.summary).length > 0 ? textsOf(item.summary) : textsOf(item.content);
  if (texts.length === 0 && options === undefined) return;
  for (const text of texts.length === 0 ? [''] : texts)
    content.push({ type: 'reasoning', text, ...(options && { providerOptions: options }) });
}

function textsOf(parts: unknown): string[] {
  const all: readonly unknown[] = Array.isArray(parts) ? parts : [];
  return all.filter(isJsonObject).map(({ text }) => stringOf(text));
}

function openAiOptions(item: Loose): SharedV4ProviderOptions | undefined {
  if (typeof item.encrypted_content !== 'string' || item.encrypted_content === '') return undefined;
  const id = typeof item.id === 'string' ? { itemId: item.id } : {};
  return { openai: { ...id, reasoningEncryptedContent: item.encrypted_content } };
}

/** An image that the model made on an earlier turn; what its provider wants to see again lies sealed in it. */
function addMadeImage(reading: Reading, item: Loose): void {
  if (typeof item.result !== 'string') return;
  const format = typeof item.output_format === 'string' ? item.output_format : 'png';
  const metadata = unseal(item.encrypted_content)?.metadata;
  const data = { type: 'data' as const, data: item.result };
  assistant(reading).push({ type: 'file', mediaType: `image/${format}`, data, ...(metadata && { providerOptions: metadata }) });
}

function addCall(reading: Reading, item: Loose): void {
  const id = stringOf(item.call_id);
  const name = stringOf(item.name);
  const namespace = typeof item.namespace === 'string' ? item.namespace : undefined;
  const exposed = findTool(reading.tools, name, namespace)?.exposed ?? name;
  reading.toolNames.set(id, exposed);
  const input = item.type === 'custom_tool_call' ? { input: stringOf(item.input) } : parsedArguments(stringOf(item.arguments));
  assistant(reading).push({ type: 'tool-call', toolCallId: id, toolName: exposed, input });
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
function addOutput({ prompt, toolNames }: Reading, item: Loose, at: string): void {
  const id = stringOf(item.call_id);
  if (id === '')
    throw unsupported(`${at}.call_id`, 'must name the call that the output answers: no other provider takes one without a call.');
  const output = toolOutput(partsOf(item.output, `${at}.output`));
  const result = { type: 'tool-result' as const, toolCallId: id, toolName: toolNames.get(id) ?? 'tool', output };
  const last = prompt.at(-1);
  if (last?.role === 'tool') last.content.push(result);
  else prompt.push({ role: 'tool', content: [result] });
}

function toolOutput(parts: readonly UserPart[]): LanguageModelV4ToolResultOutput {
  if (parts.every((part) => part.type === 'text')) return { type: 'text', value: parts.map(({ text }) => text).join('') };
  return { type: 'content', value: [...parts] };
}

function unsupported(param: string, what: string): GatewayError {
  return new GatewayError('unsupported_parameter', `'${param}' ${what}`, { param });
}
