import type { Dialect, FrameReading, StreamState } from '../dialects/dialect.ts';
import { faultFailure } from '../providers/native-transport.ts';
import { UpstreamFailure } from '../providers/upstream-failure.ts';
import type { FrameSource } from '../streaming/frame-source.ts';
import type { SseFrame } from '../streaming/sse-reader.ts';

/** Where the read events of a stream go. Exactly one of `end` and `fail` is called, once, last. */
export interface ReadFrameSink {
  frame(frame: SseFrame, reading: FrameReading): void;
  /** The stream is complete by its dialect's own rule. */
  end(): void;
  fail(failure: UpstreamFailure): void;
}

/**
 * A provider's stream, read as it flows. It is opened in two steps, because until the first content nothing has
 * been promised to the caller and another target can still take over: `opening` watches for that content and holds
 * what comes before it; `attach` hands over what was held and then every event in the tick it arrives.
 */
export class OpenedStream {
  readonly state: StreamState;
  readonly #dialect: Dialect;
  readonly #source: FrameSource;
  readonly #host: string;
  #held: { readonly frame: SseFrame; readonly reading: FrameReading }[] = [];
  #sink: ReadFrameSink | undefined;
  #ending: { readonly failure: UpstreamFailure | undefined } | undefined;
  #over = false;
  #watcher: (() => void) | undefined;

  readonly #onOver: (failure: UpstreamFailure | undefined) => void;

  /** @param onOver called once when nothing more will come, with the failure where the stream failed. */
  constructor(
    dialect: Dialect,
    state: StreamState,
    source: FrameSource,
    host: string,
    onOver: (failure: UpstreamFailure | undefined) => void,
  ) {
    this.#dialect = dialect;
    this.state = state;
    this.#source = source;
    this.#host = host;
    this.#onOver = onOver;
  }

  /**
   * Starts the stream and resolves once it is worth committing to.
   * @param untilContent wait for something the model made; otherwise the first sound event is enough.
   * @throws UpstreamFailure when the stream fails or ends before that.
   */
  opening(untilContent: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#watcher = () => {
        if (this.#ending?.failure !== undefined) reject(this.#ending.failure);
        else if (this.#ending !== undefined || this.state.hasContent || (!untilContent && this.#held.length > 0)) resolve();
        else return;
        this.#watcher = undefined;
      };
      this.#source.start({
        frame: (frame) => this.#read(frame),
        end: () => this.#ended(),
        fail: (error) => this.#failed(error),
      });
    });
  }

  /** Hands everything over, from the first event on. */
  attach(sink: ReadFrameSink): void {
    this.#sink = sink;
    const held = this.#held;
    this.#held = [];
    for (const { frame, reading } of held) sink.frame(frame, reading);
    if (this.#ending !== undefined) this.#tellEnding();
  }

  pause(): void {
    this.#source.pause();
  }

  resume(): void {
    this.#source.resume();
  }

  cancel(): void {
    if (!this.#over) this.#onOver(undefined);
    this.#over = true;
    this.#sink = undefined;
    this.#held = [];
    this.#source.cancel();
  }

  #read(frame: SseFrame): void {
    if (this.#over) return;
    let reading: FrameReading;
    try {
      reading = this.#dialect.readFrame(this.state, frame);
    } catch (cause) {
      this.#source.cancel();
      this.#failed(new UpstreamFailure('malformed', `${this.#host} sent an event that is not what its API promises`, { cause }));
      return;
    }
    if (reading.fault !== undefined) {
      this.#source.cancel();
      this.#failed(faultFailure(reading.fault, this.#host));
      return;
    }
    if (this.#sink !== undefined) this.#sink.frame(frame, reading);
    else this.#held.push({ frame, reading });
    this.#watcher?.();
  }

  #ended(): void {
    if (this.#over) return;
    // An end that the dialect does not recognise is a cut that a proxy or a dying server made look clean.
    if (!this.#dialect.isComplete(this.state)) {
      this.#failed(new UpstreamFailure('cut', `${this.#host} ended its stream before the answer was complete`));
      return;
    }
    this.#finish(undefined);
  }

  #failed(error: unknown): void {
    if (this.#over) return;
    const complete = this.#dialect.isComplete(this.state);
    // A connection that breaks after the last event has taken nothing from the answer.
    if (complete) this.#finish(undefined);
    else this.#finish(error instanceof UpstreamFailure ? error : new UpstreamFailure('cut', `${this.#host} failed`, { cause: error }));
  }

  #finish(failure: UpstreamFailure | undefined): void {
    this.#over = true;
    this.#onOver(failure);
    this.#ending = { failure };
    this.#watcher?.();
    if (this.#sink !== undefined) this.#tellEnding();
  }

  #tellEnding(): void {
    const sink = this.#sink;
    this.#sink = undefined;
    const failure = this.#ending?.failure;
    if (failure === undefined) sink?.end();
    else sink?.fail(failure);
  }
}
