/**
 * Compares values with the service's published model, which the SDK carries as schemas: `[kind, namespace, name, traits,
 * members, types, required]` for a structure (3) or a union (4), `[1, namespace, name, traits, element]` for a list, and
 * numbers for the rest: 0 text, 1 number, 2 truth value, 15 any document, 64 added for a list and 128 for a map of it.
 */
type Schema = number | readonly unknown[] | (() => Schema);

const listOf = 64;
const mapOf = 128;
const simple: Readonly<Record<number, (value: unknown) => boolean>> = {
  0: (value) => typeof value === 'string',
  1: (value) => typeof value === 'number' && Number.isFinite(value),
  2: (value) => typeof value === 'boolean',
  15: () => true,
};

/** Where a value departs from a schema: unknown members, missing ones, wrong types. */
export function departures(schema: unknown, value: unknown, at = 'body'): string[] {
  const known = schema as Schema;
  if (typeof known === 'function') return departures(known(), value, at);
  if (typeof known === 'number') return departuresOfNumber(known, value, at);
  const [kind, , , , members, types, required = 0] = known as [number, string, string, unknown, unknown, unknown[], number?];
  if (kind === 1) return each(value, at, (element, place) => departures(members, element, place));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${at} is no structure`];
  const names = members as string[];
  const present = Object.keys(value);
  return [
    ...present.filter((name) => !names.includes(name)).map((name) => `${at}.${name} is unknown`),
    ...names
      .slice(0, required)
      .filter((name) => !present.includes(name))
      .map((name) => `${at}.${name} is missing`),
    ...(kind === 4 && present.length !== 1 ? [`${at} must have one member`] : []),
    ...names.flatMap((name, index) => {
      const member: unknown = Reflect.get(value, name);
      return member === undefined ? [] : departures(types[index], member, `${at}.${name}`);
    }),
  ];
}

function departuresOfNumber(schema: number, value: unknown, at: string): string[] {
  if (schema >= mapOf)
    return Object.entries(Object(value)).flatMap(([name, element]) => departures(schema - mapOf, element, `${at}.${name}`));
  if (schema >= listOf) return each(value, at, (element, place) => departures(schema - listOf, element, place));
  return simple[schema]?.(value) === true ? [] : [`${at} is ${JSON.stringify(value)}, not of type ${schema}`];
}

function each(value: unknown, at: string, check: (element: unknown, at: string) => string[]): string[] {
  return Array.isArray(value) ? value.flatMap((element, index) => check(element, `${at}[${index}]`)) : [`${at} is no list`];
}
