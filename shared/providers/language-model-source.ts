import type { LanguageModelV4FinishReason, LanguageModelV4StreamPart } from '@ai-sdk/provider';
import type { Usage } from '../calls/usage.ts';
import { usageOfModel } from '../dialects/translated-usage.ts';
import type { FrameSink, FrameSource } from '../streaming/frame-source.ts';
import type { SseFrame } from '../streaming/sse-reader.ts';
import { abortFailure } from './http-client.ts';
import type { ModelExchange } from './model-exchange.ts';
import { UpstreamFailure } from './upstream-failure.ts';

/** What a source over a model's stream needs. */
export interface ModelStream {
  readonly reader: ReadableStreamDefaultReader<LanguageModelV4StreamPart>;
  /** The part that was read to learn of warnings. */
  readonly first: LanguageModelV4StreamPart | undefined;
  readonly framesOf: (part: LanguageModelV4StreamPart) => SseFrame[];
  readonly exchange: ModelExchange;
  readonly host: string;
  readonly signal: AbortSignal;
}

/** Packages say so, or leave what they began with, where the connection ended before the provider's own word for the end. */
function isInterrupted({ unified, raw }: LanguageModelV4FinishReason): boolean {
  return unified === 'interrupted' || (unified === 'other' && raw === undefined);
}

/**
 * The parts of a model's stream as events of the caller's dialect. Ends in a failure when the stream breaks, when it
 * tells of an error, and when it ends without the provider's own word for why it ended: packages make a clean end of
 * a connection that was cut, and that must not be passed on.
 */
export class LanguageModelSource implements FrameSource {
  /** Known once the stream has told it. */
  usage: Usage | undefined;
  readonly #stream: ModelStream;
  #sink: FrameSink | undefined;
  #paused = false;
  #wake: (() => void) | undefined;

  constructor(stream: ModelStream) {
    this.#stream = stream;
  }

  start(sink: FrameSink): void {
    this.#sink = sink;
    this.#stream.signal.addEventListener('abort', this.#onAbort, { once: true });
    if (this.#stream.signal.aborted) this.#onAbort();
    else void this.#pump();
  }

  pause(): void {
    this.#paused = true;
    this.#stream.exchange.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#stream.exchange.resume();
    this.#wake?.();
  }

  cancel(): void {
    this.#take();
    this.#free();
  }

  readonly #onAbort = (): void => this.#fail(abortFailure(this.#stream.signal));

  async #pump(): Promise<void> {
    const { reader, first } = this.#stream;
    try {
      if (first !== undefined) this.#deliver(first);
      while (this.#sink !== undefined) {
        if (this.#paused) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
          continue;
        }
        const { done, value } = await reader.read();
        if (done) this.#take()?.end();
        else this.#deliver(value);
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #deliver(part: LanguageModelV4StreamPart): void {
    if (part.type === 'error') {
      this.#fail(part.error);
      return;
    }
    if (part.type === 'finish') {
      this.usage = usageOfModel(part.usage);
      if (isInterrupted(part.finishReason)) {
        this.#fail(new UpstreamFailure('cut', `${this.#stream.host} ended its stream before the answer was complete`));
        return;
      }
    }
    for (const frame of this.#stream.framesOf(part)) this.#sink?.frame(frame);
  }

  #fail(error: unknown): void {
    const sink = this.#take();
    this.#free();
    sink?.fail(this.#stream.exchange.failureOf(error));
  }

  #free(): void {
    // The connection goes first: a package may hold on to the stream for a while.
    this.#stream.exchange.abort();
    this.#stream.reader.cancel().catch(() => {});
  }

  #take(): FrameSink | undefined {
    const sink = this.#sink;
    this.#sink = undefined;
    this.#stream.signal.removeEventListener('abort', this.#onAbort);
    this.#wake?.();
    return sink;
  }
}
