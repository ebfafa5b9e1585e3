import type { LanguageModelV4CallOptions, LanguageModelV4Message, SharedV4ProviderOptions } from '@ai-sdk/provider';
import { cacheOptions } from '../dialects/chat-completions-prompt.ts';
import { cacheMark, type PromptCacheTtl } from '../dialects/messages-prompt-cache.ts';

/**
 * A call's options with marks for the provider's cache where `withCacheMarks` of Messages puts them: at the end of the
 * instructions, or else of the tools where the package takes marks there, and on the latest turn of a conversation.
 */
export function withCacheMarks(
  options: LanguageModelV4CallOptions,
  ttl: PromptCacheTtl,
  { marksTools }: { readonly marksTools: boolean },
): LanguageModelV4CallOptions {
  const mark = cacheOptions(cacheMark(ttl)) ?? {};
  const { prompt } = options;
  const instructions = prompt.findLastIndex(({ role, content }) => role === 'system' && content !== '');
  const hasTurned = prompt.some(({ role }) => role === 'assistant');
  const latest = hasTurned ? prompt.findLastIndex(isAsking) : -1;
  const tools = instructions === -1 && marksTools ? markedTools(options.tools, mark) : options.tools;
  return {
    ...options,
    ...(tools && { tools }),
    prompt: prompt.map((message, index) => (index === instructions || index === latest ? marked(message, mark) : message)),
  };
}

/** A message of the caller's side that ends in something: an empty text is refused with a mark. */
function isAsking(message: LanguageModelV4Message): boolean {
  if (message.role !== 'user' && message.role !== 'tool') return false;
  const last = message.content.at(-1);
  return last !== undefined && !(last.type === 'text' && last.text === '');
}

function marked(message: LanguageModelV4Message, mark: SharedV4ProviderOptions): LanguageModelV4Message {
  return { ...message, providerOptions: { ...message.providerOptions, ...mark } };
}

function markedTools(tools: LanguageModelV4CallOptions['tools'], mark: SharedV4ProviderOptions): LanguageModelV4CallOptions['tools'] {
  const at = tools?.findLastIndex(({ type }) => type === 'function') ?? -1;
  return tools?.map((tool, index) =>
    index === at && tool.type === 'function' ? { ...tool, providerOptions: { ...tool.providerOptions, ...mark } } : tool,
  );
}
