import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withTextualIds } from '../../shared/providers/textual-ids.ts';

async function read(text: string, at: readonly number[]): Promise<string> {
  const bytes = Buffer.from(text);
  const places = [0, ...at.map((place) => place % (bytes.length + 1)).sort((one, other) => one - other), bytes.length];
  const pieces = places.slice(1).map((end, index) => new Uint8Array(bytes.subarray(places[index], end)));
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (const piece of pieces) if (piece.length > 0) controller.enqueue(piece);
      controller.close();
    },
  });
  return await new Response(withTextualIds(body)).text();
}

const cuts = fc.array(fc.nat({ max: 4000 }), { maxLength: 12 });

describe('an answer whose ids are numbers', () => {
  it('has texts for them, whatever the split', async () => {
    const text = '\uFEFFdata: {"id":17,"x":"\\"id\\": 5, 日本 🎉","y":{"id": -3 }}\n\ndata: {"id":18}\n\n';
    const expected = 'data: {"id":"17","x":"\\"id\\": 5, 日本 🎉","y":{"id": "-3" }}\n\ndata: {"id":"18"}\n\n';
    await fc.assert(
      fc.asyncProperty(cuts, async (at) => {
        expect(await read(text, at)).toBe(expected);
      }),
    );
  });

  it('that comes whole has them too, without a line end', async () => {
    expect(await read('{"id":17,"created":1}', [3])).toBe('{"id":"17","created":1}');
  });
});

describe('an answer whose ids are texts', () => {
  it('keeps every byte, whatever the split', async () => {
    const event = fc.record({ id: fc.string({ unit: 'grapheme' }), text: fc.string({ unit: 'grapheme' }), n: fc.integer() });
    await fc.assert(
      fc.asyncProperty(fc.array(event), cuts, async (events, at) => {
        const text = events.map((one) => `data: ${JSON.stringify(one)}\n\n`).join('');
        expect(await read(text, at)).toBe(text);
      }),
    );
  });
});
