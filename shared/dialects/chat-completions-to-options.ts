import type { JSONSchema7, LanguageModelV4CallOptions, LanguageModelV4FunctionTool, LanguageModelV4ProviderTool } from '@ai-sdk/provider';
import type { Call } from '../calls/call.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';
import {
  addOptional,
  assignOption,
  carryFields,
  type FieldCarrier,
  type GatheredFields,
  nothingGathered,
  optionalField,
  translatedCall,
} from './carried-fields.ts';
import { cacheOptions, chatPrompt } from './chat-completions-prompt.ts';
import { type ChatRequest, chatRequestSchema } from './chat-completions-schema.ts';
import { invalidRequest } from './invalid-request.ts';
import type { TranslatedCall } from './translation.ts';

/** Fields that are the gateway's own business, or mean nothing to the answer. */
const ownFields = new Set([
  'model',
  'models',
  'messages',
  'stream',
  'stream_options',
  'provider',
  'echo',
  'max_tokens',
  'max_completion_tokens',
  'tool_choice',
]);

/** What is gathered of a request on the way. */
interface Gathered extends GatheredFields {
  readonly chat: ChatRequest;
  readonly body: JsonObject;
}

/** A chat completion request in the words of the AI SDK. Every field of the body is carried, or named as dropped. */
export function chatToOptions(call: Call): TranslatedCall {
  const parsed = chatRequestSchema.safeParse(call.body);
  if (!parsed.success) throw invalidRequest(parsed.error);
  const gathered: Gathered = { chat: parsed.data, body: call.body, ...nothingGathered() };
  const options: LanguageModelV4CallOptions = { prompt: chatPrompt(parsed.data.messages, gathered.dropped) };
  carryFields(call, options, gathered, { carriers, ownFields });
  if (parsed.data.messages.some(({ images }) => Array.isArray(images) && images.length > 0))
    gathered.optional.push({ field: 'messages.images', keys: ['google'] });
  // Last, because it may leave out some of the tools.
  if (call.body.tool_choice != null) carryToolChoice(options, call.body.tool_choice, gathered);
  return translatedCall(options, gathered);
}

type Carrier = FieldCarrier<Gathered>;

const openAi = (field: string, name: string): Carrier => optionalField(field, (value) => ({ openai: { [name]: value } }));

/** How each field of the request is carried. What is not here has no place in the AI SDK's call options. */
const carriers: Readonly<Record<string, Carrier>> = {
  temperature: (options, _value, { chat }) => assignOption(options, 'temperature', chat.temperature),
  top_p: (options, _value, { chat }) => assignOption(options, 'topP', chat.top_p),
  top_k: (options, value) => assignOption(options, 'topK', typeof value === 'number' ? value : undefined),
  presence_penalty: (options, value) => assignOption(options, 'presencePenalty', typeof value === 'number' ? value : undefined),
  frequency_penalty: (options, value) => assignOption(options, 'frequencyPenalty', typeof value === 'number' ? value : undefined),
  seed: (options, _value, { chat }) => assignOption(options, 'seed', chat.seed),
  stop: (options, _value, { chat }) => assignOption(options, 'stopSequences', typeof chat.stop === 'string' ? [chat.stop] : chat.stop),
  n: (_options, value, { dropped }) => {
    if (value !== 1) dropped.add('n');
  },
  logprobs: (_options, value, { dropped }) => {
    if (value !== false) dropped.add('logprobs');
  },
  tools: carryTools,
  parallel_tool_calls: optionalField('parallel_tool_calls', (value) =>
    typeof value === 'boolean'
      ? {
          openai: { parallelToolCalls: value },
          anthropic: { disableParallelToolUse: !value },
          openaiCompatible: { parallel_tool_calls: value },
        }
      : undefined,
  ),
  response_format: carryResponseFormat,
  reasoning_effort: (options, value, gathered) => carryEffort(options, value, gathered, 'reasoning_effort'),
  reasoning: carryReasoning,
  thinking: (_options, value, gathered) => {
    const budget = isJsonObject(value) && value.type === 'enabled' ? value.budget_tokens : undefined;
    if (typeof budget === 'number') addOptional('thinking', thinkingBudget(budget), gathered);
    else if (isJsonObject(value) && typeof value.type === 'string')
      addOptional('thinking', { anthropic: { thinking: { type: value.type } } }, gathered);
    else gathered.dropped.add('thinking');
  },
  cache_control: optionalField('cache_control', (value) => {
    const anthropic = cacheOptions(value)?.anthropic;
    return isJsonObject(anthropic) ? { anthropic } : undefined;
  }),
  // The end user: for the provider's abuse monitoring as well as for the gateway's own accounts.
  user: optionalField('user', (value) =>
    typeof value === 'string' ? { openai: { user: value }, anthropic: { metadata: { userId: value } } } : undefined,
  ),
  metadata: openAi('metadata', 'metadata'),
  store: (_options, value, gathered) => {
    if (value === true) addOptional('store', { openai: { store: true } }, gathered);
  },
  service_tier: openAi('service_tier', 'serviceTier'),
  verbosity: openAi('verbosity', 'textVerbosity'),
  prompt_cache_key: openAi('prompt_cache_key', 'promptCacheKey'),
  prompt_cache_retention: openAi('prompt_cache_retention', 'promptCacheRetention'),
  safety_identifier: openAi('safety_identifier', 'safetyIdentifier'),
  modalities: (_options, value, { dropped }) => {
    if (!Array.isArray(value) || value.some((modality) => modality !== 'text')) dropped.add('modalities');
  },
};

const efforts = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const;

function carryEffort(options: LanguageModelV4CallOptions, value: JsonValue | undefined, gathered: Gathered, field: string): void {
  const effort = efforts.find((known) => known === value);
  if (effort === undefined) {
    gathered.dropped.add(field);
    return;
  }
  options.reasoning = effort;
  // Gemini thinks in silence unless asked for its thoughts.
  if (effort !== 'none')
    gathered.providerOptions.google = { ...gathered.providerOptions.google, thinkingConfig: { includeThoughts: true } };
}

/** `reasoning` as OpenRouter words it (https://openrouter.ai/docs/use-cases/reasoning-tokens). */
function carryReasoning(options: LanguageModelV4CallOptions, value: JsonValue, gathered: Gathered): void {
  if (!isJsonObject(value)) {
    gathered.dropped.add('reasoning');
    return;
  }
  for (const key of Object.keys(value)) if (!['effort', 'max_tokens', 'enabled'].includes(key)) gathered.dropped.add(`reasoning.${key}`);
  if (typeof value.max_tokens === 'number') addOptional('reasoning.max_tokens', thinkingBudget(value.max_tokens), gathered);
  else if (value.effort != null) carryEffort(options, value.effort, gathered, 'reasoning.effort');
  else if (typeof value.enabled === 'boolean') carryEffort(options, value.enabled ? 'medium' : 'none', gathered, 'reasoning.enabled');
}

function thinkingBudget(tokens: number): Record<string, JsonObject> {
  return {
    anthropic: { thinking: { type: 'enabled', budgetTokens: tokens } },
    amazonBedrock: { reasoningConfig: { type: 'enabled', budgetTokens: tokens } },
    google: { thinkingConfig: { thinkingBudget: tokens, includeThoughts: true } },
  };
}

function carryTools(options: LanguageModelV4CallOptions, _value: JsonValue, { chat, dropped }: Gathered): void {
  const tools: (LanguageModelV4FunctionTool | LanguageModelV4ProviderTool)[] = [];
  for (const tool of chat.tools ?? []) {
    if (tool.type === 'function' && tool.function !== undefined) tools.push(functionTool(tool.function, tool.cache_control));
    else if (tool.type === 'custom' && isJsonObject(tool.custom) && typeof tool.custom.name === 'string')
      tools.push(customTool(tool.custom, tool.custom.name));
    else dropped.add(`tools.${tool.type}`);
  }
  if (tools.length > 0) options.tools = tools;
}

function functionTool(
  declared: NonNullable<NonNullable<ChatRequest['tools']>[number]['function']>,
  mark: unknown,
): LanguageModelV4FunctionTool {
  const inputSchema: JSONSchema7 = declared.parameters ?? { type: 'object', properties: {} };
  const cache = cacheOptions(mark ?? declared.cache_control);
  return {
    type: 'function',
    name: declared.name,
    inputSchema,
    ...(typeof declared.description === 'string' && { description: declared.description }),
    ...(typeof declared.strict === 'boolean' && { strict: declared.strict }),
    ...(cache && { providerOptions: cache }),
  };
}

/** A tool whose input is plain text, as only OpenAI has them (https://platform.openai.com/docs/guides/function-calling#custom-tools). */
function customTool(custom: JsonObject, name: string): LanguageModelV4ProviderTool {
  const format = isJsonObject(custom.format) ? custom.format : undefined;
  const grammar = format !== undefined && isJsonObject(format.grammar) ? { type: 'grammar', ...format.grammar } : format;
  return {
    type: 'provider',
    id: 'openai.custom',
    name,
    args: { ...(typeof custom.description === 'string' && { description: custom.description }), ...(grammar && { format: grammar }) },
  };
}

function carryToolChoice(options: LanguageModelV4CallOptions, value: JsonValue, { dropped }: Gathered): void {
  if (value === 'auto' || value === 'none' || value === 'required') options.toolChoice = { type: value };
  else if (isJsonObject(value) && value.type === 'allowed_tools' && isJsonObject(value.allowed_tools))
    allowTools(options, value.allowed_tools);
  else {
    const name = declaredName(value);
    if (name === undefined) dropped.add('tool_choice');
    else options.toolChoice = { type: 'tool', toolName: name };
  }
}

/** A choice among some of the tools: the others are not shown to the model. */
function allowTools(options: LanguageModelV4CallOptions, allowed: JsonObject): void {
  const names = new Set((Array.isArray(allowed.tools) ? allowed.tools : []).map(declaredName));
  options.tools = (options.tools ?? []).filter(({ name }) => names.has(name));
  options.toolChoice = { type: allowed.mode === 'required' ? 'required' : 'auto' };
}

function declaredName(tool: JsonValue): string | undefined {
  const declared = isJsonObject(tool) ? (tool.function ?? tool.custom) : undefined;
  return isJsonObject(declared) && typeof declared.name === 'string' ? declared.name : undefined;
}

function carryResponseFormat(options: LanguageModelV4CallOptions, _value: JsonValue, gathered: Gathered): void {
  const format = gathered.chat.response_format;
  if (format?.type === 'json_object') options.responseFormat = { type: 'json' };
  else if (format?.type === 'json_schema' && isJsonObject(format.json_schema)) {
    const { schema, name, description, strict } = format.json_schema;
    options.responseFormat = {
      type: 'json',
      ...(isJsonObject(schema) && { schema: schemaOf(schema) }),
      ...(typeof name === 'string' && { name }),
      ...(typeof description === 'string' && { description }),
    };
    gathered.providerOptions.openai = { ...gathered.providerOptions.openai, strictJsonSchema: strict === true };
  } else if (format?.type !== 'text') gathered.dropped.add('response_format');
}

function schemaOf(schema: JsonObject): JSONSchema7 {
  return schema;
}
