import type {
  LanguageModelV4FilePart,
  LanguageModelV4Message,
  LanguageModelV4TextPart,
  LanguageModelV4ToolResultOutput,
  LanguageModelV4ToolResultPart,
  SharedV4ProviderOptions,
} from '@ai-sdk/provider';
import { isJsonObject } from '../calls/json.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { cacheOptions } from './chat-completions-prompt.ts';
import type { MessagesBlock, MessagesMessage, MessagesRequest } from './messages-schema.ts';
import { thinkingOptions } from './messages-thinking.ts';
import { unseal } from './sealed-metadata.ts';

type AssistantContent = Extract<LanguageModelV4Message, { role: 'assistant' }>['content'];
type UserPart = LanguageModelV4TextPart | LanguageModelV4FilePart;
/** A block of which the type is known and its fields are not. */
type AnyBlock = { readonly type: string } & Readonly<Record<string, unknown>>;

/** The system prompt and the messages as a prompt of the AI SDK. Names of blocks that find no place go to `dropped`. */
export function messagesPrompt(request: MessagesRequest, dropped: Set<string>): LanguageModelV4Message[] {
  const prompt: LanguageModelV4Message[] = systemMessages(request.system ?? []);
  const toolNames = new Map<string, string>();
  for (const [index, message] of request.messages.entries()) {
    const at = `messages.${index}.content`;
    const blocks = blocksOf(message);
    if (message.output_config != null) dropped.add('messages.output_config');
    if (message.role === 'assistant') prompt.push({ role: 'assistant', content: assistantContent(blocks, toolNames, dropped) });
    else if (message.role === 'system') prompt.push(...systemMessages(blocks.flatMap((block) => textOfBlock(block))));
    else addUserBlocks(prompt, blocks, at, toolNames);
  }
  return prompt;
}

function blocksOf(message: MessagesMessage): readonly MessagesBlock[] {
  return typeof message.content === 'string' ? [{ type: 'text', text: message.content }] : (message.content ?? []);
}

/** One message for each block, so that each keeps its own mark for the prompt cache. */
function systemMessages(system: string | readonly { readonly text: string; readonly cache_control?: unknown }[]): LanguageModelV4Message[] {
  const blocks = typeof system === 'string' ? [{ text: system }] : system;
  return blocks.map((block) => ({ role: 'system', content: block.text, ...marked(cacheOf(block)) }));
}

function textOfBlock(block: MessagesBlock): { text: string; cache_control?: unknown }[] {
  return block.type === 'text' && 'text' in block && typeof block.text === 'string' ? [{ ...block, text: block.text }] : [];
}

function cacheOf(block: object): SharedV4ProviderOptions | undefined {
  return 'cache_control' in block ? cacheOptions(block.cache_control) : undefined;
}

function marked(options: SharedV4ProviderOptions | undefined): { providerOptions?: SharedV4ProviderOptions } {
  return options === undefined ? {} : { providerOptions: options };
}

/** Tool results become a message of their own; what else the user says keeps its place around them. */
function addUserBlocks(
  prompt: LanguageModelV4Message[],
  blocks: readonly AnyBlock[],
  at: string,
  toolNames: ReadonlyMap<string, string>,
): void {
  for (const [index, block] of blocks.entries()) {
    const here = `${at}.${index}`;
    const last = prompt.at(-1);
    if (block.type === 'tool_result') {
      const result = toolResult(block, here, toolNames);
      if (last?.role === 'tool' && index > 0) last.content.push(result);
      else prompt.push({ role: 'tool', content: [result] });
      continue;
    }
    const parts = userParts(block, here);
    if (last?.role === 'user' && index > 0) last.content.push(...parts);
    else prompt.push({ role: 'user', content: parts });
  }
}

function userParts(block: AnyBlock, at: string): UserPart[] {
  const options = marked(cacheOf(block));
  switch (block.type) {
    case 'text':
      return [{ type: 'text', text: stringOf(block.text), ...options }];
    case 'image':
      return [{ ...filePart(block.source, 'image/*', at), ...options }];
    case 'document':
      return documentParts(block, at, options);
    case 'search_result':
      return [{ type: 'text', text: searchResult(block), ...options }];
    // What a search for tools found: all of them are declared from the start.
    case 'tool_reference':
      return [{ type: 'text', text: stringOf(block.tool_name), ...options }];
    case 'compaction':
      return summary(block).map((text) => ({ type: 'text', text, ...options }));
    default:
      throw unsupported(at, `has the type ${JSON.stringify(block.type.slice(0, 40))}, which this model's provider does not take.`);
  }
}

/** The words that stand for the conversation before them; none where the compaction failed. */
function summary(block: AnyBlock): string[] {
  return typeof block.content === 'string' && block.content !== '' ? [block.content] : [];
}

function stringOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function filePart(source: unknown, mediaType: string, at: string): LanguageModelV4FilePart {
  const given = isJsonObject(source) ? source : {};
  switch (given.type) {
    case 'base64':
      return { type: 'file', mediaType: stringOf(given.media_type), data: { type: 'data', data: stringOf(given.data) } };
    case 'file':
      return { type: 'file', mediaType, data: { type: 'reference', reference: { anthropic: stringOf(given.file_id) } } };
    default: {
      const url = URL.parse(stringOf(given.url));
      if (url === null)
        throw new GatewayError('invalid_request', `'${at}.source.url' must be an absolute URL.`, { param: `${at}.source.url` });
      return { type: 'file', mediaType, data: { type: 'url', url, originalUrl: stringOf(given.url) } };
    }
  }
}

/** A document of text is text under its title, which every provider can read; any other stays a file. */
function documentParts(block: AnyBlock, at: string, options: { providerOptions?: SharedV4ProviderOptions }): UserPart[] {
  const source = isJsonObject(block.source) ? block.source : {};
  const title = stringOf(block.title);
  const heading = [title, stringOf(block.context)].filter((text) => text !== '').join('\n');
  const headed = (text: string): UserPart[] => [{ type: 'text', text: heading === '' ? text : `${heading}\n\n${text}`, ...options }];
  if (source.type === 'text') return headed(stringOf(source.data));
  if (source.type === 'content') {
    if (!Array.isArray(source.content)) return headed(stringOf(source.content));
    const inner = innerBlocks(source.content).flatMap((part, index) => userParts(part, `${at}.source.content.${index}`));
    return heading === '' ? inner : [{ type: 'text', text: heading }, ...inner];
  }
  const own = {
    ...(title !== '' && { title }),
    ...(stringOf(block.context) !== '' && { context: stringOf(block.context) }),
    ...(isJsonObject(block.citations) && block.citations.enabled === true && { citations: { enabled: true } }),
  };
  const file: LanguageModelV4FilePart = { ...filePart(source, 'application/pdf', at), ...(title !== '' && { filename: title }) };
  if (Object.keys(own).length === 0) return [{ ...file, ...options }];
  return [{ ...file, providerOptions: { ...options.providerOptions, anthropic: { ...options.providerOptions?.anthropic, ...own } } }];
}

function innerBlocks(value: unknown): AnyBlock[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [];
  return values.filter((inner): inner is AnyBlock => isJsonObject(inner) && typeof inner.type === 'string');
}

function searchResult(block: AnyBlock): string {
  const texts = innerBlocks(block.content).map(({ text }) => stringOf(text));
  return [stringOf(block.title), stringOf(block.source), ...texts].filter((text) => text !== '').join('\n');
}

function toolResult(block: AnyBlock, at: string, toolNames: ReadonlyMap<string, string>): LanguageModelV4ToolResultPart {
  const id = stringOf(block.tool_use_id);
  return {
    type: 'tool-result',
    toolCallId: id,
    toolName: toolNames.get(id) ?? 'tool',
    output: toolOutput(block, at),
    ...marked(cacheOf(block)),
  };
}

function toolOutput(block: AnyBlock, at: string): LanguageModelV4ToolResultOutput {
  const failed = block.is_error === true;
  if (!Array.isArray(block.content)) return { type: failed ? 'error-text' : 'text', value: stringOf(block.content) };
  const parts = innerBlocks(block.content).flatMap((part, index) => userParts(part, `${at}.content.${index}`));
  if (parts.every((part) => part.type === 'text')) {
    const value = parts.map(({ text }) => text).join('');
    return { type: failed ? 'error-text' : 'text', value };
  }
  return { type: 'content', value: parts };
}

function assistantContent(blocks: readonly AnyBlock[], toolNames: Map<string, string>, dropped: Set<string>): AssistantContent {
  const content: AssistantContent = [];
  for (const block of blocks) {
    switch (block.type) {
      case 'text':
        content.push({ type: 'text', text: stringOf(block.text), ...marked(cacheOf(block)) });
        break;
      case 'compaction':
        content.push(...summary(block).map((text) => ({ type: 'text' as const, text, ...marked(cacheOf(block)) })));
        break;
      case 'thinking':
        content.push({ type: 'reasoning', text: stringOf(block.thinking), ...marked(thinkingOptions(block.signature)) });
        break;
      case 'redacted_thinking':
        addRedacted(content, stringOf(block.data));
        break;
      case 'tool_use':
        toolNames.set(stringOf(block.id), stringOf(block.name));
        content.push({
          type: 'tool-call',
          toolCallId: stringOf(block.id),
          toolName: stringOf(block.name),
          input: block.input,
          ...marked(cacheOf(block)),
        });
        break;
      default:
        dropped.add(`messages.content.${block.type.replace(/[^\w.-]+/g, '-').slice(0, 40)}`);
    }
  }
  return content;
}

/** Thinking that Anthropic keeps to itself, or what the gateway sealed for another part of the message. */
function addRedacted(content: AssistantContent, data: string): void {
  const sealed = unseal(data);
  if (sealed?.for === '') {
    content.push({ type: 'text', text: '', providerOptions: sealed.metadata });
    return;
  }
  if (sealed?.for === undefined) {
    const options = sealed?.metadata ?? { anthropic: { redactedData: data }, amazonBedrock: { redactedData: data } };
    content.push({ type: 'reasoning', text: '', providerOptions: options });
    return;
  }
  const owner = content.findLast((part) =>
    part.type === 'tool-call' ? part.toolCallId === sealed.for : part.type === 'text' && sealed.for === 'text',
  );
  if (owner !== undefined) owner.providerOptions = { ...owner.providerOptions, ...sealed.metadata };
}

function unsupported(param: string, what: string): GatewayError {
  return new GatewayError('unsupported_parameter', `'${param}' ${what}`, { param });
}
