import type { Buffer } from 'node:buffer';
import { Readable } from 'node:stream';
import type { Usage } from '../calls/usage.ts';
import type { Dialect, FrameReading, StreamFraming, StreamState } from '../dialects/dialect.ts';
import type { GatewayError } from '../errors/gateway-error.ts';
import type { UpstreamFailure } from '../providers/upstream-failure.ts';
import type { OpenedStream } from '../routing/opened-stream.ts';
import type { SseFrame } from '../streaming/sse-reader.ts';
import { keepAliveComment, sseFrame } from '../streaming/sse-writer.ts';

/** How a stream to a caller ended. */
export interface DeliveryReport {
  /**
   * `complete`: by its dialect's own end; `truncated`: by the gateway, at the output the budget affords;
   * `failed`: in an error event; `client_gone`: the caller left before the end.
   */
  readonly ending: 'complete' | 'truncated' | 'failed' | 'client_gone';
  readonly error: GatewayError | undefined;
  readonly bytes: number;
  readonly firstByteAtMs: number | undefined;
  readonly firstContentAtMs: number | undefined;
}

/** Watches a stream's output against what is held for it. */
export interface OutputMeter {
  /**
   * Looks at what has been made so far, after each event with content. `wait` stops the stream until `onDecided` is
   * called; `stop` ends it here.
   */
  check(state: StreamState, onDecided: () => void): 'go' | 'wait' | 'stop';
  /** What the stream has used when it is ended early, for its last words. */
  usageSoFar(state: StreamState): Usage;
}

/** Carries a stream that broke off past its first content on elsewhere, once. */
export interface StreamRescue {
  /** Sees every event of the first stream that is part of the answer, in order. */
  saw(frame: SseFrame): void;
  /**
   * Looks for a stream that carries on. Never rejects; undefined where there is none.
   * @param signal fires when the caller has left.
   */
  carryOn(failure: UpstreamFailure, signal: AbortSignal): Promise<OpenedStream | undefined>;
  /** An event of the second stream as events of the first one; none where nothing of it is left to tell. */
  joined(frame: SseFrame): readonly SseFrame[];
}

export interface DeliveryOptions {
  readonly dialect: Dialect;
  /** After so much silence a comment goes out. */
  readonly keepAliveMs: number;
  readonly nowMs: () => number;
  /** The cost of the call as a decimal literal, or undefined where no price is known. */
  readonly costUsd: (usage: Usage) => string | undefined;
  readonly errorOf: (failure: UpstreamFailure) => GatewayError;
  readonly meter?: OutputMeter | undefined;
  /** Default: server-sent events, with the bytes they came in. */
  readonly framing?: StreamFraming | undefined;
  /** Sees every event of the provider that is part of the answer, in order. */
  readonly onFrame?: ((frame: SseFrame, reading: FrameReading) => void) | undefined;
  /** Default: a stream that breaks off ends in an error event. */
  readonly rescue?: StreamRescue | undefined;
}

/**
 * The body of a streamed answer: events leave in the tick they arrive, silence is bridged with comments, and whatever
 * happens upstream it ends well-formed. It never emits an error, because an erring body kills a Lambda runtime; a
 * failure becomes the dialect's last event instead.
 */
export class StreamDelivery extends Readable {
  /** Resolves once nothing more will be sent. */
  readonly done: Promise<DeliveryReport>;
  readonly #options: DeliveryOptions;
  #stream: OpenedStream | undefined;
  #resolve: (report: DeliveryReport) => void = () => {};
  #silence: NodeJS.Timeout | undefined;
  #bytes = 0;
  /** Events sent, for a framing of the dialect's own. */
  #events = 0;
  #firstByteAtMs: number | undefined;
  #firstContentAtMs: number | undefined;
  #over = false;
  #blocked = false;
  /** The meter has not decided yet; the stream stands still. */
  #waiting = false;
  /** Set once the first stream broke off and the rest is looked for; fires when the caller leaves. */
  #rescue: AbortController | undefined;

  constructor(options: DeliveryOptions) {
    super({ highWaterMark: 64 * 1024 });
    this.#options = options;
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    if (options.dialect.allowsComments) this.#silence = setTimeout(() => this.#bridge(), options.keepAliveMs);
  }

  /** Begins to deliver a stream. */
  attach(stream: OpenedStream): void {
    if (this.#over) {
      stream.cancel();
      return;
    }
    this.#stream = stream;
    stream.attach({
      frame: (frame, reading) => this.#deliver(stream, frame, reading),
      end: () => this.#complete(stream),
      fail: (failure) => this.#broken(failure),
    });
    if (this.#blocked && !this.#over) stream.pause();
  }

  /** Sends a comment at once, so that the status and the headers leave. */
  commit(): void {
    if (this.#options.dialect.allowsComments) this.#send(keepAliveComment);
  }

  /** Ends the answer with an error event. */
  fail(error: GatewayError): void {
    if (this.#over) return;
    this.#sendLast(this.#options.dialect.errorFrames(error, this.#stream?.state));
    this.#finish('failed', error);
    this.push(null);
  }

  override _read(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    if (!this.#waiting) this.#stream?.resume();
  }

  override _destroy(_error: Error | null, callback: (error?: Error | null) => void): void {
    if (!this.#over) {
      this.#stream?.cancel();
      this.#rescue?.abort();
      this.#finish('client_gone', undefined);
    }
    // The error belongs to the caller's connection; it is in the report, and must not travel into the runtime.
    callback(null);
  }

  /** The stream broke off. Silence is bridged while the rest is looked for; if nobody has it, the failure is told. */
  #broken(failure: UpstreamFailure): void {
    const { errorOf, rescue } = this.#options;
    const error = errorOf(failure);
    if (rescue === undefined || this.#rescue !== undefined || this.#over) {
      this.fail(error);
      return;
    }
    const gone = new AbortController();
    this.#rescue = gone;
    rescue.carryOn(failure, gone.signal).then(
      (next) => {
        if (next === undefined) this.fail(error);
        else this.attach(next);
      },
      () => this.fail(error),
    );
  }

  #deliver(stream: OpenedStream, read: SseFrame, reading: FrameReading): void {
    if (this.#over) return;
    const { meter, rescue } = this.#options;
    if (reading.content) this.#firstContentAtMs ??= this.#options.nowMs();
    if (this.#rescue === undefined) {
      rescue?.saw(read);
      this.#tell(stream, read, reading);
    } else for (const frame of rescue?.joined(read) ?? []) this.#tell(stream, frame, reading);
    if (reading.content && meter !== undefined) this.#measure(stream, meter);
  }

  #tell(stream: OpenedStream, frame: SseFrame, reading: FrameReading): void {
    const { dialect, costUsd, onFrame } = this.#options;
    onFrame?.(frame, reading);
    if (!reading.withhold) {
      const usage = reading.finalUsage ? stream.state.usage : undefined;
      const cost = usage === undefined ? undefined : costUsd(usage);
      const priced = cost !== undefined && frame.data !== undefined ? sseFrame(dialect.withCost(frame.data, cost), frame.event) : frame;
      this.#sendFrame(priced);
    }
  }

  #measure(stream: OpenedStream, meter: OutputMeter): void {
    if (this.#waiting || this.#over) return;
    const verdict = meter.check(stream.state, () => {
      this.#waiting = false;
      this.#measure(stream, meter);
      if (!this.#waiting && !this.#blocked && !this.#over) stream.resume();
    });
    if (verdict === 'stop') this.#truncate(stream, meter);
    else if (verdict === 'wait') {
      this.#waiting = true;
      stream.pause();
    }
  }

  #truncate(stream: OpenedStream, meter: OutputMeter): void {
    const { dialect, costUsd } = this.#options;
    stream.cancel();
    const usage = meter.usageSoFar(stream.state);
    this.#sendLast(dialect.truncate(stream.state, usage, costUsd(usage)));
    this.#finish('truncated', undefined);
    this.push(null);
  }

  #complete(stream: OpenedStream): void {
    if (this.#over) return;
    this.#sendLast(this.#options.dialect.closing(stream.state));
    this.#finish('complete', undefined);
    this.push(null);
  }

  #sendFrame(frame: SseFrame): void {
    const { framing } = this.#options;
    const bytes = framing === undefined ? frame.bytes : framing.event(frame, this.#events);
    if (bytes === undefined) return;
    this.#events += 1;
    this.#send(bytes);
  }

  #sendLast(frames: readonly SseFrame[]): void {
    for (const frame of frames) this.#sendFrame(frame);
    const { framing } = this.#options;
    if (framing !== undefined) this.#send(framing.end(this.#events));
  }

  #send(bytes: Buffer): void {
    this.#firstByteAtMs ??= this.#options.nowMs();
    this.#bytes += bytes.length;
    this.#silence?.refresh();
    if (this.push(bytes) || this.#blocked) return;
    this.#blocked = true;
    this.#stream?.pause();
  }

  #bridge(): void {
    // A caller that does not read has something to read already.
    if (!this.#blocked) this.#send(keepAliveComment);
    else this.#silence?.refresh();
  }

  #finish(ending: DeliveryReport['ending'], error: GatewayError | undefined): void {
    this.#over = true;
    clearTimeout(this.#silence);
    this.#resolve({ ending, error, bytes: this.#bytes, firstByteAtMs: this.#firstByteAtMs, firstContentAtMs: this.#firstContentAtMs });
  }
}
