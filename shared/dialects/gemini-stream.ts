import { Buffer } from 'node:buffer';
import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';
import type { Usage } from '../calls/usage.ts';
import type { SseFrame } from '../streaming/sse-reader.ts';
import { sseFrame } from '../streaming/sse-writer.ts';
import type { FrameReading, StreamFraming, StreamState } from './dialect.ts';
import { blockReasonOf, candidatesOf, readGeminiCandidate, readGeminiFault, readGeminiHead } from './gemini-answer.ts';
import { freshStreamState, silentReading } from './stream-state.ts';

/** What is remembered of a `streamGenerateContent` stream. */
export interface GeminiStreamState extends StreamState {
  /** Indexes of candidates that have begun, and those that have finished. */
  readonly begun: Set<number>;
  readonly finished: Set<number>;
  /** The prompt itself was refused: there will be no candidates. */
  blocked: boolean;
}

export function startGeminiStream(): GeminiStreamState {
  return { ...freshStreamState(true), begun: new Set(), finished: new Set(), blocked: false };
}

/** Reads one event: each is a whole `GenerateContentResponse` (https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent). */
export function readGeminiFrame(state: GeminiStreamState, frame: SseFrame): FrameReading {
  if (frame.data === undefined || frame.data === '') return silentReading;
  // Some that imitate Gemini end as OpenAI does; Google's clients would take that for broken JSON.
  if (frame.data.trim() === '[DONE]') return { ...silentReading, withhold: true };
  const chunk: JsonValue = JSON.parse(frame.data);
  if (!isJsonObject(chunk)) throw new SyntaxError('a chunk of a Gemini stream must be a JSON object');
  const fault = readGeminiFault(chunk);
  if (fault !== undefined) return { ...silentReading, fault };
  readGeminiHead(state, chunk);
  let content = false;
  for (const candidate of candidatesOf(chunk)) {
    const index = typeof candidate.index === 'number' ? candidate.index : 0;
    state.begun.add(index);
    if (readGeminiCandidate(state, candidate)) content = true;
    if (typeof candidate.finishReason === 'string' && candidate.finishReason !== 'FINISH_REASON_UNSPECIFIED') state.finished.add(index);
  }
  if (blockReasonOf(chunk) !== undefined) {
    state.blocked = true;
    state.finishReason ??= 'content_filter';
  }
  if (content) state.hasContent = true;
  state.ended = isGeminiComplete(state);
  return { ...silentReading, content, finalUsage: state.ended && isJsonObject(chunk.usageMetadata) };
}

/** The API has no end mark: a stream is whole when every candidate has said why it finished, or the prompt was refused. */
export function isGeminiComplete(state: GeminiStreamState): boolean {
  return state.blocked || (state.begun.size > 0 && state.finished.size === state.begun.size);
}

/** The end of a stream that the gateway cuts at the output it could afford: `MAX_TOKENS` and the usage so far. */
export function truncateGeminiStream(state: GeminiStreamState, usage: Usage, costUsd: string | undefined): SseFrame[] {
  const open = [...(state.begun.size === 0 ? [0] : state.begun)].filter((index) => !state.finished.has(index));
  const body = JSON.stringify({
    candidates: open.map((index) => ({ content: { parts: [{ text: '' }], role: 'model' }, finishReason: 'MAX_TOKENS', index })),
    usageMetadata: geminiUsageOf(usage),
    ...(state.model !== undefined && { modelVersion: state.model }),
    ...(state.id !== undefined && { responseId: state.id }),
  });
  state.finishReason = 'length';
  state.ended = true;
  for (const index of open) state.finished.add(index);
  return [sseFrame(costUsd === undefined ? body : `${body.slice(0, -1)},"cost_usd":${costUsd}}`)];
}

/** Usage in Google's own fields. */
export function geminiUsageOf(usage: Usage): JsonObject {
  return {
    promptTokenCount: usage.inputTokens,
    candidatesTokenCount: usage.outputTokens - usage.reasoningTokens,
    totalTokenCount: usage.inputTokens + usage.outputTokens,
    ...(usage.cachedInputTokens > 0 && { cachedContentTokenCount: usage.cachedInputTokens }),
    ...(usage.reasoningTokens > 0 && { thoughtsTokenCount: usage.reasoningTokens }),
  };
}

/** One JSON array, an element for each event, as Google answers without `alt=sse`. */
export const jsonArrayFraming: StreamFraming = {
  contentType: 'application/json',
  event: (frame, index) => (frame.data === undefined ? undefined : Buffer.from(`${index === 0 ? '[' : ',\r\n'}${frame.data}`)),
  end: (events) => Buffer.from(events === 0 ? '[]' : '\n]\n'),
};
