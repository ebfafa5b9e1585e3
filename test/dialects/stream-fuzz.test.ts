import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Call } from '../../shared/calls/call.ts';
import type { JsonObject } from '../../shared/calls/json.ts';
import { chatCompletions } from '../../shared/dialects/chat-completions.ts';
import { completions } from '../../shared/dialects/completions.ts';
import type { Dialect } from '../../shared/dialects/dialect.ts';
import { gemini } from '../../shared/dialects/gemini.ts';
import { images } from '../../shared/dialects/images.ts';
import { messages } from '../../shared/dialects/messages.ts';
import { responses } from '../../shared/dialects/responses.ts';
import { speech } from '../../shared/dialects/speech.ts';
import { transcriptions } from '../../shared/dialects/transcriptions.ts';
import { SseReader } from '../../shared/streaming/sse-reader.ts';
import { type Family, recordings } from '../conformance/recordings.ts';
import { oddFraming, oddlyFramed } from '../support/odd-frames.ts';

const streamsOf = (family: Family): string[][] =>
  recordings().flatMap((recording) => (recording.family === family && recording.events !== undefined ? [[...recording.events]] : []));
const chat = streamsOf('openai-chat');
/** The same answers as a legacy completion tells them. */
const legacy = chat.map((events) =>
  events.map((event) => {
    const chunk = JSON.parse(event);
    const choices = chunk.choices.map(({ delta, ...choice }: { delta: { content?: unknown } }) => ({
      ...choice,
      text: typeof delta.content === 'string' ? delta.content : '',
    }));
    return JSON.stringify({ ...chunk, object: 'text_completion', choices });
  }),
);
const sound = [
  [
    '{"type":"speech.audio.delta","audio":"UklG"}',
    '{"type":"speech.audio.done","usage":{"input_tokens":14,"output_tokens":101,"total_tokens":115}}',
  ],
];
const heard = [
  [
    '{"type":"transcript.text.delta","delta":"Hü"}',
    '{"type":"transcript.text.done","text":"Hüllo","usage":{"type":"tokens","input_tokens":14,"output_tokens":3,"total_tokens":17}}',
  ],
];
const drawn = [
  [
    '{"type":"image_generation.partial_image","b64_json":"AAAA","partial_image_index":0}',
    '{"type":"image_generation.completed","b64_json":"AAAA","usage":{"input_tokens":5,"output_tokens":60,"total_tokens":65}}',
  ],
];

/** Every dialect that streams, with streams that it reads, and whether it names its events. */
const dialects: readonly (readonly [string, Dialect, string[][], boolean])[] = [
  ['chat completions', chatCompletions, chat.map((events) => [...events, '[DONE]']), false],
  ['completions', completions, legacy.map((events) => [...events, '[DONE]']), false],
  ['responses', responses, streamsOf('openai-responses'), true],
  ['messages', messages, streamsOf('anthropic-messages'), true],
  ['gemini', gemini, streamsOf('google-generate-content'), false],
  ['speech', speech, sound, true],
  ['transcriptions', transcriptions, heard, true],
  ['images', images, drawn, true],
];

const call: Call = {
  dialect: 'chat-completions',
  model: 'm',
  body: {},
  stream: true,
  streamUsage: true,
  maxOutputTokens: undefined,
  choices: 1,
  endUser: undefined,
  serviceTier: undefined,
  content: { textBytes: 0, messages: 1, tools: 0, images: [], files: [], audio: [], promptCache: 'none' },
  forwardedHeaders: {},
};

/** Reads bytes that come in pieces; tells what was understood, and the bytes that would have been passed on. */
function read(dialect: Dialect, bytes: Buffer, at: readonly number[]) {
  const reader = new SseReader();
  const places = [0, ...at.map((place) => place % (bytes.length + 1)).sort((one, other) => one - other), bytes.length];
  const pieces = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
  const frames = [...pieces.flatMap((piece) => reader.push(piece)), ...reader.end()];
  const state = dialect.startStream(call);
  const faults = frames.map((frame) => dialect.readFrame(state, frame).fault).filter((fault) => fault !== undefined);
  const { usage, finishReason, id, model, outputBytes, toolNames, hasContent } = state;
  return {
    passed: Buffer.concat(frames.map((frame) => frame.bytes)),
    facts: { usage, finishReason, id, model, outputBytes, toolNames, hasContent, isComplete: dialect.isComplete(state), fault: faults[0] },
  };
}

const plainly = { lineEnd: '\n', manyLines: false, between: ['nothing'], tight: false, mark: false, ends: 1 } as const;
const cuts = fc.array(fc.nat({ max: 20_000 }), { maxLength: 20 });

describe.each(dialects)('a stream of %s', (name, dialect, streams, named) => {
  it('says the same however it is framed and cut, and loses no byte', () => {
    expect(streams.length).toBeGreaterThan(0);
    fc.assert(
      fc.property(fc.constantFrom(...streams), oddFraming, cuts, (events, framing, at) => {
        // An image that is told of twice is two images, and a chunk of Gemini's is content wherever it comes.
        const once = name === 'images' || name === 'gemini' ? { ...framing, ends: 1 } : framing;
        const bytes = oddlyFramed(events, once, named);
        const { passed, facts } = read(dialect, bytes, at);
        const plain = read(dialect, oddlyFramed(events, plainly, named), []).facts;
        expect({ ...facts, outputBytes: 0 }).toEqual({ ...plain, outputBytes: 0 });
        expect(facts.outputBytes).toBeGreaterThanOrEqual(plain.outputBytes);
        expect(passed.toString().replace(/\s+$/, '')).toBe(bytes.toString().replace(/\s+$/, ''));
      }),
      { numRuns: 150 },
    );
  });

  it('says the same cut at every byte', () => {
    fc.assert(
      fc.property(fc.constantFrom(...streams), oddFraming, (events, framing) => {
        const bytes = oddlyFramed(events.slice(-6), { ...framing, ends: 1 }, named);
        expect(read(dialect, bytes, Array.from(bytes.keys())).facts).toEqual(read(dialect, bytes, []).facts);
      }),
      { numRuns: 10 },
    );
  });

  it('never throws anything but a SyntaxError, whatever an event holds', () => {
    const anything = fc.oneof(fc.json(), fc.string({ unit: 'binary' }), fc.constant('[DONE]'));
    fc.assert(
      fc.property(fc.constantFrom(...streams), fc.array(anything, { maxLength: 3 }), fc.nat(), (events, others, place) => {
        const at = place % events.length;
        const lines = others.map((text) => text.replaceAll(/[\r\n]/g, ' '));
        try {
          read(dialect, oddlyFramed([...events.slice(0, at), ...lines], plainly, false), []);
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('takes an event of two megabytes', () => {
    const last = streams[0]?.at(-1) ?? '{}';
    const padded: JsonObject = {
      ...(last.startsWith('{') ? JSON.parse(last) : JSON.parse(streams[0]?.at(-2) ?? '{}')),
      padding: '日'.repeat(700_000),
    };
    const bytes = oddlyFramed([...(streams[0]?.slice(0, -1) ?? []), JSON.stringify(padded)], plainly, named);
    const { passed } = read(dialect, bytes, [1, 70_001, 1_000_003]);
    expect(passed.equals(bytes)).toBe(true);
  });
});
