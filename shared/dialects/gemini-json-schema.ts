import type { JSONSchema7 } from '@ai-sdk/provider';
import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';

/** Fields whose values are schemas, by how they hold them. */
const single = new Set(['items', 'additionalProperties', 'not']);
const listed = new Set(['anyOf', 'oneOf', 'allOf', 'prefixItems']);
const named = new Set(['properties', '$defs', 'definitions']);
/** Counts, which Google's JSON writes as strings. */
const counts = new Set(['minItems', 'maxItems', 'minLength', 'maxLength', 'minProperties', 'maxProperties']);

/**
 * A schema in Google's subset of OpenAPI (https://ai.google.dev/api/caching#Schema) as JSON Schema: types in lower case,
 * `nullable` as a type, properties in the order of `propertyOrdering`. What is JSON Schema already stays as it is.
 */
export function jsonSchemaOf(schema: JsonObject): JSONSchema7 {
  return converted(schema);
}

function converted(schema: JsonObject): JsonObject {
  const result: JsonObject = {};
  for (const [field, value] of Object.entries(schema)) {
    const kept = convertedField(field, value);
    if (kept !== undefined) result[field] = kept;
  }
  if (isJsonObject(result.properties) && Array.isArray(schema.propertyOrdering))
    result.properties = inOrder(result.properties, schema.propertyOrdering);
  return schema.nullable === true ? nullable(result) : result;
}

function convertedField(field: string, value: JsonValue): JsonValue | undefined {
  if (field === 'nullable' || field === 'propertyOrdering') return undefined;
  if (field === 'type') return typeOf(value);
  if (field === 'format' && value === 'enum') return undefined;
  if (counts.has(field)) return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  if (single.has(field)) return isJsonObject(value) ? converted(value) : value;
  if (listed.has(field)) return Array.isArray(value) ? value.map((item) => (isJsonObject(item) ? converted(item) : item)) : value;
  if (named.has(field) && isJsonObject(value))
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, isJsonObject(item) ? converted(item) : item]));
  return value;
}

function typeOf(value: JsonValue): JsonValue | undefined {
  if (typeof value !== 'string') return value;
  return value === 'TYPE_UNSPECIFIED' ? undefined : value.toLowerCase();
}

function inOrder(properties: JsonObject, order: readonly JsonValue[]): JsonObject {
  const sorted: JsonObject = {};
  for (const name of order) {
    const property = typeof name === 'string' ? properties[name] : undefined;
    if (typeof name === 'string' && property !== undefined) sorted[name] = property;
  }
  return { ...sorted, ...properties };
}

function nullable(schema: JsonObject): JsonObject {
  const { type } = schema;
  const values = Array.isArray(schema.enum) ? { enum: [...schema.enum, null] } : {};
  if (typeof type === 'string') return { ...schema, ...values, type: [type, 'null'] };
  return Array.isArray(schema.anyOf) ? { ...schema, anyOf: [...schema.anyOf, { type: 'null' }] } : schema;
}
