import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isChatComplete, readChatFrame, startChatStream } from '../../shared/dialects/chat-completions-stream.ts';
import { type SseFrame, SseReader } from '../../shared/streaming/sse-reader.ts';

const lineEnd = fc.constantFrom('\n', '\r\n', '\r');
/** Text of a line: anything but line ends, characters of several bytes included. */
const lineText = fc.string({ unit: 'grapheme', maxLength: 24 }).map((text) => text.replace(/[\r\n\uFEFF]/g, ''));
const line = fc.oneof(
  lineText.map((text) => `data: ${text}`),
  lineText.map((text) => `data:${text}`),
  lineText.map((text) => `: ${text}`),
  lineText.map((text) => `event: ${text.trim()}`),
  fc.constantFrom('data', 'id: 7', 'retry: 10', 'unknown: field', ':'),
);
/** Events of any shape: empty ones, several data lines, comments between them, mixed line ends. */
const stream = fc
  .array(fc.tuple(fc.array(fc.tuple(line, lineEnd), { maxLength: 4 }), lineEnd), { maxLength: 8 })
  .map((events) => events.map(([lines, end]) => lines.map(([text, lineEnd]) => text + lineEnd).join('') + end).join(''));
/** An end that is missing: lines without the blank one after them. */
const tail = fc.oneof(
  fc.constant(''),
  lineText.map((text) => `data: ${text}`),
  lineText.map((text) => `data: ${text}\n`),
);
const cuts = fc.array(fc.nat({ max: 400 }), { maxLength: 12 });

function read(bytes: Buffer, at: readonly number[]): SseFrame[] {
  const reader = new SseReader();
  const places = [0, ...at.map((place) => place % (bytes.length + 1)).sort((one, other) => one - other), bytes.length];
  const frames = places.slice(1).flatMap((end, index) => reader.push(bytes.subarray(places[index], end)));
  return [...frames, ...reader.end()];
}

const readings = (frames: readonly SseFrame[]) =>
  frames.filter(({ data }) => data !== undefined).map(({ event, data }) => ({ event, data }));

describe('the reader of server-sent events', () => {
  it('reads the same whatever the split', () => {
    fc.assert(
      fc.property(stream, tail, cuts, (events, rest, at) => {
        const bytes = Buffer.from(events + rest);
        expect(readings(read(bytes, at))).toEqual(readings(read(bytes, [])));
      }),
      { numRuns: 500 },
    );
  });

  it('reads the same split at every byte', () => {
    fc.assert(
      fc.property(stream, tail, (events, rest) => {
        const bytes = Buffer.from(events + rest);
        expect(readings(read(bytes, Array.from(bytes.keys())))).toEqual(readings(read(bytes, [])));
      }),
      { numRuns: 200 },
    );
  });

  it('loses no byte of whole events', () => {
    fc.assert(
      fc.property(stream, cuts, (events, at) => {
        const bytes = Buffer.from(events);
        const passed = Buffer.concat(read(bytes, at).map((frame) => frame.bytes));
        // A closing line end that was split from its carriage return is all that may be left over.
        expect(passed.toString().replace(/\s+$/, '')).toBe(bytes.toString().replace(/\s+$/, ''));
      }),
      { numRuns: 500 },
    );
  });

  it('agrees with a plain reading of the standard', () => {
    fc.assert(
      fc.property(stream, cuts, (events, at) => {
        expect(readings(read(Buffer.from(events), at))).toEqual(plainly(events));
      }),
      { numRuns: 500 },
    );
  });

  it('takes an event of a megabyte in pieces', () => {
    const data = 'x'.repeat(1024 * 1024);
    const bytes = Buffer.from(`data: ${data}\n\n`);
    expect(readings(read(bytes, [1, 7, 70_000, 500_000]))).toEqual([{ event: undefined, data }]);
  });
});

/** The algorithm of the HTML standard over whole lines (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
function plainly(text: string): { event: string | undefined; data: string }[] {
  const found: { event: string | undefined; data: string }[] = [];
  let event: string | undefined;
  let data: string[] = [];
  for (const line of text.split(/\r\n|\r|\n/)) {
    if (line === '') {
      if (data.length > 0) found.push({ event, data: data.join('\n') });
      event = undefined;
      data = [];
      continue;
    }
    const [, field = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/su.exec(line) ?? [];
    if (field === 'data') data.push(value);
    if (field === 'event') event = value;
  }
  return found;
}

const chunk = fc.oneof(
  fc.record({
    id: fc.constant('chatcmpl-1'),
    choices: fc.array(
      fc.record({
        index: fc.nat({ max: 2 }),
        delta: fc.record(
          {
            role: fc.constant('assistant'),
            content: fc.option(fc.string({ unit: 'binary' })),
            reasoning_content: fc.string(),
            tool_calls: fc.array(
              fc.record({ index: fc.nat({ max: 2 }), function: fc.record({ name: fc.string(), arguments: fc.string() }) }),
            ),
          },
          { requiredKeys: [] },
        ),
        finish_reason: fc.constantFrom(null, 'stop', 'length', 'tool_calls', 'content_filter', ''),
      }),
      { maxLength: 2 },
    ),
    usage: fc.option(fc.record({ prompt_tokens: fc.nat(), completion_tokens: fc.nat() })),
  }),
  // What look-alikes send instead.
  fc.jsonValue().filter((value) => typeof value === 'object' && value !== null && !Array.isArray(value)),
);

function readAll(events: readonly object[], ends: number, at: readonly number[]) {
  const bytes = Buffer.from(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('') + 'data: [DONE]\n\n'.repeat(ends));
  const state = startChatStream(true);
  const faults = read(bytes, at).map((frame) => readChatFrame(state, frame).fault);
  return { state, faults };
}

describe('the reader of chat completion streams', () => {
  it('reads the same whatever the split, and never throws over JSON objects', () => {
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 6 }), fc.nat({ max: 3 }), cuts, (events, ends, at) => {
        const objects = events.filter((event): event is object => typeof event === 'object' && event !== null);
        expect(readAll(objects, ends, at)).toEqual(readAll(objects, ends, []));
      }),
      { numRuns: 500 },
    );
  });

  it('takes an end said twice for one, and a missing one for missing', () => {
    const events = [{ choices: [{ index: 0, delta: { content: 'Hi' }, finish_reason: null }] }];
    expect(isChatComplete(readAll(events, 0, []).state)).toBe(false);
    expect(isChatComplete(readAll(events, 1, []).state)).toBe(true);
    expect(readAll(events, 2, []).state).toEqual(readAll(events, 1, []).state);
  });

  it('calls what is no JSON object malformed', () => {
    fc.assert(
      fc.property(fc.oneof(fc.constantFrom('{', '[]', '1', '"text"', 'null', '{"a":'), lineText), (data) => {
        const state = startChatStream(true);
        const frame = { bytes: Buffer.from(data), event: undefined, data };
        try {
          readChatFrame(state, frame);
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError);
        }
      }),
    );
  });
});
