import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../shared/calls/json.ts';
import { parseForm } from '../../shared/calls/multipart-form.ts';
import { completions } from '../../shared/dialects/completions.ts';
import type { Dialect } from '../../shared/dialects/dialect.ts';
import { embeddings } from '../../shared/dialects/embeddings.ts';
import { images } from '../../shared/dialects/images.ts';
import { moderations } from '../../shared/dialects/moderations.ts';
import { rerank, searchUnitBound } from '../../shared/dialects/rerank.ts';
import { speech } from '../../shared/dialects/speech.ts';
import { transcriptions } from '../../shared/dialects/transcriptions.ts';
import { GatewayError } from '../../shared/errors/gateway-error.ts';
import { SseReader } from '../../shared/streaming/sse-reader.ts';

const dialects = [completions, embeddings, images, moderations, rerank, speech, transcriptions] as const;

/** A good request for each, to be spoilt. */
const good: Readonly<Record<string, JsonObject>> = {
  completions: { model: 'a/b', prompt: 'Hi' },
  embeddings: { model: 'a/b', input: 'Hi' },
  images: { model: 'a/b', prompt: 'Hi' },
  moderations: { model: 'a/b', input: 'Hi' },
  rerank: { model: 'a/b', query: 'q', documents: ['d'] },
  speech: { model: 'a/b', input: 'Hi', voice: 'v' },
  transcriptions: { model: 'a/b' },
};

const form = parseForm(Buffer.from('--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\nRIFF\r\n--x--\r\n'), 'x');

function parse(dialect: Dialect, body: JsonObject) {
  const text = JSON.stringify(body);
  return dialect.parse({
    body: JSON.parse(text),
    bodyBytes: Buffer.byteLength(text),
    headers: {},
    query: {},
    path: {},
    ...(dialect.takesForm && form && { form }),
  });
}

const spoilt = (dialect: Dialect) =>
  fc
    .tuple(fc.constantFrom(...Object.keys(good[dialect.name] ?? {}), 'n', 'stream', 'user', 'top_n', 'extra'), fc.jsonValue())
    .map(([field, value]): JsonObject => JSON.parse(JSON.stringify({ ...good[dialect.name], [field]: value })));

describe.each(dialects.map((dialect) => [dialect.name, dialect] as const))('%s', (name, dialect) => {
  it('takes a good request and hands it on with the provider’s own model', () => {
    const call = parse(dialect, good[name] ?? {});
    const target = {
      model: 'b',
      asksForStreamUsage: true,
      maxTokensField: 'max_tokens' as const,
      maxOutputTokens: undefined,
      stream: false,
      overrides: {},
    };
    expect(dialect.nativeBody(call, target)).toEqual({ ...good[name], model: 'b' });
  });

  it('refuses with a field, and never crashes, whatever a field holds', () => {
    fc.assert(
      fc.property(spoilt(dialect), (body) => {
        try {
          parse(dialect, body);
        } catch (error) {
          expect(error).toBeInstanceOf(GatewayError);
          expect(error).toMatchObject({ status: 400 });
        }
      }),
      { numRuns: 200 },
    );
  });

  it('reads any answer without crashing', () => {
    fc.assert(
      fc.property(fc.object(), (value) => {
        const body: JsonObject = JSON.parse(JSON.stringify(value));
        dialect.readAnswer(body);
        dialect.readFault(body);
        dialect.readAnswer({ ...body, usage: body });
      }),
      { numRuns: 200 },
    );
  });
});

describe('a stream of typed events', () => {
  const events = [
    '{"type":"transcript.text.delta","delta":"Hü"}',
    '{"type":"transcript.text.delta","delta":"llo"}',
    '{"type":"transcript.text.done","text":"Hüllo","usage":{"type":"tokens","input_tokens":14,"output_tokens":3}}',
  ];
  const bytes = Buffer.from(events.map((event) => `event: x\r\ndata: ${event}\r\n\r\n`).join(''));
  const read = (chunks: readonly Buffer[]) => {
    const reader = new SseReader();
    const state = transcriptions.startStream(parse(transcriptions, { model: 'a/b', stream: 'true' }));
    const frames = [...chunks.flatMap((chunk) => reader.push(chunk)), ...reader.end()];
    return {
      state,
      readings: frames.map((frame) => transcriptions.readFrame(state, frame)),
      bytes: Buffer.concat(frames.map((frame) => frame.bytes)),
    };
  };

  it('reads the same wherever it is cut', () => {
    const whole = read([bytes]);
    expect(whole.state).toMatchObject({ ended: true, usage: { inputTokens: 14, outputTokens: 3 } });
    expect(whole.readings.map(({ finalUsage }) => finalUsage)).toEqual([false, false, true]);
    for (let at = 0; at <= bytes.length; at += 1) {
      const cut = read([Buffer.from(bytes.subarray(0, at)), Buffer.from(bytes.subarray(at))]);
      expect(cut.state).toEqual(whole.state);
      expect(cut.bytes.equals(bytes)).toBe(true);
    }
  });

  it('that lacks its end is not whole, and tells of faults', () => {
    expect(transcriptions.isComplete(read([Buffer.from(bytes.subarray(0, bytes.indexOf('event: x', 20)))]).state)).toBe(false);
    const { readings } = read([Buffer.from('data: {"type":"error","error":{"message":"no","code":"bad"}}\n\n')]);
    expect(readings[0]?.fault).toMatchObject({ message: 'no', code: 'bad' });
    expect(() => read([Buffer.from('data: {"type":\n\n')])).toThrow(SyntaxError);
  });
});

describe('what a call can use', () => {
  it('of speech is its characters, and a bound on its length', () => {
    const call = parse(speech, { model: 'a/b', input: 'Hé🙂', voice: 'v', response_format: 'pcm' });
    expect(call.units).toMatchObject({ characters: 3 });
    // A second of raw sound is 48,000 bytes, and 20 tokens at OpenAI.
    expect(speech.usageOfBytes?.(call, 48_000)).toMatchObject({ characters: 3, outputTokens: 20, outputAudioTokens: 20, audioMs: 1_000 });
    expect(speech.usageOfBytes?.(call, 1e12)?.outputTokens).toBe(call.maxOutputTokens);
  });

  it.each(['constructor', '__proto__', 'toString', 'ogg'])('of speech is a number whatever the format is called (%s)', (format) => {
    const call = parse(speech, { model: 'a/b', input: 'Hi', voice: 'v', response_format: format });
    expect(speech.usageOfBytes?.(call, 3_000)).toMatchObject({ audioMs: 2_000, outputTokens: 40 });
  });

  it('of images is their number', () => {
    expect(parse(images, { model: 'a/b', prompt: 'Hi', n: 3 })).toMatchObject({ choices: 3, units: { images: 3 } });
    expect(images.readAnswer({ data: [{}, {}], usage: { input_tokens: 5, output_tokens: 7 } }).usage).toMatchObject({
      images: 2,
      inputTokens: 5,
      outputTokens: 7,
    });
  });

  it('of reranking is a search unit for each hundred documents, long ones counted several times', () => {
    expect(searchUnitBound('q', Array(100).fill('short'))).toBe(1);
    expect(searchUnitBound('q', Array(101).fill('short'))).toBe(2);
    expect(searchUnitBound('q', ['x'.repeat(500 * 150)])).toBe(2);
    expect(rerank.readAnswer({ meta: { billed_units: { search_units: 2 } } }).usage).toMatchObject({ searches: 2 });
    expect(rerank.readAnswer({ usage: { total_tokens: 9 } }).usage).toMatchObject({ inputTokens: 9, searches: 0 });
  });

  it('of several prompts at once is that of each', () => {
    expect(parse(completions, { model: 'a/b', prompt: ['a', 'b', 'c'], n: 2 }).choices).toBe(6);
    expect(parse(completions, { model: 'a/b', prompt: [[1], [2]], best_of: 3 }).choices).toBe(6);
    expect(parse(completions, { model: 'a/b', prompt: [1, 2, 3] }).choices).toBe(1);
  });

  it('of an embedding is its input alone, told in whichever field', () => {
    expect(parse(embeddings, { model: 'a/b', input: ['a', 'b'] })).toMatchObject({ maxOutputTokens: 0, content: { messages: 2 } });
    expect(embeddings.readAnswer({ usage: { total_tokens: 9 } }).usage).toMatchObject({ inputTokens: 9, outputTokens: 0 });
  });
});
