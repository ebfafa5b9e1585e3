import type { JSONSchema7, LanguageModelV4CallOptions, LanguageModelV4FunctionTool } from '@ai-sdk/provider';
import type { Call } from '../calls/call.ts';
import { isJsonObject, type JsonValue } from '../calls/json.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import {
  addOptional,
  addProviderOptions,
  assignOption,
  carryFields,
  type FieldCarrier,
  type GatheredFields,
  nothingGathered,
  optionalField,
  translatedCall,
} from './carried-fields.ts';
import { cacheOptions } from './chat-completions-prompt.ts';
import { invalidRequest } from './invalid-request.ts';
import { messagesPrompt } from './messages-prompt.ts';
import { type MessagesRequest, type MessagesTool, messagesRequestSchema } from './messages-schema.ts';
import { toolsInEffect } from './messages-server-tools.ts';
import type { TranslatedCall } from './translation.ts';

/** Fields that are the gateway's own business, are carried with others, or mean nothing to the answer. */
const ownFields = new Set([
  'model',
  'messages',
  'system',
  'max_tokens',
  'stream',
  'tools',
  'tool_choice',
  'fallbacks',
  'diagnostics',
  'echo',
]);

/** What is gathered of a request on the way. */
interface Gathered extends GatheredFields {
  readonly request: MessagesRequest;
}

/** A Messages request in the words of the AI SDK. Every field of the body is carried, or named as dropped. */
export function messagesToOptions(call: Call): TranslatedCall {
  const parsed = messagesRequestSchema.safeParse(call.body);
  if (!parsed.success) throw invalidRequest(parsed.error);
  refuseStored(parsed.data);
  const gathered: Gathered = { request: parsed.data, ...nothingGathered() };
  const options: LanguageModelV4CallOptions = { prompt: messagesPrompt(parsed.data, gathered.dropped) };
  carryFields(call, options, gathered, { carriers, ownFields });
  carryTools(options, gathered);
  carryToolChoice(options, gathered);
  // Told with each document, where only Anthropic's own package looks.
  if (asksForCitations(parsed.data)) gathered.optional.push({ field: 'messages.content.citations', keys: ['anthropic'] });
  return translatedCall(options, gathered);
}

function asksForCitations({ messages }: MessagesRequest): boolean {
  const blocks = messages.flatMap(({ content }) => (Array.isArray(content) ? content : []));
  return blocks.some((block) => 'citations' in block && isJsonObject(block.citations) && block.citations.enabled === true);
}

/** What lies with Anthropic, or is done there alone, no other provider has; leaving it out would change the question. */
function refuseStored(request: MessagesRequest): void {
  const asked = [
    ['thread', request.thread?.type === 'continue'],
    ['mcp_servers', (request.mcp_servers ?? []).length > 0],
    ['compaction', request.compaction != null],
    ['max_tokens', request.max_tokens === 0],
  ] as const;
  const field = asked.find(([, isAsked]) => isAsked)?.[0];
  if (field === undefined) return;
  throw new GatewayError(
    'unsupported_parameter',
    `'${field}' ${field === 'max_tokens' ? 'of 0 ' : ''}works only with a provider that speaks Anthropic Messages itself.`,
    {
      param: field,
    },
  );
}

type Carrier = FieldCarrier<Gathered>;

/** OpenAI takes names of end users up to this length (https://platform.openai.com/docs/api-reference/responses/create). */
const longestUser = 64;

/** How each field of the request is carried. What is not here has no place in the AI SDK's call options. */
const carriers: Readonly<Record<string, Carrier>> = {
  temperature: (options, _value, { request }) => assignOption(options, 'temperature', request.temperature),
  top_p: (options, _value, { request }) => assignOption(options, 'topP', request.top_p),
  top_k: (options, _value, { request }) => assignOption(options, 'topK', request.top_k),
  stop_sequences: (options, _value, { request }) => assignOption(options, 'stopSequences', request.stop_sequences),
  thinking: carryThinking,
  output_config: (options, _value, gathered) => {
    const { effort, format, ...rest } = gathered.request.output_config ?? {};
    if (effort != null) carryEffort(options, effort, gathered);
    if (format != null) carryFormat(options, format, gathered);
    for (const field of Object.keys(rest)) gathered.dropped.add(`output_config.${field}`);
  },
  output_format: (options, _value, gathered) => carryFormat(options, gathered.request.output_format, gathered),
  cache_control: optionalField('cache_control', (value) => {
    const anthropic = cacheOptions(value)?.anthropic;
    return isJsonObject(anthropic) ? { anthropic } : undefined;
  }),
  // The end user: for the provider's abuse monitoring as well as for the gateway's own accounts.
  metadata: (_options, _value, gathered) => {
    const user = gathered.request.metadata?.user_id;
    if (user == null) return;
    if (user.length <= longestUser) addOptional('metadata', { openai: { user }, anthropic: { metadata: { userId: user } } }, gathered);
    else addOptional('metadata', { anthropic: { metadata: { userId: user } } }, gathered);
  },
  service_tier: (_options, value, { dropped }) => {
    if (value !== 'auto') dropped.add('service_tier');
  },
  speed: (_options, value, gathered) => {
    if (value === 'fast') addOptional('speed', { anthropic: { speed: 'fast' } }, gathered);
  },
  inference_geo: optionalField('inference_geo', (value) =>
    typeof value === 'string' ? { anthropic: { inferenceGeo: value } } : undefined,
  ),
};

const efforts = ['low', 'medium', 'high', 'xhigh', 'max'] as const;

function carryEffort(options: LanguageModelV4CallOptions, value: string, { dropped }: Gathered): void {
  const effort = efforts.find((known) => known === value);
  if (effort === undefined) dropped.add('output_config.effort');
  else options.reasoning = effort;
}

/** Up to which budget an effort goes, for models that are told one instead. Above the last it is `high`. */
const budgetOf = { low: 4096, medium: 16_384 } as const;

function carryThinking(options: LanguageModelV4CallOptions, _value: JsonValue, gathered: Gathered): void {
  const { thinking } = gathered.request;
  if (thinking == null) return;
  const { providerOptions } = gathered;
  if (thinking.type === 'disabled') {
    addOptional(
      'thinking',
      { anthropic: { thinking: { type: 'disabled' } }, amazonBedrock: { reasoningConfig: { type: 'disabled' } } },
      gathered,
    );
    return;
  }
  // Gemini thinks in silence unless asked for its thoughts.
  addProviderOptions({ google: { thinkingConfig: { includeThoughts: true } } }, providerOptions);
  const budgetTokens = thinking.budget_tokens;
  if (thinking.type === 'between_tools') {
    addProviderOptions(
      { anthropic: { thinking: { type: 'between_tools' } }, amazonBedrock: { reasoningConfig: { type: 'adaptive' } } },
      providerOptions,
    );
    return;
  }
  if (thinking.type === 'adaptive' || budgetTokens === undefined) {
    const adaptive = { type: 'adaptive', ...displayOf(thinking.display, gathered) };
    addProviderOptions({ anthropic: { thinking: adaptive }, amazonBedrock: { reasoningConfig: adaptive } }, providerOptions);
    return;
  }
  const exact = { type: 'enabled', budgetTokens };
  addProviderOptions({ anthropic: { thinking: exact }, amazonBedrock: { reasoningConfig: exact } }, providerOptions);
  options.reasoning ??= budgetTokens <= budgetOf.low ? 'low' : budgetTokens <= budgetOf.medium ? 'medium' : 'high';
}

/** Whether thoughts are shown: the newer models keep them to themselves unless asked. */
function displayOf(display: unknown, { dropped }: Gathered): { display?: 'summarized' | 'omitted' } {
  if (display === 'summarized' || display === 'omitted') return { display };
  if (display != null) dropped.add('thinking.display');
  return {};
}

function carryTools(options: LanguageModelV4CallOptions, { request, dropped }: Gathered): void {
  const tools: LanguageModelV4FunctionTool[] = [];
  for (const tool of toolsInEffect(request)) {
    if ((tool.type == null || tool.type === 'custom') && tool.name !== undefined) tools.push(functionTool(tool, tool.name));
    // Tools that Anthropic defines or runs; no other model knows them by these names.
    else dropped.add(`tools.${(tool.type ?? 'custom').replace(/[^\w.-]+/g, '-').slice(0, 40)}`);
  }
  if (tools.length > 0) options.tools = tools;
}

function functionTool(tool: MessagesTool, name: string): LanguageModelV4FunctionTool {
  const inputSchema: JSONSchema7 = tool.input_schema ?? { type: 'object', properties: {} };
  const cache = cacheOptions(tool.cache_control);
  return {
    type: 'function',
    name,
    inputSchema,
    ...(tool.description != null && { description: tool.description }),
    ...(typeof tool.strict === 'boolean' && { strict: tool.strict }),
    ...(cache && { providerOptions: cache }),
  };
}

function carryToolChoice(options: LanguageModelV4CallOptions, gathered: Gathered): void {
  const choice = gathered.request.tool_choice;
  if (choice == null) return;
  if (choice.type === 'auto' || choice.type === 'none') options.toolChoice = { type: choice.type };
  else if (choice.type === 'any') options.toolChoice = { type: 'required' };
  else if (choice.type === 'tool' && choice.name !== undefined) options.toolChoice = { type: 'tool', toolName: choice.name };
  else gathered.dropped.add('tool_choice');
  const alone = choice.disable_parallel_tool_use;
  if (alone === true) {
    const field = 'tool_choice.disable_parallel_tool_use';
    addOptional(
      field,
      {
        openai: { parallelToolCalls: false },
        anthropic: { disableParallelToolUse: true },
        openaiCompatible: { parallel_tool_calls: false },
      },
      gathered,
    );
  }
}

function carryFormat(options: LanguageModelV4CallOptions, format: unknown, gathered: Gathered): void {
  if (!isJsonObject(format) || format.type !== 'json_schema' || !isJsonObject(format.schema)) {
    gathered.dropped.add('output_format');
    return;
  }
  const schema: JSONSchema7 = format.schema;
  options.responseFormat = { type: 'json', schema, ...(typeof format.name === 'string' && { name: format.name }) };
  // Anthropic keeps to the schema whatever it says; OpenAI only where its rules are kept too.
  addProviderOptions({ openai: { strictJsonSchema: false } }, gathered.providerOptions);
}
