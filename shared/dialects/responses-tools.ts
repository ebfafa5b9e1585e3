import type { JSONSchema7, LanguageModelV4FunctionTool } from '@ai-sdk/provider';
import type { Call } from '../calls/call.ts';
import { isJsonObject, type JsonObject, type JsonValue, objectsIn, parsedJson } from '../calls/json.ts';
import { bringsTools } from './responses-schema.ts';

/** A tool of the request that the caller runs, as the model knows it and as the caller does. */
export interface DeclaredTool {
  /** The name that the model is shown: unique, whatever namespace the tool is in. */
  readonly exposed: string;
  readonly name: string;
  readonly namespace: string | undefined;
  /** Whether it takes plain text and not arguments. */
  readonly custom: boolean;
  readonly declaration: JsonObject;
}

/** The tools of a request that any model can be offered: functions, custom tools, and both of them in namespaces. */
export function declaredTools(call: Pick<Call, 'body'>): DeclaredTool[] {
  const declared: DeclaredTool[] = [];
  for (const tool of declarationsOf(call)) {
    if (tool.type === 'namespace' && typeof tool.name === 'string')
      for (const inner of objectsIn(tool.tools)) declare(declared, inner, tool.name);
    else declare(declared, tool, undefined);
  }
  return declared;
}

/**
 * All that a request declares: `tools`, and what comes with an item of its input, which is how Codex sends all its tools to
 * the newest models (`ResponseInputItem.AdditionalTools` of https://github.com/openai/openai-node). A tool that is there
 * already is not declared again.
 */
export function declarationsOf({ body }: Pick<Call, 'body'>): JsonObject[] {
  const declarations = objectsIn(body.tools);
  for (const { tools } of objectsIn(body.input).filter(bringsTools)) {
    const known = new Set(declarations.map((tool) => JSON.stringify(tool)));
    declarations.push(...objectsIn(tools).filter((tool) => !known.has(JSON.stringify(tool))));
  }
  return declarations;
}

function declare(declared: DeclaredTool[], declaration: JsonObject, namespace: string | undefined): void {
  const { name, type } = declaration;
  if (typeof name !== 'string' || (type !== 'function' && type !== 'custom')) return;
  const taken = declared.some(({ exposed }) => exposed === name);
  declared.push({ exposed: taken ? `${namespace ?? type}__${name}` : name, name, namespace, custom: type === 'custom', declaration });
}

/** The tool that a call in the input or of the model names. */
export function findTool(declared: readonly DeclaredTool[], name: string, namespace?: JsonValue): DeclaredTool | undefined {
  return declared.find((tool) => tool.name === name && (tool.namespace ?? null) === (namespace ?? null));
}

/** A tool as a function with a schema, which every provider takes. */
export function functionFor(tool: DeclaredTool): LanguageModelV4FunctionTool {
  const { declaration, exposed } = tool;
  if (tool.custom) return customFunction(declaration, exposed);
  const inputSchema: JSONSchema7 = isJsonObject(declaration.parameters) ? declaration.parameters : { type: 'object', properties: {} };
  return {
    type: 'function',
    name: exposed,
    inputSchema,
    ...(typeof declaration.description === 'string' && { description: declaration.description }),
    ...(typeof declaration.strict === 'boolean' && { strict: declaration.strict }),
  };
}

/**
 * A custom tool takes plain text, at times of a grammar (https://platform.openai.com/docs/guides/function-calling#custom-tools).
 * As a function it takes the same text in its only argument, `input`.
 */
function customFunction(declaration: JsonObject, exposed: string): LanguageModelV4FunctionTool {
  const format = isJsonObject(declaration.format) && declaration.format.type === 'grammar' ? declaration.format : undefined;
  const grammar =
    format === undefined
      ? 'The input of the tool, as plain text.'
      : `The input of the tool, as plain text that follows this ${String(format.syntax)} grammar:\n${String(format.definition)}`;
  const inputSchema: JSONSchema7 = {
    type: 'object',
    properties: { input: { type: 'string', description: grammar } },
    required: ['input'],
    additionalProperties: false,
  };
  return {
    type: 'function',
    name: exposed,
    inputSchema,
    ...(typeof declaration.description === 'string' && { description: declaration.description }),
  };
}

/** The plain text that a model wrote for a custom tool. */
export function customText(input: string): string {
  const value = parsedJson(input);
  if (isJsonObject(value) && typeof value.input === 'string') return value.input;
  return typeof value === 'string' ? value : input;
}
