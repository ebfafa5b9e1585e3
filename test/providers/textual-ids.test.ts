import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TextualIds } from '../../shared/providers/textual-ids.ts';

function read(text: string, at: readonly number[]): string {
  const bytes = Buffer.from(text);
  const places = [0, ...at.map((place) => place % (bytes.length + 1)).sort((one, other) => one - other), bytes.length];
  const ids = new TextualIds();
  const pieces = places.slice(1).map((end, index) => ids.push(bytes.subarray(places[index], end)));
  return Buffer.concat([...pieces, ids.end()]).toString();
}

const cuts = fc.array(fc.nat({ max: 4000 }), { maxLength: 12 });

describe('an answer whose ids are numbers', () => {
  it('has texts for them, whatever the split', () => {
    const text = 'data: {"id":17,"x":"\\"id\\": 5, 日本 🎉","y":{"id": -3 }}\n\ndata: {"id":18}\n\n';
    const expected = 'data: {"id":"17","x":"\\"id\\": 5, 日本 🎉","y":{"id": "-3" }}\n\ndata: {"id":"18"}\n\n';
    fc.assert(
      fc.property(cuts, (at) => {
        expect(read(text, at)).toBe(expected);
      }),
    );
  });

  it('that comes whole has them too, without a line end', () => {
    expect(read('{"id":17,"created":1}', [3])).toBe('{"id":"17","created":1}');
  });
});

describe('an answer whose ids are texts', () => {
  it('keeps every byte, whatever the split', () => {
    const event = fc.record({ id: fc.string({ unit: 'grapheme' }), text: fc.string({ unit: 'grapheme' }), n: fc.integer() });
    fc.assert(
      fc.property(fc.array(event), cuts, (events, at) => {
        const text = events.map((one) => `data: ${JSON.stringify(one)}\n\n`).join('');
        expect(read(text, at)).toBe(text);
      }),
    );
  });
});
