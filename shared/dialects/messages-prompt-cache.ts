import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';

/** How long a provider keeps what is marked. */
export type PromptCacheTtl = '5m' | '1h';

/** What marks the end of what is to be kept. */
export function cacheMark(ttl: PromptCacheTtl): JsonObject {
  return { type: 'ephemeral', ...(ttl === '1h' && { ttl }) };
}

/** What can bear a mark; thinking cannot, and an empty text is refused with one. */
const markable: readonly string[] = ['text', 'image', 'document', 'search_result', 'tool_use', 'tool_result'];

/**
 * A body of Messages with marks at the end of what stays the same from call to call: instructions, or else the tools before
 * them; and, once a conversation has taken a turn, its latest turn, which the next call will repeat. A first question is not
 * marked: writing costs a quarter more, and who asks but once would pay it for nothing.
 *
 * Marks stand on blocks and not on the request as a whole, which Bedrock refuses of some models
 * (https://platform.claude.com/docs/en/build-with-claude/prompt-caching#explicit-cache-breakpoints).
 */
export function withCacheMarks(body: JsonObject, ttl: PromptCacheTtl): JsonObject {
  const mark = cacheMark(ttl);
  const system = markedContent(body.system, mark);
  const tools = system === undefined ? markedTools(body.tools, mark) : undefined;
  const messages = markedMessages(body.messages, mark);
  return { ...body, ...(system && { system }), ...(tools && { tools }), ...(messages && { messages }) };
}

function markedMessages(messages: JsonValue | undefined, mark: JsonObject): JsonValue[] | undefined {
  if (!Array.isArray(messages) || !messages.some((message) => isJsonObject(message) && message.role === 'assistant')) return undefined;
  const at = messages.findLastIndex((message) => isJsonObject(message) && message.role === 'user');
  const last = messages[at];
  if (!isJsonObject(last)) return undefined;
  const content = markedContent(last.content, mark);
  return content && messages.with(at, { ...last, content });
}

/** The content with a mark on the last block that can bear one; undefined where none can. */
function markedContent(content: JsonValue | undefined, mark: JsonObject): JsonValue[] | undefined {
  if (typeof content === 'string') return content === '' ? undefined : [{ type: 'text', text: content, cache_control: mark }];
  if (!Array.isArray(content)) return undefined;
  const at = content.findLastIndex((block) => isJsonObject(block) && markable.includes(String(block.type)) && block.text !== '');
  const block = content[at];
  return isJsonObject(block) ? content.with(at, { ...block, cache_control: mark }) : undefined;
}

/** A tool whose definition is loaded later takes no mark. */
function markedTools(tools: JsonValue | undefined, mark: JsonObject): JsonValue[] | undefined {
  if (!Array.isArray(tools)) return undefined;
  const at = tools.findLastIndex((tool) => isJsonObject(tool) && tool.defer_loading !== true);
  const tool = tools[at];
  return isJsonObject(tool) ? tools.with(at, { ...tool, cache_control: mark }) : undefined;
}
