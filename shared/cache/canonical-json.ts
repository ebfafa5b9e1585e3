import type { JsonValue } from '../calls/json.ts';

/**
 * JSON in one form for one value, as the JSON Canonicalization Scheme has it (RFC 8785): no whitespace, members sorted
 * by their UTF-16 code units, numbers and strings as ECMAScript writes them, which is what the scheme prescribes.
 * A lone surrogate, which the scheme refuses, is written as its escape.
 */
export function canonicalJson(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members: string[] = [];
  for (const name of Object.keys(value).sort()) {
    const member = value[name];
    if (member !== undefined) members.push(`${JSON.stringify(name)}:${canonicalJson(member)}`);
  }
  return `{${members.join(',')}}`;
}
