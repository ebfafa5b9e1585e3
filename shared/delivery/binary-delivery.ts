import type { Buffer } from 'node:buffer';
import { Readable } from 'node:stream';
import type { GatewayError } from '../errors/gateway-error.ts';
import { UpstreamFailure } from '../providers/upstream-failure.ts';
import type { DeliveryReport } from './stream-delivery.ts';

export interface BinaryDeliveryOptions {
  /** After so much silence of the provider the answer is given up. Time in which the caller does not read does not count. */
  readonly idleMs: number;
  readonly nowMs: () => number;
  readonly errorOf: (failure: UpstreamFailure) => GatewayError;
  /** Sees every piece of the answer, in order. */
  readonly onPiece?: ((piece: Buffer) => void) | undefined;
}

/**
 * The body of an answer that is sound or a file: bytes leave in the tick they arrive, no faster than the caller reads
 * them. It never emits an error, because an erring body kills a Lambda runtime: an answer that breaks off ends early, as
 * bytes have no room for an error event, and the report says so.
 */
export class BinaryDelivery extends Readable {
  /** Resolves once nothing more will be sent. */
  readonly done: Promise<DeliveryReport>;
  readonly #source: Readable;
  readonly #options: BinaryDeliveryOptions;
  #resolve: (report: DeliveryReport) => void = () => {};
  #idle: NodeJS.Timeout;
  #bytes = 0;
  #firstByteAtMs: number | undefined;
  #over = false;

  constructor(source: Readable, options: BinaryDeliveryOptions) {
    super({ highWaterMark: 64 * 1024 });
    this.#source = source;
    this.#options = options;
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#idle = this.#arm();
    source.on('data', (chunk: Buffer) => this.#deliver(chunk));
    source.once('end', () => this.#end('complete', undefined));
    source.once('error', (error) => this.#break(error));
    source.once('close', () => this.#break(undefined));
  }

  /** Bytes that have come so far. */
  get bytes(): number {
    return this.#bytes;
  }

  override _read(): void {
    if (!this.#source.isPaused() || this.#over) return;
    this.#idle = this.#arm();
    this.#source.resume();
  }

  override _destroy(_error: Error | null, callback: (error?: Error | null) => void): void {
    this.#finish('client_gone', undefined);
    this.#source.destroy();
    callback(null);
  }

  #deliver(chunk: Buffer): void {
    if (this.#over) return;
    this.#firstByteAtMs ??= this.#options.nowMs();
    this.#bytes += chunk.length;
    this.#options.onPiece?.(chunk);
    this.#idle.refresh();
    if (this.push(chunk)) return;
    this.#source.pause();
    clearTimeout(this.#idle);
  }

  #arm(): NodeJS.Timeout {
    const { idleMs } = this.#options;
    clearTimeout(this.#idle);
    return setTimeout(() => {
      this.#break(new UpstreamFailure('idle_timeout', `the provider sent nothing for ${idleMs} ms`));
      this.#source.destroy();
    }, idleMs);
  }

  #break(error: Error | undefined): void {
    const failure = error instanceof UpstreamFailure ? error : new UpstreamFailure('cut', 'the answer broke off', { cause: error });
    this.#end('failed', failure);
  }

  #end(ending: DeliveryReport['ending'], failure: UpstreamFailure | undefined): void {
    if (this.#over) return;
    this.#finish(ending, failure === undefined ? undefined : this.#options.errorOf(failure));
    this.push(null);
  }

  #finish(ending: DeliveryReport['ending'], error: GatewayError | undefined): void {
    clearTimeout(this.#idle);
    if (this.#over) return;
    this.#over = true;
    this.#resolve({ ending, error, bytes: this.#bytes, firstByteAtMs: this.#firstByteAtMs, firstContentAtMs: this.#firstByteAtMs });
  }
}
