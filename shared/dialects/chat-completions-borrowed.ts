import { isJsonObject, type JsonObject } from '../calls/json.ts';
import { withoutBorrowedBlocks } from './chat-completions-borrowed-blocks.ts';
import { chatFromResponses } from './chat-completions-borrowed-input.ts';
import { chatToolChoice, chatTools } from './chat-completions-borrowed-tools.ts';

/**
 * A chat completion request of which parts are worded as another API words them, in Chat Completions' own words; the
 * very body where nothing is borrowed. Cursor calls `/chat/completions` so, and reads chat completions as answers:
 * with the body of a Responses request (`input`, flat tools), with flat text tools beside nested functions, and to
 * Claude's models with Anthropic's tools and blocks
 * (https://forum.cursor.com/t/override-openai-base-url-sends-responses-api-payload-to-chat-completions-but-expects-chat-completions-output/159298
 * and https://forum.cursor.com/t/wrong-tools-handling-on-openai-compatible-endpoint/145588).
 * @throws GatewayError for an `input` of no shape, and for what only Responses itself can do.
 */
export function inChatWords(body: JsonObject): JsonObject {
  const chat = body.messages === undefined && body.input !== undefined ? chatFromResponses(body) : body;
  const borrowed: JsonObject = {};
  if (Array.isArray(chat.tools)) {
    const tools = chatTools(chat.tools);
    if (tools !== chat.tools) borrowed.tools = tools;
  }
  if (isJsonObject(chat.tool_choice)) {
    const choice = chatToolChoice(chat.tool_choice);
    if (choice !== chat.tool_choice) borrowed.tool_choice = choice;
  }
  if (Array.isArray(chat.messages)) {
    const messages = withoutBorrowedBlocks(chat.messages);
    if (messages !== chat.messages) borrowed.messages = messages;
  }
  return Object.keys(borrowed).length === 0 ? chat : { ...chat, ...borrowed };
}
