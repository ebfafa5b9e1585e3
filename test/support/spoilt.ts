import fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../shared/calls/json.ts';

/** What nobody should send, and what looks like something else. */
export const odd: fc.Arbitrary<JsonValue> = fc.oneof(
  fc.constantFrom<JsonValue>(null, '', 0, -1, 1e308, true, [], {}, 'x', [null], [[]], [{}], { type: null }, { type: 'text' }),
  fc.constantFrom<JsonValue>('\u0000', '\ud800', 'data:image/png;base64,', 'data:,', 'http://', 'file:///etc/passwd', { constructor: 1 }),
  fc.jsonValue().map((value): JsonValue => JSON.parse(JSON.stringify(value))),
);

/** The JSON with one value, somewhere in it, replaced or left out. */
export function spoilt(value: JsonValue, way: readonly number[], replacement: JsonValue | undefined): JsonValue {
  const [turn = 0, ...rest] = way;
  if (rest.length === 0 || typeof value !== 'object' || value === null) return replacement ?? null;
  if (Array.isArray(value)) {
    const at = value.length === 0 ? 0 : turn % value.length;
    return value.map((item, index) => (index === at ? spoilt(item, rest, replacement) : item));
  }
  const keys = Object.keys(value);
  const chosen = keys[turn % Math.max(1, keys.length)];
  const object: JsonObject = {};
  for (const key of keys) {
    const inner = value[key] ?? null;
    if (key !== chosen) object[key] = inner;
    else if (rest.length > 1 || replacement !== undefined) object[key] = spoilt(inner, rest, replacement);
  }
  return object;
}

/** A way into JSON: which member to take at each turn. */
export const wayIn: fc.Arbitrary<number[]> = fc.array(fc.nat({ max: 60 }), { minLength: 2, maxLength: 8 });
