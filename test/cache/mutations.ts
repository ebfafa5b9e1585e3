import { isJsonObject, type JsonValue } from '../../shared/calls/json.ts';

/** Every way to change one place of a value: another scalar, one item less, one more. */
export function mutations(value: JsonValue): JsonValue[] {
  if (Array.isArray(value)) {
    const within = value.flatMap((item, at) => mutations(item).map((changed) => value.with(at, changed)));
    return [...within, [...value, 'one more'], ...(value.length > 0 ? [value.slice(1)] : [])];
  }
  if (isJsonObject(value)) {
    const within = Object.entries(value).flatMap(([name, member]) => mutations(member).map((changed) => ({ ...value, [name]: changed })));
    const less = Object.keys(value).map((name) => Object.fromEntries(Object.entries(value).filter(([other]) => other !== name)));
    return [...within, ...less, { ...value, one_more: 1 }];
  }
  if (typeof value === 'string') return [`${value} `, null];
  if (typeof value === 'number') return [value + 1, String(value)];
  return [value === null ? 'null' : null, typeof value === 'boolean' ? !value : true];
}

/** The same value with the members of every object in another order. */
export function shuffled(value: JsonValue, random: () => number): JsonValue {
  if (Array.isArray(value)) return value.map((item) => shuffled(item, random));
  if (!isJsonObject(value)) return value;
  const members = Object.entries(value).map(([name, member]) => ({ name, member: shuffled(member, random), at: random() }));
  return Object.fromEntries(members.sort((one, other) => one.at - other.at).map(({ name, member }) => [name, member]));
}
