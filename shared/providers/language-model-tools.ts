import type { JSONSchema7, LanguageModelV4CallOptions, LanguageModelV4FunctionTool, LanguageModelV4Message } from '@ai-sdk/provider';

/** The AI SDK's name for a tool whose input is plain text, as only OpenAI has them. */
const textToolId = 'openai.custom';

const textInput: JSONSchema7 = {
  type: 'object',
  properties: { input: { type: 'string', description: 'The whole input of the tool, as plain text.' } },
  required: ['input'],
  additionalProperties: false,
};

/**
 * Shows tools that take plain text as functions with one string, `input`, for providers that know no other tools. Calls of
 * an earlier turn are reworded alike; of an answer the dialects take the text out again.
 */
export function withTextToolsAsFunctions(options: LanguageModelV4CallOptions): LanguageModelV4CallOptions {
  const names = new Set(options.tools?.flatMap((tool) => (tool.type === 'provider' && tool.id === textToolId ? [tool.name] : [])));
  if (names.size === 0) return options;
  const tools = options.tools?.map((tool) => (tool.type === 'provider' && names.has(tool.name) ? asFunction(tool.name, tool.args) : tool));
  return { ...options, ...(tools && { tools }), prompt: options.prompt.map((message) => withObjects(message, names)) };
}

function asFunction(name: string, args: Readonly<Record<string, unknown>>): LanguageModelV4FunctionTool {
  const description = typeof args.description === 'string' ? args.description : '';
  // What a provider would enforce can only be asked for here.
  const grammar = args.format === undefined ? '' : `\nThe input must have this format: ${JSON.stringify(args.format)}`;
  return { type: 'function', name, description: description + grammar, inputSchema: textInput };
}

function withObjects(message: LanguageModelV4Message, names: ReadonlySet<string>): LanguageModelV4Message {
  if (message.role !== 'assistant') return message;
  const content = message.content.map((part) =>
    part.type === 'tool-call' && names.has(part.toolName) && typeof part.input === 'string'
      ? { ...part, input: { input: part.input } }
      : part,
  );
  return { ...message, content };
}
