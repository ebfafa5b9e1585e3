import * as z from 'zod';
import { isJsonObject, type JsonObject, type JsonValue } from '../../shared/calls/json.ts';
import { gatewayConfigSchema } from '../../shared/config/gateway-config.ts';
import { noteFor } from './config-notes.ts';

/** One field of the configuration, for the reference. */
export interface FieldRow {
  /** `models.<name>.targets[].weight`. */
  readonly path: string;
  readonly type: string;
  readonly default: JsonValue | undefined;
  readonly description: string | undefined;
}

/** The JSON Schema of `gateway.yaml`: what editors complete and check by. */
export function configSchema(): JsonObject {
  const schema: JsonObject = JSON.parse(JSON.stringify(z.toJSONSchema(gatewayConfigSchema, { io: 'input' })));
  describe(schema, '', schema, new Set());
  return { title: 'gateway.yaml of Sluice', ...schema };
}

/** The same as text. */
export function configSchemaText(): string {
  return `${JSON.stringify(configSchema(), null, 2)}\n`;
}

/** Places that take targets as `targets` does; the reference shows their fields there only. */
const likeTargets = /(context_length_fallbacks\[\]|content_policy_fallbacks\[\]|canary\.target|mirror\.target)\./;

/** Every field there is, in the order of the file. What holds itself, and what is alike in several places, is shown once. */
export function configFields(schema: JsonObject = configSchema()): readonly FieldRow[] {
  const rows: FieldRow[] = [];
  walk(schema, '', schema, new Set(), (path, property) => {
    rows.push({ path, type: typeOf(property, schema), default: property.default, description: textOf(property.description) });
  });
  const seen = new Set<string>();
  return rows.filter(({ path }) => !likeTargets.test(path) && !seen.has(path) && seen.add(path));
}

function describe(schema: JsonObject, path: string, root: JsonObject, seen: Set<string>): void {
  walk(schema, path, root, seen, (at, property) => {
    const note = noteFor(at);
    if (note !== undefined) property.description ??= note;
  });
}

type Visit = (path: string, property: JsonObject) => void;

function walk(schema: JsonObject, path: string, root: JsonObject, seen: Set<string>, visit: Visit): void {
  const reference = textOf(schema.$ref);
  if (reference !== undefined) {
    if (seen.has(reference)) return;
    const target = resolved(schema, root);
    walk(target, path, root, new Set([...seen, reference]), visit);
    return;
  }
  for (const branch of branchesOf(schema)) walk(branch, path, root, seen, visit);
  if (isJsonObject(schema.items)) walk(schema.items, `${path}[]`, root, seen, visit);
  if (isJsonObject(schema.additionalProperties)) walk(schema.additionalProperties, `${path}.<name>`, root, seen, visit);
  if (!isJsonObject(schema.properties)) return;
  for (const [name, property] of Object.entries(schema.properties)) {
    if (!isJsonObject(property)) continue;
    const at = path === '' ? name : `${path}.${name}`;
    visit(at, property);
    walk(property, at, root, seen, visit);
  }
}

function branchesOf(schema: JsonObject): JsonObject[] {
  return [schema.anyOf, schema.oneOf, schema.allOf].flatMap((branches) => (Array.isArray(branches) ? branches.filter(isJsonObject) : []));
}

function resolved(schema: JsonObject, root: JsonObject): JsonObject {
  const name = textOf(schema.$ref)?.split('/').at(-1) ?? '';
  const definition = isJsonObject(root.$defs) ? root.$defs[name] : undefined;
  return isJsonObject(definition) ? definition : {};
}

function typeOf(schema: JsonObject, root: JsonObject): string {
  if (schema.$ref !== undefined) {
    const target = resolved(schema, root);
    return target.anyOf !== undefined && target.title === undefined && typesOf(target).size > 3 ? 'any' : typeOf(target, root);
  }
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => `\`${value}\``).join(', ');
  if (schema.const !== undefined) return `\`${schema.const}\``;
  const branches = branchesOf(schema);
  if (branches.length > 0)
    return [...new Set(branches.map((branch) => typeOf(branch, root)))].filter((type) => type !== 'null').join(' or ');
  if (schema.type === 'array') return `list of ${isJsonObject(schema.items) ? typeOf(schema.items, root) : 'any'}`;
  if (schema.type === 'integer' || schema.type === 'number') return `${schema.type}${boundsOf(schema)}`;
  return textOf(schema.type) ?? 'any';
}

function typesOf(schema: JsonObject): Set<JsonValue | undefined> {
  return new Set(branchesOf(schema).map(({ type }) => type));
}

function boundsOf({ minimum, maximum, exclusiveMinimum }: JsonObject): string {
  const most = typeof maximum === 'number' && maximum < Number.MAX_SAFE_INTEGER ? maximum : undefined;
  const above = typeof exclusiveMinimum === 'number' ? exclusiveMinimum : undefined;
  const least = above === undefined && typeof minimum === 'number' && minimum > Number.MIN_SAFE_INTEGER ? minimum : undefined;
  if (least !== undefined) return most === undefined ? `, ${least} or more` : ` ${least} to ${most}`;
  if (above !== undefined) return most === undefined ? ` above ${above}` : ` above ${above}, up to ${most}`;
  return most === undefined ? '' : ` up to ${most}`;
}

function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

const marks = { begin: '<!-- fields: begin, made from the schema -->', end: '<!-- fields: end -->' } as const;

/** The reference in a document, made anew between its marks. @throws Error where the marks are missing. */
export function withFieldTable(document: string): string {
  const begin = document.indexOf(marks.begin);
  const end = document.indexOf(marks.end);
  if (begin === -1 || end < begin) throw new Error(`the document needs the marks ${marks.begin} and ${marks.end}`);
  const rows = configFields().map(
    ({ path, type, default: preset, description }) =>
      `| \`${path}\` | ${type.replaceAll('|', '\\|')} | ${defaultText(preset, description)} | ${(description ?? '').replace(/ Default:? [^.]*\.?$/, '').replaceAll('|', '\\|')} |`,
  );
  const table = ['| field | type | default | meaning |', '|---|---|---|---|', ...rows].join('\n');
  return `${document.slice(0, begin)}${marks.begin}\n\n${table}\n\n${document.slice(end)}`;
}

function defaultText(preset: JsonValue | undefined, description: string | undefined): string {
  if (preset !== undefined && !isJsonObject(preset)) return `\`${preset}\``;
  return / Default:? ([^.]*(?:\.\d[^.]*)*)\.?$/.exec(description ?? '')?.[1] ?? '';
}
