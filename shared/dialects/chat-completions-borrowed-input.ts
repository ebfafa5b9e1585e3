import { isJsonObject, type JsonObject, type JsonValue, objectsIn } from '../calls/json.ts';
import { GatewayError } from '../errors/gateway-error.ts';

/** Fields of Responses that say nothing a chat completion does not do anyway, or that are carried with others. */
const leftOut = new Set([
  'input',
  'instructions',
  'include',
  'truncation',
  'background',
  'reasoning',
  'text',
  'top_logprobs',
  'max_output_tokens',
]);
const ofResponsesAlone = ['previous_response_id', 'conversation', 'prompt'] as const;

/**
 * The body of a Responses request as that of a chat completion, for its schema to judge: what is wrong with an item is
 * wrong with the message that it became.
 * @throws GatewayError `unsupported_parameter` for what lies with OpenAI.
 */
export function chatFromResponses(body: JsonObject): JsonObject {
  for (const field of ofResponsesAlone) if (body[field] != null) throw belongsToResponses(field);
  if (body.background === true) throw belongsToResponses('background');
  const chat: JsonObject = {};
  for (const [field, value] of Object.entries(body)) if (!leftOut.has(field) && value !== null) chat[field] = value;
  chat.messages = [...instructionsOf(body), ...messagesOf(body.input)];
  if (body.max_output_tokens != null) chat.max_completion_tokens = body.max_output_tokens;
  if (isJsonObject(body.reasoning) && body.reasoning.effort != null) chat.reasoning_effort = body.reasoning.effort;
  if (typeof body.top_logprobs === 'number' && body.top_logprobs > 0)
    Object.assign(chat, { logprobs: true, top_logprobs: body.top_logprobs });
  if (isJsonObject(body.text)) Object.assign(chat, textOptions(body.text));
  return chat;
}

function belongsToResponses(param: string): GatewayError {
  return new GatewayError('unsupported_parameter', `'${param}' belongs to /v1/responses: this path keeps nothing from call to call.`, {
    param,
  });
}

function textOptions({ format, verbosity }: JsonObject): JsonObject {
  const options: JsonObject = verbosity == null ? {} : { verbosity };
  if (!isJsonObject(format) || format.type === 'text') return options;
  const { type, ...schema } = format;
  return { ...options, response_format: type === 'json_schema' ? { type, json_schema: schema } : format };
}

function instructionsOf({ instructions }: JsonObject): JsonObject[] {
  return instructions == null || instructions === '' ? [] : [{ role: 'system', content: instructions }];
}

function messagesOf(input: JsonValue | undefined): JsonObject[] {
  if (typeof input === 'string') return [{ role: 'user', content: input }];
  if (!Array.isArray(input))
    throw new GatewayError('invalid_request', "'input' must be a string or an array of items.", { param: 'input' });
  const messages: JsonObject[] = [];
  for (const [index, item] of input.entries()) {
    if (!isJsonObject(item)) throw new GatewayError('invalid_request', `'input.${index}' must be an item.`, { param: `input.${index}` });
    addItem(messages, item, index);
  }
  return messages;
}

function addItem(messages: JsonObject[], item: JsonObject, index: number): void {
  switch (item.type) {
    case undefined:
    case 'message':
      if (item.role === 'assistant') addText(assistantOf(messages), contentOf(item.content));
      else messages.push({ role: item.role ?? 'user', content: contentOf(item.content) });
      return;
    case 'function_call':
      addCall(messages, { id: item.call_id ?? '', type: 'function', function: { name: item.name ?? '', arguments: item.arguments ?? '' } });
      return;
    case 'custom_tool_call':
      addCall(messages, { id: item.call_id ?? '', type: 'custom', custom: { name: item.name ?? '', input: item.input ?? '' } });
      return;
    case 'function_call_output':
    case 'custom_tool_call_output':
      messages.push({ role: 'tool', tool_call_id: item.call_id ?? '', content: contentOf(item.output) });
      return;
    case 'reasoning':
      addReasoning(messages, item);
      return;
    default:
      throw belongsToResponses(`input.${index}`);
  }
}

/** What the model said in one turn is one message: its reasoning, its text and its calls. */
function assistantOf(messages: JsonObject[]): JsonObject {
  const last = messages.at(-1);
  if (last?.role === 'assistant') return last;
  const message: JsonObject = { role: 'assistant', content: null };
  messages.push(message);
  return message;
}

function addText(message: JsonObject, content: JsonValue): void {
  if (message.content === null || message.content === undefined) message.content = content;
  else message.content = [...partsOf(message.content), ...partsOf(content)];
}

function partsOf(content: JsonValue): JsonValue[] {
  return Array.isArray(content) ? content : [{ type: 'text', text: content }];
}

function addCall(messages: JsonObject[], call: JsonObject): void {
  const message = assistantOf(messages);
  message.tool_calls = [...(Array.isArray(message.tool_calls) ? message.tool_calls : []), call];
}

/** As `reasoning_details` words what OpenAI wants to see again. A summary alone is of no use to it. */
function addReasoning(messages: JsonObject[], { id, summary, encrypted_content: data }: JsonObject): void {
  if (typeof data !== 'string' || data === '') return;
  const message = assistantOf(messages);
  const details = Array.isArray(message.reasoning_details) ? message.reasoning_details : [];
  const text = objectsIn(summary)
    .map((part) => part.text)
    .join('');
  const says: JsonObject = text === '' ? { type: 'reasoning.encrypted' } : { type: 'reasoning.summary', summary: text };
  const detail = { ...says, ...(typeof id === 'string' && { id }), data, format: 'openai-responses-v1', index: details.length };
  message.reasoning_details = [...details, detail];
}

function contentOf(content: JsonValue | undefined): JsonValue {
  if (!Array.isArray(content)) return content ?? '';
  const parts = content.map(chatPart);
  const [only] = parts;
  return parts.length === 1 && isJsonObject(only) && only.type === 'text' ? (only.text ?? '') : parts;
}

function chatPart(part: JsonValue): JsonValue {
  if (!isJsonObject(part)) return part;
  const { type, ...fields } = part;
  switch (type) {
    case 'input_text':
    case 'output_text':
      return { type: 'text', text: fields.text ?? '' };
    case 'input_image':
      return typeof fields.image_url === 'string'
        ? { type: 'image_url', image_url: { url: fields.image_url, ...(typeof fields.detail === 'string' && { detail: fields.detail }) } }
        : part;
    case 'input_file':
      return { type: 'file', file: Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)) };
    default:
      return part;
  }
}
