import type { LanguageModelV4CallOptions } from '@ai-sdk/provider';
import { isJsonObject } from '../calls/json.ts';
import { GatewayError } from '../errors/gateway-error.ts';

/** Fields of JSON Schema that hold schemas (https://json-schema.org/draft-07/json-schema-core), by how they hold them. */
const listed = ['anyOf', 'oneOf', 'allOf', 'prefixItems'];
const named = ['properties', 'patternProperties', '$defs', 'definitions'];
const single = ['additionalProperties', 'not'];

/**
 * Refuses schemas of tools and answers that are none where they hold schemas of their own: the packages that speak to
 * providers walk them, and break at what is no schema.
 * @throws GatewayError `invalid_request`.
 */
export function checkSchemas({ tools = [], responseFormat }: Pick<LanguageModelV4CallOptions, 'tools' | 'responseFormat'>): void {
  if (responseFormat?.type === 'json' && responseFormat.schema !== undefined) check(responseFormat.schema, 'the answer');
  for (const tool of tools) if (tool.type === 'function') check(tool.inputSchema, `the tool '${tool.name}'`);
}

function check(schema: unknown, whose: string): void {
  const wrong = wrongPlace(schema, '');
  if (wrong === undefined) return;
  throw new GatewayError('invalid_request', `The JSON schema of ${whose} is malformed: ${wrong}.`);
}

/** Where a schema is none, in words; undefined where it is one throughout. */
function wrongPlace(schema: unknown, at: string): string | undefined {
  if (typeof schema === 'boolean') return undefined;
  if (!isJsonObject(schema)) return `${at === '' ? 'it' : `'${at}'`} must be an object or a boolean`;
  for (const [field, value] of Object.entries(schema)) {
    if (value === null || value === undefined) continue;
    const wrong = wrongField(field, value, at === '' ? field : `${at}.${field}`);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

function wrongField(field: string, value: unknown, at: string): string | undefined {
  // An empty list is how PHP writes an empty object.
  if (named.includes(field) && Array.isArray(value) && value.length === 0) return undefined;
  if (named.includes(field)) return isJsonObject(value) ? firstWrong(Object.entries(value), at) : `'${at}' must be an object of schemas`;
  if (listed.includes(field)) return Array.isArray(value) ? firstWrong(value.entries(), at) : `'${at}' must be a list of schemas`;
  if (field === 'items') return Array.isArray(value) ? firstWrong(value.entries(), at) : wrongPlace(value, at);
  return single.includes(field) ? wrongPlace(value, at) : undefined;
}

function firstWrong(inner: Iterable<readonly [string | number, unknown]>, at: string): string | undefined {
  for (const [name, schema] of inner) {
    const wrong = wrongPlace(schema, `${at}.${name}`);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}
