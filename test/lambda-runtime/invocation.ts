import { setTimeout as delay } from 'node:timers/promises';

/** Some bytes of a response, and when they came (`performance.now()`). */
export interface Chunk {
  readonly bytes: Buffer;
  readonly atMs: number;
}

/** How an invocation ended, as the service behind the Runtime API sees it. */
export interface Outcome {
  readonly contentType: string | undefined;
  readonly streamed: boolean;
  /** When the last byte came. */
  readonly endedAtMs: number;
  /** Set by an error trailer, an error post, or the end of the process. */
  readonly error: { readonly type: string; readonly detail: unknown } | undefined;
}

/** One invocation: its chunks as they come, then how it ended. */
export class Invocation implements AsyncIterable<Chunk> {
  readonly requestId: string;
  readonly event: unknown;
  /** Resolves with the last byte, whether it ended well or not. */
  readonly outcome: Promise<Outcome>;
  /** Resolves when the environment asks for its next invocation: all work of this one is done. Never, when the process dies. */
  readonly finishedAtMs: Promise<number>;
  readonly #chunks: Chunk[] = [];
  #changed = Promise.withResolvers<void>();
  readonly #outcome = Promise.withResolvers<Outcome>();
  readonly #finished = Promise.withResolvers<number>();
  #ended = false;

  constructor(requestId: string, event: unknown) {
    this.requestId = requestId;
    this.event = event;
    this.outcome = this.#outcome.promise;
    this.finishedAtMs = this.#finished.promise;
  }

  get ended(): boolean {
    return this.#ended;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Chunk> {
    for (let next = 0; ; ) {
      const chunk = this.#chunks[next];
      if (chunk) {
        next += 1;
        yield chunk;
      } else if (this.#ended) return;
      else await this.#changed.promise;
    }
  }

  /** The whole response, once it has ended. */
  async bytes(): Promise<Buffer> {
    await this.outcome;
    return Buffer.concat(this.#chunks.map((chunk) => chunk.bytes));
  }

  receive(bytes: Buffer): void {
    this.#chunks.push({ bytes, atMs: performance.now() });
    this.#wake();
  }

  end(outcome: Omit<Outcome, 'endedAtMs'>): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#outcome.resolve({ ...outcome, endedAtMs: performance.now() });
    this.#wake();
  }

  finish(): void {
    this.#finished.resolve(performance.now());
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}

/** A streamed proxy response taken apart as API Gateway does. */
export interface ProxyResponse {
  readonly head: { readonly statusCode: number; readonly headers?: Record<string, string>; readonly cookies?: string[] };
  /** When the metadata and its delimiter were complete. */
  readonly headAtMs: number;
  readonly body: AsyncIterable<Chunk>;
}

/**
 * Reads the metadata that opens a streamed response; the rest is the body, chunk by chunk.
 * @throws Error when the response ends without the eight NUL bytes.
 */
export async function openProxyResponse(invocation: Invocation): Promise<ProxyResponse> {
  const chunks = invocation[Symbol.asyncIterator]();
  let prelude = Buffer.alloc(0);
  for (;;) {
    const { value, done } = await chunks.next();
    if (done) throw new Error(`No metadata in ${JSON.stringify(prelude.toString('latin1'))}; ${JSON.stringify(await invocation.outcome)}`);
    prelude = Buffer.concat([prelude, value.bytes]);
    const end = prelude.indexOf('\0'.repeat(8));
    if (end < 0) continue;
    const rest = prelude.subarray(end + 8);
    const body = async function* (): AsyncGenerator<Chunk> {
      if (rest.length > 0) yield { bytes: rest, atMs: value.atMs };
      yield* chunks;
    };
    return { head: JSON.parse(prelude.subarray(0, end).toString('utf8')), headAtMs: value.atMs, body: body() };
  }
}

/** Fails when `promise` takes longer than `limitMs`. */
export async function within<Value>(limitMs: number, promise: Promise<Value>): Promise<Value> {
  const abort = new AbortController();
  const late = delay(limitMs, undefined, { signal: abort.signal }).then(() => {
    throw new Error(`This took longer than ${limitMs} ms.`);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    abort.abort();
    late.catch(() => undefined);
  }
}
