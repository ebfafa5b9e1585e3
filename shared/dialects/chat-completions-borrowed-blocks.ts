import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';

/**
 * Messages with Anthropic's blocks (`tool_use`, `tool_result`, `image`) as Chat Completions has them; the very list where
 * there are none.
 */
export function withoutBorrowedBlocks(messages: JsonValue[]): JsonValue[] {
  if (!messages.some(hasBorrowedBlock)) return messages;
  return messages.flatMap((message) =>
    !isJsonObject(message) || !Array.isArray(message.content) || !hasBorrowedBlock(message)
      ? [message]
      : message.role === 'assistant'
        ? [assistantMessage(message, message.content)]
        : userMessages(message, message.content),
  );
}

function hasBorrowedBlock(message: JsonValue): boolean {
  return isJsonObject(message) && Array.isArray(message.content) && message.content.some(isBorrowed);
}

function isBorrowed(part: JsonValue): boolean {
  if (!isJsonObject(part)) return false;
  return part.type === 'tool_use' || part.type === 'tool_result' || (part.type === 'image' && isJsonObject(part.source));
}

function assistantMessage(message: JsonObject, content: readonly JsonValue[]): JsonObject {
  const calls: JsonValue[] = Array.isArray(message.tool_calls) ? [...message.tool_calls] : [];
  const rest: JsonValue[] = [];
  for (const part of content) {
    if (isJsonObject(part) && part.type === 'tool_use') calls.push(toolCall(part));
    else rest.push(chatPart(part));
  }
  return { ...message, content: rest.length === 0 ? null : rest, ...(calls.length > 0 && { tool_calls: calls }) };
}

function toolCall({ id = '', name = '', input = {} }: JsonObject): JsonObject {
  return { id, type: 'function', function: { name, arguments: typeof input === 'string' ? input : JSON.stringify(input) } };
}

/** The results come first, as they must follow the calls they answer; what else the user says comes after them. */
function userMessages(message: JsonObject, content: readonly JsonValue[]): JsonObject[] {
  const results: JsonObject[] = [];
  const rest: JsonValue[] = [];
  for (const part of content) {
    if (isJsonObject(part) && part.type === 'tool_result')
      results.push({ role: 'tool', tool_call_id: part.tool_use_id ?? '', content: resultContent(part.content) });
    else rest.push(chatPart(part));
  }
  return rest.length === 0 ? results : [...results, { ...message, content: rest }];
}

function resultContent(content: JsonValue | undefined): JsonValue {
  if (Array.isArray(content)) return content.map(chatPart);
  return content ?? '';
}

function chatPart(part: JsonValue): JsonValue {
  if (!isJsonObject(part) || part.type !== 'image' || !isJsonObject(part.source)) return part;
  const { source, type: _type, ...rest } = part;
  const url = source.type === 'url' ? source.url : `data:${source.media_type};base64,${source.data}`;
  return typeof url === 'string' ? { type: 'image_url', image_url: { url }, ...rest } : part;
}
