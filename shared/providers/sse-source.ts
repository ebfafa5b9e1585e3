import type { FrameSink, FrameSource } from '../streaming/frame-source.ts';
import { SseReader } from '../streaming/sse-reader.ts';
import { abortFailure, networkFailure, type UpstreamResponse } from './http-client.ts';
import { UpstreamFailure } from './upstream-failure.ts';

/** An event larger than this is not waited for: memory per stream stays bounded whatever the provider sends. */
const maxEventBytes = 16 * 1024 * 1024;

/**
 * The events of a provider's answer, cut as the bytes arrive and handed on in the same tick. Ends in a failure when
 * the connection breaks, when nothing arrives for `idleMs`, or when one event outgrows its bound.
 */
export class SseSource implements FrameSource {
  readonly #response: UpstreamResponse;
  readonly #host: string;
  readonly #idleMs: number;
  readonly #signal: AbortSignal;
  readonly #reader = new SseReader();
  #sink: FrameSink | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(response: UpstreamResponse, options: { host: string; idleMs: number; signal: AbortSignal }) {
    this.#response = response;
    this.#host = options.host;
    this.#idleMs = options.idleMs;
    this.#signal = options.signal;
    // Nobody may be listening yet when the connection breaks; the failure is told at `start`.
    response.body.on('error', (error) => this.#broke(error));
  }

  #early: UpstreamFailure | undefined;
  #over = false;

  start(sink: FrameSink): void {
    this.#sink = sink;
    if (this.#early !== undefined) {
      this.#fail(this.#early);
      return;
    }
    const { body } = this.#response;
    this.#idle = setTimeout(() => this.#stalled(), this.#idleMs);
    body.on('data', (chunk: Buffer) => this.#read(chunk));
    body.on('end', () => this.#finish());
    body.on('close', () => this.#broke(undefined));
  }

  pause(): void {
    this.#response.body.pause();
    // While the caller is the slow one, silence is not the provider's fault.
    clearTimeout(this.#idle);
  }

  resume(): void {
    if (this.#sink === undefined) return;
    this.#response.body.resume();
    this.#armIdle();
  }

  cancel(): void {
    this.#over = true;
    this.#sink = undefined;
    clearTimeout(this.#idle);
    this.#response.abort();
  }

  #read(chunk: Buffer): void {
    this.#armIdle();
    for (const frame of this.#reader.push(chunk)) this.#sink?.frame(frame);
    if (this.#reader.pendingBytes > maxEventBytes) {
      this.#fail(new UpstreamFailure('malformed', `an event from ${this.#host} is larger than ${maxEventBytes} bytes`));
      this.#response.abort();
    }
  }

  #armIdle(): void {
    // Moving an armed timer is a tenth of the cost of making a new one, and this runs for every chunk.
    if (this.#idle?.hasRef()) this.#idle.refresh();
    else this.#idle = setTimeout(() => this.#stalled(), this.#idleMs);
  }

  #stalled(): void {
    this.#fail(new UpstreamFailure('idle_timeout', `${this.#host} sent nothing for ${this.#idleMs} ms`));
    this.#response.abort();
  }

  #finish(): void {
    for (const frame of this.#reader.end()) this.#sink?.frame(frame);
    const sink = this.#take();
    sink?.end();
  }

  #broke(error: Error | undefined): void {
    if (this.#over) return;
    const failure = this.#signal.aborted
      ? abortFailure(this.#signal)
      : error === undefined
        ? new UpstreamFailure('cut', `the connection to ${this.#host} closed early`)
        : asCut(networkFailure(error, this.#host));
    if (this.#sink === undefined) this.#early ??= failure;
    else this.#fail(failure);
  }

  #fail(failure: UpstreamFailure): void {
    this.#take()?.fail(failure);
  }

  #take(): FrameSink | undefined {
    const sink = this.#sink;
    this.#over = true;
    this.#sink = undefined;
    clearTimeout(this.#idle);
    return sink;
  }
}

/** Once an answer has begun, every break of the connection is a cut. */
function asCut(failure: UpstreamFailure): UpstreamFailure {
  return failure.kind === 'unreachable' ? new UpstreamFailure('cut', failure.message, failure.facts) : failure;
}
