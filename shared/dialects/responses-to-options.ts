import type { LanguageModelV4CallOptions } from '@ai-sdk/provider';
import type { Call } from '../calls/call.ts';
import { isJsonObject, type JsonObject, type JsonValue, objectsIn } from '../calls/json.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import {
  addOptional,
  assignOption,
  carryFields,
  type FieldCarrier,
  type GatheredFields,
  nothingGathered,
  translatedCall,
} from './carried-fields.ts';
import { invalidRequest } from './invalid-request.ts';
import { responsesPrompt } from './responses-prompt.ts';
import { type ResponsesRequest, responsesRequestSchema } from './responses-schema.ts';
import { type DeclaredTool, declarationsOf, declaredTools, findTool, functionFor } from './responses-tools.ts';
import type { TranslatedCall } from './translation.ts';

/** Fields that are the gateway's own business, are carried with others, or mean nothing to the answer. */
const ownFields = new Set([
  'model',
  'input',
  'instructions',
  'stream',
  'stream_options',
  'tools',
  'background',
  'max_output_tokens',
  'tool_choice',
  'metadata',
  'echo',
]);

/** What is gathered of a request on the way. */
interface Gathered extends GatheredFields {
  readonly request: ResponsesRequest;
  readonly tools: readonly DeclaredTool[];
}

/** A Responses request in the words of the AI SDK. Every field of the body is carried, or named as dropped. */
export function responsesToOptions(call: Call): TranslatedCall {
  const parsed = responsesRequestSchema.safeParse(call.body);
  if (!parsed.success) throw invalidRequest(parsed.error);
  refuseStored(parsed.data);
  const tools = declaredTools(call);
  const gathered: Gathered = { request: parsed.data, tools, ...nothingGathered() };
  if (objectsIn(call.body.input).some(({ type }) => type === 'image_generation_call'))
    gathered.optional.push({ field: 'input.image_generation_call', keys: ['google'] });
  const options: LanguageModelV4CallOptions = { prompt: responsesPrompt(parsed.data, tools, gathered.dropped) };
  carryTools(options, declarationsOf(call), gathered);
  carryFields(call, options, gathered, { carriers, ownFields });
  // Last, because it may leave out some of the tools.
  if (call.body.tool_choice != null) carryToolChoice(options, call.body.tool_choice, gathered);
  return translatedCall(options, gathered);
}

/** What lies with OpenAI no other provider has; leaving it out would change the question. */
function refuseStored(request: ResponsesRequest): void {
  for (const field of ['previous_response_id', 'conversation', 'prompt'] as const) {
    if (request[field] == null) continue;
    throw new GatewayError(
      'unsupported_parameter',
      `'${field}' works only with a provider that speaks OpenAI Responses itself: no other has kept what it names. Send the whole input.`,
      { param: field },
    );
  }
}

type Carrier = FieldCarrier<Gathered>;

/** A field that only OpenAI's own package has a place for. */
const openAi =
  (field: string, name: string): Carrier =>
  (_options, value, gathered) =>
    addOptional(field, { openai: { [name]: value } }, gathered);

const endUser =
  (field: string): Carrier =>
  (_options, value, gathered) => {
    if (typeof value === 'string') addOptional(field, { openai: { user: value }, anthropic: { metadata: { userId: value } } }, gathered);
  };

/** How each field of the request is carried. What is not here has no place in the AI SDK's call options. */
const carriers: Readonly<Record<string, Carrier>> = {
  temperature: (options, _value, { request }) => assignOption(options, 'temperature', request.temperature),
  top_p: (options, _value, { request }) => assignOption(options, 'topP', request.top_p),
  parallel_tool_calls: (_options, value, gathered) => {
    if (typeof value !== 'boolean' || ((gathered.request.tools ?? []).length === 0 && gathered.tools.length === 0)) return;
    addOptional(
      'parallel_tool_calls',
      {
        openai: { parallelToolCalls: value },
        anthropic: { disableParallelToolUse: !value },
        openaiCompatible: { parallel_tool_calls: value },
      },
      gathered,
    );
  },
  reasoning: carryReasoning,
  text: carryText,
  include: (_options, _value, { request: { include }, dropped }) => {
    // Reasoning always comes sealed; what else could be included, only OpenAI's own tools make.
    for (const name of include ?? []) if (name !== 'reasoning.encrypted_content') dropped.add(`include.${name.slice(0, 60)}`);
  },
  store: (_options, value, { dropped }) => {
    if (value === true) dropped.add('store');
  },
  truncation: (_options, value, { dropped }) => {
    if (value !== 'disabled') dropped.add('truncation');
  },
  user: endUser('user'),
  safety_identifier: endUser('safety_identifier'),
  service_tier: (_options, value, gathered) => {
    if (value !== 'auto' && value !== 'default') addOptional('service_tier', { openai: { serviceTier: value } }, gathered);
  },
  prompt_cache_key: openAi('prompt_cache_key', 'promptCacheKey'),
  prompt_cache_retention: openAi('prompt_cache_retention', 'promptCacheRetention'),
  top_logprobs: (_options, value, { dropped }) => {
    if (value !== 0) dropped.add('top_logprobs');
  },
};

const efforts = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const;

function carryReasoning(options: LanguageModelV4CallOptions, _value: JsonValue, gathered: Gathered): void {
  const { effort, summary, ...rest } = gathered.request.reasoning ?? {};
  for (const [field, value] of Object.entries(rest)) if (value != null) gathered.dropped.add(`reasoning.${field}`);
  if (effort != null) {
    const known = efforts.find((name) => name === effort);
    if (known === undefined) gathered.dropped.add('reasoning.effort');
    else options.reasoning = known;
  }
  // Every other provider shows what it thinks, or a summary, as it sees fit.
  if (summary != null && summary !== 'none')
    gathered.providerOptions.openai = { ...gathered.providerOptions.openai, reasoningSummary: summary };
  // Gemini thinks in silence unless asked for its thoughts.
  if (effort !== 'none')
    gathered.providerOptions.google = { ...gathered.providerOptions.google, thinkingConfig: { includeThoughts: true } };
}

function carryText(options: LanguageModelV4CallOptions, _value: JsonValue, gathered: Gathered): void {
  const { format, verbosity, ...rest } = gathered.request.text ?? {};
  for (const field of Object.keys(rest)) gathered.dropped.add(`text.${field}`);
  if (verbosity != null) addOptional('text.verbosity', { openai: { textVerbosity: verbosity } }, gathered);
  if (format == null || format.type === 'text') return;
  if (format.type === 'json_object') options.responseFormat = { type: 'json' };
  else if (format.type === 'json_schema' && isJsonObject(format.schema)) {
    const { schema, name, description, strict } = format;
    options.responseFormat = {
      type: 'json',
      schema,
      ...(typeof name === 'string' && { name }),
      ...(typeof description === 'string' && { description }),
    };
    gathered.providerOptions.openai = { ...gathered.providerOptions.openai, strictJsonSchema: strict === true };
  } else gathered.dropped.add('text.format');
}

function carryTools(options: LanguageModelV4CallOptions, declarations: readonly JsonObject[], { tools, dropped }: Gathered): void {
  // Tools that OpenAI runs itself, or defines for its own models.
  for (const { type } of declarations) {
    if (type !== 'function' && type !== 'custom' && type !== 'namespace')
      dropped.add(
        `tools.${String(type)
          .replace(/[^\w.-]+/g, '-')
          .slice(0, 40)}`,
      );
  }
  if (tools.length > 0) options.tools = tools.map(functionFor);
}

function carryToolChoice(options: LanguageModelV4CallOptions, value: JsonValue, { tools, dropped }: Gathered): void {
  if (value === 'auto' || value === 'none' || value === 'required') {
    options.toolChoice = { type: value };
    return;
  }
  if (isJsonObject(value) && value.type === 'allowed_tools') {
    const names = new Set(objectsIn(value.tools).map((tool) => exposedName(tools, tool)));
    options.tools = (options.tools ?? []).filter(({ name }) => names.has(name));
    options.toolChoice = { type: value.mode === 'required' ? 'required' : 'auto' };
    return;
  }
  const name = exposedName(tools, value);
  if (name === undefined) dropped.add('tool_choice');
  else options.toolChoice = { type: 'tool', toolName: name };
}

function exposedName(tools: readonly DeclaredTool[], choice: JsonValue): string | undefined {
  if (!isJsonObject(choice) || typeof choice.name !== 'string') return undefined;
  return findTool(tools, choice.name, choice.namespace)?.exposed ?? tools.find(({ name }) => name === choice.name)?.exposed;
}
