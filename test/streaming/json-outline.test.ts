import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonOutline } from '../../shared/streaming/json-outline.ts';

function outlineOf(text: string, cuts: readonly number[] = []) {
  const bytes = Buffer.from(text);
  const outline = new JsonOutline();
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((one, other) => one - other);
  for (const [index, place] of [0, ...places].entries()) outline.take(bytes.subarray(place, places[index] ?? bytes.length));
  return outline.json();
}

const emptied = (text: string): string => (Buffer.byteLength(JSON.stringify(text)) - 2 > 1_024 ? '' : text);

/** The same value with long strings emptied, as a reader with all the memory in the world makes it. */
function expected(value: unknown): unknown {
  if (typeof value === 'string') return emptied(value);
  if (Array.isArray(value)) return value.map(expected);
  if (typeof value !== 'object' || value === null) return value;
  const outline: Record<string, unknown> = {};
  for (const [name, held] of Object.entries(value))
    Object.defineProperty(outline, emptied(name), { value: expected(held), enumerable: true, configurable: true, writable: true });
  return outline;
}

describe('the outline of JSON', () => {
  it('is the same JSON with its long strings emptied, wherever it is cut', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\\', '"', '\\"', '☃'.repeat(400), '"'.repeat(600), '\\'.repeat(513), 'x'.repeat(1_024), 'x'.repeat(1_025)),
    );
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        text,
        fc.integer(),
        fc.constant(null),
        fc.array(tie('value')),
        fc.dictionary(fc.string(), tie('value')),
      ),
    }));
    fc.assert(
      fc.property(value, fc.array(fc.nat()), fc.boolean(), (data, cuts, indented) => {
        const body = { data };
        expect(outlineOf(JSON.stringify(body, null, indented ? 2 : undefined), cuts)).toEqual(expected(JSON.parse(JSON.stringify(body))));
      }),
    );
  });

  it('is cut at every byte the same', () => {
    const body = { a: 'x\\"☃\u0007', image: `AB\\/"${'C'.repeat(1_100)}`, usage: { total: 3 } };
    const text = JSON.stringify(body);
    for (let cut = 0; cut <= Buffer.byteLength(text); cut += 1) expect(outlineOf(text, [cut])).toEqual({ ...body, image: '' });
  });

  it.each(['', '{', '{"a": "unended', '[1]', 'nonsense', '{}{}'])('of %j is none', (text) => {
    expect(outlineOf(text)).toBeUndefined();
  });

  it('holds no more than a megabyte, whatever comes', () => {
    const outline = new JsonOutline();
    for (let index = 0; index < 2_000; index += 1) outline.take(Buffer.alloc(1_024, '1'));
    expect(outline.json()).toBeUndefined();
  });
});
