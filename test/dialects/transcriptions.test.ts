import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formBoundary, parseForm, renderForm, withFields } from '../../shared/calls/multipart-form.ts';
import { transcriptions, wavSeconds } from '../../shared/dialects/transcriptions.ts';

async function formOf(fields: Record<string, string | Blob>): Promise<{ boundary: string; body: Buffer }> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === 'string') form.append(name, value);
    else form.append(name, value, `${name}.wav`);
  }
  const request = new Request('http://localhost/', { method: 'POST', body: form });
  return {
    boundary: formBoundary(request.headers.get('content-type') ?? '') ?? '',
    body: Buffer.from(await request.arrayBuffer()),
  };
}

function wav(
  options: { channels?: number; rate?: number; bits?: number; format?: number; bytes?: number; byteRate?: number } = {},
): Buffer {
  const { channels = 1, rate = 16_000, bits = 16, format = 1, bytes = 32_000, byteRate = (rate * channels * bits) / 8 } = options;
  const header = Buffer.alloc(44);
  header.write('RIFF', 0, 'latin1');
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt16LE(format, 20);
  header.writeUInt16LE(channels, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(byteRate, 28);
  header.writeUInt16LE(bits, 34);
  return Buffer.concat([header, Buffer.alloc(bytes)]);
}

describe('a form', () => {
  it('comes apart as it was put together, whatever its parts hold', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), fc.string(), fc.string({ minLength: 1 }), async (bytes, text, name) => {
        const { boundary, body } = await formOf({ file: new Blob([bytes]), prompt: text, [`x${name}`]: '1' });
        const form = parseForm(body, boundary);
        const normalised = text.replace(/\r\n|\r|\n/g, '\r\n');
        expect(form?.parts).toHaveLength(3);
        expect(form?.parts[0]).toMatchObject({ name: 'file', filename: 'file.wav', mediaType: 'application/octet-stream' });
        expect(form?.parts[0]?.value.equals(Buffer.from(bytes))).toBe(true);
        expect(form?.parts[1]?.value.toString('utf8')).toBe(Buffer.from(normalised).toString('utf8'));
      }),
      { numRuns: 150 },
    );
  });

  it('keeps every byte but those of the field that changes', async () => {
    const { boundary, body } = await formOf({ file: new Blob([new Uint8Array([0, 13, 10, 45, 45, 255])]), model: 'up/whisper' });
    const form = parseForm(body, boundary);
    if (form === undefined) throw new Error('no form');
    const again = parseForm(renderForm(withFields(form, { model: 'whisper', language: 'de' })), boundary);
    expect(again?.parts.map(({ name, value }) => [name, value.toString('latin1')])).toEqual([
      ['file', '\0\r\n--ÿ'],
      ['model', 'whisper'],
      ['language', 'de'],
    ]);
    expect(again?.parts[0]?.head).toBe(form.parts[0]?.head);
  });

  it.each([
    ['cut anywhere', (body: Buffer, at: number) => body.subarray(0, at)],
    [
      'with a byte changed anywhere',
      (body: Buffer, at: number) => Buffer.concat([body.subarray(0, at), Buffer.from([7]), body.subarray(at + 1)]),
    ],
  ])('%s never crashes', async (_what, damage) => {
    const { boundary, body } = await formOf({ file: new Blob(['RIFF']), model: 'm' });
    for (let at = 0; at < body.length; at += 1) {
      const form = parseForm(damage(body, at), boundary);
      if (form !== undefined) expect(form.parts.length).toBeLessThanOrEqual(2);
    }
    expect(parseForm(body.subarray(0, body.length - 6), boundary)).toBeUndefined();
  });

  it('is not taken from something else', () => {
    expect(formBoundary('application/json')).toBeUndefined();
    expect(formBoundary('multipart/form-data')).toBeUndefined();
    expect(formBoundary('multipart/form-data; boundary="a b"')).toBe('a b');
    fc.assert(fc.property(fc.uint8Array(), fc.string({ minLength: 1 }), (bytes, boundary) => void parseForm(Buffer.from(bytes), boundary)));
  });
});

describe('the length of a recording', () => {
  it('is told by its samples, not by the rate its header claims', () => {
    expect(wavSeconds(wav())).toBeCloseTo(1, 2);
    expect(wavSeconds(wav({ byteRate: 4_000_000_000 }))).toBeCloseTo(1, 2);
    expect(wavSeconds(wav({ channels: 2 }))).toBeCloseTo(0.5, 2);
  });

  it('is not guessed where the samples are compressed or the header is none', () => {
    expect(wavSeconds(wav({ format: 85 }))).toBeUndefined();
    expect(wavSeconds(wav({ rate: 0 }))).toBeUndefined();
    expect(wavSeconds(Buffer.from('ID3'))).toBeUndefined();
  });
});

describe('usage', () => {
  it.each([
    [{ text: 'Hi', usage: { type: 'duration', seconds: 3 } }, { audioMs: 3000 }],
    [{ text: 'Hi', duration: 2.5 }, { audioMs: 2500 }],
    [
      {
        text: 'Hi',
        usage: { type: 'tokens', input_tokens: 14, input_token_details: { audio_tokens: 10, text_tokens: 4 }, output_tokens: 45 },
      },
      { inputTokens: 14, inputAudioTokens: 10, outputTokens: 45, audioMs: 0 },
    ],
  ])('of %j is read in the unit it is billed by', (body, usage) => {
    expect(transcriptions.readAnswer(body).usage).toMatchObject(usage);
  });

  it('that is not told stays unknown', () => {
    expect(transcriptions.readAnswer({ text: 'Hi' }).usage).toBeUndefined();
  });
});
