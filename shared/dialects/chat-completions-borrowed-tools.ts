import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';

/** Tools with Responses' flat ones and Anthropic's nested as Chat Completions has them; the very list where all are. */
export function chatTools(tools: JsonValue[]): JsonValue[] {
  const own = tools.map(chatTool);
  return own.every((tool, index) => tool === tools[index]) ? tools : own;
}

function chatTool(tool: JsonValue): JsonValue {
  if (!isJsonObject(tool) || typeof tool.name !== 'string' || tool.function !== undefined || tool.custom !== undefined) return tool;
  const { type, name, description, parameters, input_schema, strict, format, ...rest } = tool;
  const named = { name, ...(description !== undefined && { description }) };
  if (isJsonObject(input_schema) && (type === undefined || type === null || type === 'custom' || type === 'function'))
    return { type: 'function', function: { ...named, parameters: input_schema, ...strictly(strict) }, ...rest };
  if (type === 'function')
    return { type, function: { ...named, ...(parameters !== undefined && { parameters }), ...strictly(strict) }, ...rest };
  if (type === 'custom') return { type, custom: { ...named, ...(isJsonObject(format) && { format: nestedFormat(format) }) }, ...rest };
  return tool;
}

function strictly(strict: JsonValue | undefined): JsonObject {
  return typeof strict === 'boolean' ? { strict } : {};
}

function nestedFormat({ type, syntax, definition, ...rest }: JsonObject): JsonObject {
  const own: JsonObject = { ...rest, ...(type !== undefined && { type }) };
  if (syntax !== undefined || definition !== undefined)
    own.grammar = { ...(syntax !== undefined && { syntax }), ...(definition !== undefined && { definition }) };
  return own;
}

/** Anthropic's words for how freely the model chooses among its tools. */
const anthropicChoices: ReadonlyMap<unknown, string> = new Map([
  ['auto', 'auto'],
  ['any', 'required'],
  ['none', 'none'],
]);

/** The choice among tools as Chat Completions has it; the very value where it is. */
export function chatToolChoice(choice: JsonObject): JsonValue {
  const { type, name } = choice;
  if (typeof type !== 'string') return choice;
  if (type === 'allowed_tools' && Array.isArray(choice.tools) && choice.allowed_tools === undefined) {
    const { mode = 'auto', tools } = choice;
    return { type, allowed_tools: { mode, tools: tools.map((tool) => (isJsonObject(tool) ? chatToolChoice(tool) : tool)) } };
  }
  if (typeof name !== 'string') return anthropicChoices.get(type) ?? choice;
  if (type === 'function' || type === 'tool') return { type: 'function', function: { name } };
  return type === 'custom' ? { type, custom: { name } } : choice;
}
