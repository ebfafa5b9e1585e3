import type { Call } from '../calls/call.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';
import { sumOfUsage, type Usage } from '../calls/usage.ts';
import type { SseFrame } from '../streaming/sse-reader.ts';
import { sseFrame } from '../streaming/sse-writer.ts';
import { candidatesOf, partsOf, readGeminiUsage } from './gemini-answer.ts';
import { geminiUsageOf } from './gemini-stream.ts';
import {
  type AnswerSoFar,
  asBeginning,
  type ContinuationStyle,
  eventOf,
  noteHead,
  RepeatedSpace,
  type Rest,
  type Resuming,
  saidText,
} from './resuming.ts';

/** Carries `streamGenerateContent` on: the answer so far goes along as a last turn of the model. */
export const geminiResuming: Resuming = {
  field: 'contents',
  styles: ['assistant_message', 'prefill'],
  begin: (call) => (mayBegin(call) ? new GeminiSoFar() : undefined),
  continuation: ({ body }: Call, text: string, style: ContinuationStyle): JsonObject => ({
    contents: [...contentsOf(body), { role: 'model', parts: [{ text: asBeginning(text, style) }] }],
  }),
};

function mayBegin({ body, choices, stream }: Call): boolean {
  const config = isJsonObject(body.generationConfig) ? body.generationConfig : body.generation_config;
  const format = isJsonObject(config) ? (config.responseMimeType ?? config.response_mime_type) : undefined;
  const last = contentsOf(body).at(-1);
  // A text that has to be JSON begins anew with every request, and a caller may have begun the answer himself.
  return stream && choices === 1 && (format == null || format === 'text/plain') && isJsonObject(last) && last.role !== 'model';
}

function contentsOf({ contents }: JsonObject): readonly JsonValue[] {
  return Array.isArray(contents) ? contents : [];
}

class GeminiSoFar implements AnswerSoFar {
  #text = '';
  #plain = true;
  /** What every event of the stream says alike. */
  readonly #head: JsonObject = {};

  get text(): string | undefined {
    return this.#plain ? saidText(this.#text) : undefined;
  }

  add(frame: SseFrame): void {
    const chunk = eventOf(frame);
    if (chunk === undefined) return;
    noteHead(this.#head, chunk, ['responseId', 'modelVersion']);
    for (const part of candidatesOf(chunk).flatMap(partsOf)) {
      const { text, ...rest } = part;
      if (typeof text === 'string') this.#text += text;
      if (Object.keys(rest).length > 0) this.#plain = false;
    }
  }

  carriedOn(style: ContinuationStyle, before: Usage): Rest {
    const space = new RepeatedSpace(this.#text, style);
    return {
      join: (frame) => {
        const chunk = eventOf(frame);
        if (chunk === undefined) return [frame];
        const usage = readGeminiUsage(chunk.usageMetadata);
        const counted = usage !== undefined && { usageMetadata: geminiUsageOf(sumOfUsage(usage, before)) };
        const candidates = candidatesOf(chunk).map((candidate) => joined(candidate, space));
        return [sseFrame(JSON.stringify({ ...chunk, candidates, ...counted, ...this.#head }), frame.event)];
      },
    };
  }
}

function joined(candidate: JsonObject, space: RepeatedSpace): JsonObject {
  if (!isJsonObject(candidate.content) || partsOf(candidate).length === 0) return candidate;
  const parts = partsOf(candidate).map((part) => (typeof part.text === 'string' ? { ...part, text: space.strip(part.text) } : part));
  return { ...candidate, content: { ...candidate.content, parts } };
}
