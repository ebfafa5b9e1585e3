import { Writable } from 'node:stream';

/** Where the bytes of a streamed response go, in the order in which the function writes them. */
export interface ResponseSink {
  /** Takes one chunk; calls `done` when it wants the next one. `done(error)` destroys the stream. */
  write(chunk: Buffer, done: (error?: Error | null) => void): void;
  /** Called once, after the last chunk was taken. */
  end(done: (error?: Error | null) => void): void;
}

/**
 * The stream which the Lambda runtime hands to a streaming handler: a Writable with a content type
 * and room for bytes that go out before the first write.
 *
 * The rules are those of aws-lambda-ric 4.0.2 (`createResponseStream`): the hook runs inside the first
 * `write`, an empty one included, but not inside `end(chunk)`; the content type is fixed by the first
 * write; anything that is neither text nor bytes is written as JSON.
 */
export class ResponseStream extends Writable {
  /** Set by `HttpResponseStream.from`; called inside the first write. */
  _onBeforeFirstWrite: ((write: (chunk: string | Uint8Array) => void) => void) | undefined;
  #contentType = 'application/octet-stream';
  #written = false;

  constructor(sink: ResponseSink) {
    super({
      write: (chunk: Buffer, _encoding, done) => sink.write(chunk, done),
      final: (done) => sink.end(done),
    });
  }

  /** The content type the function set, `application/octet-stream` until then. */
  get contentType(): string {
    return this.#contentType;
  }

  /** @throws Error when something was written already. */
  setContentType(contentType: string): void {
    if (this.#written) throw new Error('Cannot set content-type, too late.');
    this.#contentType = contentType;
  }

  override write(chunk: unknown, encoding?: BufferEncoding | WriteCallback, callback?: WriteCallback): boolean {
    const data = typeof chunk === 'string' || chunk instanceof Uint8Array ? chunk : JSON.stringify(chunk);
    if (!this.#written) {
      this.#written = true;
      this._onBeforeFirstWrite?.((first) => super.write(first));
    }
    return typeof encoding === 'string' ? super.write(data, encoding, callback) : super.write(data, encoding ?? callback);
  }
}

type WriteCallback = (error: Error | null | undefined) => void;
