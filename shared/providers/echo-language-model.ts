import { setTimeout as sleep } from 'node:timers/promises';
import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4Content,
  LanguageModelV4FinishReason,
  LanguageModelV4GenerateResult,
  LanguageModelV4StreamPart,
  LanguageModelV4StreamResult,
  LanguageModelV4Usage,
} from '@ai-sdk/provider';
import type { FinishReason } from '../calls/call.ts';
import type { Usage } from '../calls/usage.ts';
import type { EchoScript } from './echo-script.ts';
import { accidentFailure, scriptFor, waitForFirstByte } from './echo-transport.ts';
import type { Attempt } from './transport.ts';

const finishWords: Readonly<Record<FinishReason, LanguageModelV4FinishReason['unified']>> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool-calls',
  content_filter: 'content-filter',
  error: 'error',
  other: 'other',
};

/** The echo provider behind the AI SDK's interface, so that it answers in every dialect that can be translated. */
export class EchoLanguageModel implements LanguageModelV4 {
  readonly specificationVersion = 'v4';
  readonly provider = 'echo';
  readonly modelId: string;
  readonly supportedUrls = { '*': [/./] };
  readonly #attempt: Attempt;

  constructor(attempt: Attempt) {
    this.modelId = attempt.model;
    this.#attempt = attempt;
  }

  async doGenerate(_options: LanguageModelV4CallOptions): Promise<LanguageModelV4GenerateResult> {
    const script = await this.#begin();
    if (script.accident !== undefined) throw accidentFailure(script.accident.kind, this.#attempt.timeouts.idleMs);
    return { content: contentOf(script), finishReason: finishOf(script), usage: usageOf(script.usage), warnings: [] };
  }

  async doStream(_options: LanguageModelV4CallOptions): Promise<LanguageModelV4StreamResult> {
    const script = await this.#begin();
    return { stream: ReadableStream.from(this.#play(script)) };
  }

  async #begin(): Promise<EchoScript> {
    const { timeouts, signal } = this.#attempt;
    const script = scriptFor(this.#attempt);
    await waitForFirstByte(script, timeouts.firstByteMs, signal);
    if (script.refusal !== undefined) throw script.refusal;
    return script;
  }

  async *#play(script: EchoScript): AsyncGenerator<LanguageModelV4StreamPart> {
    const { signal, timeouts } = this.#attempt;
    const parts = partsOf(script);
    // Counted like the pieces of a native stream: reasoning first, then text.
    const accidentAt = script.accident === undefined ? -1 : script.reasoning.length + script.accident.afterPieces;
    yield { type: 'stream-start', warnings: [] };
    let pieces = 0;
    for (const part of parts) {
      const isPiece = part.type === 'text-delta' || part.type === 'reasoning-delta';
      if (script.accident !== undefined && pieces >= accidentAt && (isPiece || part.type === 'finish')) {
        if (script.accident.kind === 'stall') await sleep(timeouts.idleMs, undefined, { signal });
        yield { type: 'error', error: accidentFailure(script.accident.kind, timeouts.idleMs) };
        return;
      }
      yield part;
      if (!isPiece) continue;
      pieces += 1;
      if (script.chunkDelayMs > 0) await sleep(script.chunkDelayMs, undefined, { signal });
    }
  }
}

function contentOf(script: EchoScript): LanguageModelV4Content[] {
  const content: LanguageModelV4Content[] = [];
  if (script.reasoning.length > 0) content.push({ type: 'reasoning', text: script.reasoning.join('') });
  if (script.toolCall === undefined) content.push({ type: 'text', text: script.pieces.join('') });
  else
    content.push({ type: 'tool-call', toolCallId: script.toolCall.id, toolName: script.toolCall.name, input: script.toolCall.arguments });
  return content;
}

function* partsOf(script: EchoScript): Generator<LanguageModelV4StreamPart> {
  if (script.reasoning.length > 0) {
    yield { type: 'reasoning-start', id: 'reasoning' };
    for (const delta of script.reasoning) yield { type: 'reasoning-delta', id: 'reasoning', delta };
    yield { type: 'reasoning-end', id: 'reasoning' };
  }
  if (script.pieces.length > 0) {
    yield { type: 'text-start', id: 'text' };
    for (const delta of script.pieces) yield { type: 'text-delta', id: 'text', delta };
    yield { type: 'text-end', id: 'text' };
  }
  if (script.toolCall !== undefined) {
    const { id, name, arguments: input } = script.toolCall;
    yield { type: 'tool-input-start', id, toolName: name };
    yield { type: 'tool-input-delta', id, delta: input };
    yield { type: 'tool-input-end', id };
    yield { type: 'tool-call', toolCallId: id, toolName: name, input };
  }
  yield { type: 'finish', finishReason: finishOf(script), usage: usageOf(script.usage) };
}

function finishOf(script: EchoScript): LanguageModelV4FinishReason {
  return { unified: finishWords[script.finishReason], raw: script.finishReason };
}

function usageOf(usage: Usage): LanguageModelV4Usage {
  return {
    inputTokens: {
      total: usage.inputTokens,
      noCache: usage.inputTokens - usage.cachedInputTokens,
      cacheRead: usage.cachedInputTokens,
      cacheWrite: undefined,
    },
    outputTokens: { total: usage.outputTokens, text: usage.outputTokens - usage.reasoningTokens, reasoning: usage.reasoningTokens },
  };
}
