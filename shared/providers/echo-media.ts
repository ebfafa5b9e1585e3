import { Buffer } from 'node:buffer';
import type { Call } from '../calls/call.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';
import type { SseFrame } from '../streaming/sse-reader.ts';
import { sseFrame } from '../streaming/sse-writer.ts';

/** A PNG of one grey pixel. */
const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==';

/** One grey pixel for each image asked for. */
export function echoImages({ body, choices }: Call, created: number, inputTokens: number): JsonObject {
  const image: JsonObject = body.response_format === 'url' ? { url: `data:image/png;base64,${pixel}` } : { b64_json: pixel };
  return {
    created,
    data: Array.from({ length: choices }, () => ({ ...image })),
    usage: { input_tokens: inputTokens, output_tokens: choices, total_tokens: inputTokens + choices },
  };
}

/** The same as a stream: one event for each finished image. */
export function echoImageFrames(call: Call, created: number, inputTokens: number): SseFrame[] {
  const usage = { input_tokens: inputTokens, output_tokens: 1, total_tokens: inputTokens + 1 };
  return Array.from({ length: call.choices }, () =>
    typed({ type: 'image_generation.completed', b64_json: pixel, created_at: created, output_format: 'png', size: '1x1', usage }),
  );
}

function typed(event: JsonObject & { readonly type: string }): SseFrame {
  return sseFrame(JSON.stringify(event), event.type);
}

const samplesPerSecond = 24_000;
/** A beep for each character. */
const samplesPerCharacter = samplesPerSecond / 20;
const longestSeconds = 120;

/** Beeps, a twentieth of a second for each character: raw samples for `pcm`, WAV for every other format. */
export function echoSpeech({ body }: Call): { readonly contentType: string; readonly bytes: Buffer } {
  const characters = typeof body.input === 'string' ? [...body.input].length : 0;
  const count = Math.min(characters * samplesPerCharacter, longestSeconds * samplesPerSecond);
  const samples = Buffer.alloc(count * 2);
  for (let index = 0; index < count; index += 1)
    samples.writeInt16LE(Math.round(8_000 * Math.sin((index * 2 * Math.PI * 440) / samplesPerSecond)), index * 2);
  if (body.response_format === 'pcm') return { contentType: 'audio/pcm', bytes: samples };
  return { contentType: 'audio/wav', bytes: Buffer.concat([wavHeader(samples.length), samples]) };
}

/** http://soundfile.sapp.org/doc/WaveFormat/: PCM, one channel, 16 bit. */
function wavHeader(bytes: number): Buffer {
  const header = Buffer.alloc(44);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(36 + bytes, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(samplesPerSecond, 24);
  header.writeUInt32LE(samplesPerSecond * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(bytes, 40);
  return header;
}

/** The same as a stream of events. */
export function echoSpeechFrames(call: Call, inputTokens: number): SseFrame[] {
  const { bytes } = echoSpeech(call);
  const outputTokens = Math.ceil(bytes.length / (samplesPerSecond * 2 * 0.05));
  return [
    typed({ type: 'speech.audio.delta', audio: bytes.toString('base64') }),
    typed({
      type: 'speech.audio.done',
      usage: { input_tokens: inputTokens, output_tokens: outputTokens, total_tokens: inputTokens + outputTokens },
    }),
  ];
}

/** What echo heard: the prompt that came with the sound, else the name of the file. */
function heard({ body, form }: Call): string {
  if (typeof body.prompt === 'string' && body.prompt !== '') return body.prompt;
  return form?.parts.find(({ filename }) => filename !== undefined)?.filename ?? 'nothing';
}

/** A transcription in the format asked for; text formats are no JSON. */
export function echoTranscription(call: Call): { readonly json: JsonObject } | { readonly text: string } {
  const text = heard(call);
  const seconds = Math.max(1, Math.ceil(call.content.audio[0]?.seconds ?? (call.content.audio[0]?.bytes ?? 0) / 16_000));
  const stamp = new Date(seconds * 1000).toISOString().slice(11, 23);
  switch (call.body.response_format) {
    case 'text':
      return { text: `${text}\n` };
    case 'srt':
      return { text: `1\n00:00:00,000 --> ${stamp.replace('.', ',')}\n${text}\n\n` };
    case 'vtt':
      return { text: `WEBVTT\n\n00:00:00.000 --> ${stamp}\n${text}\n\n` };
    case 'verbose_json':
      return {
        json: {
          task: 'transcribe',
          language: 'english',
          duration: seconds,
          text,
          segments: [{ id: 0, start: 0, end: seconds, text }],
          usage: { type: 'duration', seconds },
        },
      };
    default:
      return { json: { text, usage: { type: 'duration', seconds } } };
  }
}

/** The same as a stream of events, a word each. */
export function echoTranscriptionFrames(call: Call): SseFrame[] {
  const text = heard(call);
  const answer = echoTranscription({ ...call, body: { ...call.body, response_format: 'json' } });
  const usage: JsonObject = 'json' in answer && isJsonObject(answer.json.usage) ? answer.json.usage : {};
  const words = text.match(/\S+\s*/g) ?? [];
  return [...words.map((delta) => typed({ type: 'transcript.text.delta', delta })), typed({ type: 'transcript.text.done', text, usage })];
}

const categories = ['harassment', 'hate', 'illicit', 'self-harm', 'sexual', 'violence'] as const;

/** Flags a text for each category whose name it contains, so that both outcomes can be rehearsed. */
export function echoModeration({ body }: Call, id: string): JsonObject {
  const inputs = Array.isArray(body.input) && body.input.every((item) => typeof item === 'string') ? body.input : [body.input ?? ''];
  return { id, model: 'echo', results: inputs.map(judged) };
}

function judged(input: JsonValue): JsonObject {
  const text = JSON.stringify(input).toLowerCase();
  const flags = categories.map((name) => [name, text.includes(name)] as const);
  return {
    flagged: flags.some(([, found]) => found),
    categories: Object.fromEntries(flags),
    category_scores: Object.fromEntries(flags.map(([name, found]) => [name, found ? 0.99 : 0.01])),
    category_applied_input_types: Object.fromEntries(flags.map(([name]) => [name, ['text']])),
  };
}
