import type { LanguageModelV4CallOptions, LanguageModelV4FunctionTool } from '@ai-sdk/provider';
import type { Call } from '../calls/call.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { jsonSchemaOf } from './gemini-json-schema.ts';
import { geminiPrompt } from './gemini-prompt.ts';
import { type GeminiRequest, geminiRequestSchema } from './gemini-schema.ts';
import { invalidRequest } from './invalid-request.ts';
import type { OptionalField, TranslatedCall } from './translation.ts';

/** Fields that are read elsewhere, or are the gateway's own business. */
const readElsewhere = new Set(['contents', 'systemInstruction', 'tools', 'toolConfig', 'generationConfig', 'model', 'echo']);

interface Gathered {
  readonly options: LanguageModelV4CallOptions;
  readonly dropped: Set<string>;
  readonly optional: OptionalField[];
}

/** A Gemini request in the words of the AI SDK. Every field is carried, or named as dropped. */
export function geminiToOptions(call: Call): TranslatedCall {
  const parsed = geminiRequestSchema.safeParse(call.body);
  if (!parsed.success) throw invalidRequest(parsed.error);
  const body = inCamelCase(call.body);
  for (const field of ['cachedContent', 'continuationToken']) {
    if (body[field] == null) continue;
    throw new GatewayError(
      'unsupported_parameter',
      `'${field}' stands for what lies with Google, and this model's provider cannot read it. Send the contents themselves.`,
      { param: field },
    );
  }
  const dropped = new Set<string>();
  const gathered: Gathered = { options: { prompt: geminiPrompt(parsed.data, dropped) }, dropped, optional: [] };
  for (const [field, value] of Object.entries(body)) if (value !== null && !readElsewhere.has(field)) dropped.add(field);
  if (isJsonObject(body.generationConfig)) carryConfig(inCamelCase(body.generationConfig), gathered);
  carryTools(parsed.data, gathered);
  if (isJsonObject(body.toolConfig)) carryToolConfig(inCamelCase(body.toolConfig), gathered);
  return { options: gathered.options, dropped: [...dropped], optional: gathered.optional };
}

/** Google reads both spellings of a field. Only the outermost names are changed: further in stand names of the caller's own. */
function inCamelCase(object: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(object).map(([field, value]) => [field.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase()), value]),
  );
}

/** Numbers that both sides know under the same name. */
const numbers = ['temperature', 'topP', 'topK', 'seed', 'presencePenalty', 'frequencyPenalty', 'maxOutputTokens'] as const;
type NumberField = (typeof numbers)[number];

function carryConfig(config: JsonObject, { options, dropped, optional }: Gathered): void {
  for (const [field, value] of Object.entries(config)) {
    if (value === null) continue;
    const number = numbers.find((name): name is NumberField => name === field);
    if (number !== undefined && typeof value === 'number') options[number] = value;
    else if (field === 'stopSequences' && Array.isArray(value)) options.stopSequences = value.filter((item) => typeof item === 'string');
    else if (field === 'thinkingConfig' && isJsonObject(value)) carryThinking(inCamelCase(value), options, optional);
    else if (!isCarriedOtherwise(field, value)) dropped.add(`generationConfig.${field}`);
  }
  carryFormat(config, options, dropped);
}

function isCarriedOtherwise(field: string, value: JsonValue): boolean {
  switch (field) {
    case 'responseMimeType':
    case 'responseSchema':
    case 'responseJsonSchema':
      return true;
    case 'candidateCount':
      return value === 1;
    case 'responseModalities':
      return Array.isArray(value) && value.every((modality) => typeof modality === 'string' && modality.toUpperCase() === 'TEXT');
    default:
      return false;
  }
}

function carryFormat(config: JsonObject, options: LanguageModelV4CallOptions, dropped: Set<string>): void {
  const { responseMimeType: type } = config;
  const schema = config.responseJsonSchema ?? config.responseSchema;
  if (type === 'application/json') options.responseFormat = { type: 'json', ...(isJsonObject(schema) && { schema: jsonSchemaOf(schema) }) };
  else if (type != null && type !== 'text/plain') dropped.add('generationConfig.responseMimeType');
}

const levels = { MINIMAL: 'minimal', LOW: 'low', MEDIUM: 'medium', HIGH: 'high', XHIGH: 'xhigh' } as const;

/**
 * `thinkingLevel` and a budget of nothing or of the model's own choice have a word in common with other providers; a
 * budget of tokens has a place at single ones (https://ai.google.dev/gemini-api/docs/thinking).
 */
function carryThinking(thinking: JsonObject, options: LanguageModelV4CallOptions, optional: OptionalField[]): void {
  const { thinkingLevel, thinkingBudget: budget } = thinking;
  const level = Object.entries(levels).find(([name]) => typeof thinkingLevel === 'string' && thinkingLevel.toUpperCase() === name)?.[1];
  if (level !== undefined) options.reasoning = level;
  if (typeof budget !== 'number' || budget < 0) return;
  if (budget === 0) {
    options.reasoning = 'none';
    return;
  }
  const byProvider = {
    anthropic: { thinking: { type: 'enabled', budgetTokens: budget } },
    amazonBedrock: { reasoningConfig: { type: 'enabled', budgetTokens: budget } },
  };
  options.providerOptions = { ...options.providerOptions, ...byProvider };
  optional.push({ field: 'generationConfig.thinkingConfig.thinkingBudget', keys: Object.keys(byProvider) });
}

function carryTools(gemini: GeminiRequest, { options, dropped }: Gathered): void {
  const tools: LanguageModelV4FunctionTool[] = [];
  for (const tool of gemini.tools ?? []) {
    for (const declared of tool.functionDeclarations ?? tool.function_declarations ?? []) {
      const schema = declared.parametersJsonSchema ?? declared.parameters_json_schema ?? declared.parameters;
      const plain: JsonValue = JSON.parse(JSON.stringify(schema ?? null));
      tools.push({
        type: 'function',
        name: declared.name,
        inputSchema: isJsonObject(plain) ? jsonSchemaOf(plain) : { type: 'object', properties: {} },
        ...(typeof declared.description === 'string' && { description: declared.description }),
      });
    }
    // Google Search, code execution and the like run at Google.
    for (const field of Object.keys(tool)) if (!/^function_?declarations$/i.test(field)) dropped.add(`tools.${field}`);
  }
  if (tools.length > 0) options.tools = tools;
}

function carryToolConfig(config: JsonObject, { options, dropped }: Gathered): void {
  for (const field of Object.keys(config)) if (field !== 'functionCallingConfig') dropped.add(`toolConfig.${field}`);
  if (!isJsonObject(config.functionCallingConfig)) return;
  const { mode, allowedFunctionNames } = inCamelCase(config.functionCallingConfig);
  const names = Array.isArray(allowedFunctionNames) ? allowedFunctionNames : [];
  if (mode === 'NONE') options.toolChoice = { type: 'none' };
  else if (mode === 'ANY') {
    const [only] = names;
    options.toolChoice = names.length === 1 && typeof only === 'string' ? { type: 'tool', toolName: only } : { type: 'required' };
    if (names.length > 1) options.tools = (options.tools ?? []).filter(({ name }) => names.includes(name));
  } else if (mode === 'AUTO' || mode === 'VALIDATED') options.toolChoice = { type: 'auto' };
}
