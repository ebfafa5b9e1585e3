import type { Buffer } from 'node:buffer';
import type { JsonValue } from '../calls/json.ts';
import type { GatewayError } from '../errors/gateway-error.ts';
import { abortFailure, type HttpClient, networkFailure, type UpstreamResponse } from './http-client.ts';
import { modelFailure } from './language-model-failure.ts';
import { headersFor } from './native-transport.ts';
import { readProviderFault, retryInfoMs } from './provider-fault.ts';
import type { ProviderIdentity } from './provider-identity.ts';
import { readBody } from './read-body.ts';
import { retryAfterMs } from './retry-after.ts';
import { statusWords } from './status-words.ts';
import type { Attempt } from './transport.ts';
import { UpstreamFailure } from './upstream-failure.ts';

/** A whole answer larger than this is not held in memory. */
const maxAnswerBytes = 64 * 1024 * 1024;
const maxErrorBytes = 256 * 1024;
const CR = 13;
const LF = Uint8Array.of(10);
/** Chunks that may lie between the network and the package that reads them. */
const queuedChunks = 16;

/** Headers by which packages show the key they were given; here the gateway shows its own. */
const keyHeaders = ['authorization', 'x-api-key', 'api-key', 'x-goog-api-key'];

/** How an exchange differs from one provider to another. */
export interface ExchangeOptions {
  readonly identity: ProviderIdentity;
  /** Puts right what the package wrote into the body. */
  readonly correctBody: (body: string) => string;
  /** Puts right, piece by piece, what the package could not read of the answer. */
  readonly correctAnswer?: { push(piece: Uint8Array): Uint8Array; end(): Uint8Array } | undefined;
  readonly nowMs: () => number;
}

/**
 * The network under one translated call: a `fetch` for the AI SDK that goes through the gateway's own client, so that
 * its timeouts, its guard of private addresses and its kept connections hold here as well. What goes wrong on the way
 * is kept in `failure`, because packages wrap and rename errors.
 */
export class ModelExchange {
  failure: UpstreamFailure | undefined;
  /** Headers of the provider's answer that are meant for the caller. */
  headers: Readonly<Record<string, string>> = {};
  readonly #client: Pick<HttpClient, 'send'>;
  readonly #attempt: Attempt;
  readonly #options: ExchangeOptions;
  #response: UpstreamResponse | undefined;
  #idle: NodeJS.Timeout | undefined;
  #listening = true;
  #over = false;

  constructor(client: Pick<HttpClient, 'send'>, attempt: Attempt, options: ExchangeOptions) {
    this.#client = client;
    this.#attempt = attempt;
    this.#options = options;
  }

  /** The `fetch` to hand to a package. Rejects for every status but success. */
  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    try {
      const response = await this.#answer(String(input instanceof Request ? input.url : input), init ?? {});
      this.#response = response;
      this.headers = headersFor(response);
      return new Response(this.#body(response), { status: response.status, headers: response.headers });
    } catch (error) {
      if (error instanceof UpstreamFailure) this.failure ??= error;
      throw error;
    }
  };

  /**
   * What an error of the package means: the failure below it where there is one. What a package breaks at once the
   * provider has answered is that answer, so what it was is told too.
   */
  failureOf(error: unknown): UpstreamFailure | GatewayError {
    if (this.failure !== undefined) return this.failure;
    const response = this.#response;
    const meant = modelFailure(error, this.#attempt.provider.id, response !== undefined);
    if (!(meant instanceof UpstreamFailure) || meant.kind !== 'malformed' || response === undefined) return meant;
    const { status, headers } = response;
    const words = `${meant.message}: it answered ${status} with ${headers['content-type']?.slice(0, 80) ?? 'no content type'}`;
    return new UpstreamFailure('malformed', words, { ...meant.facts, status, cause: meant.cause });
  }

  /** While nobody takes what arrives, silence is not the provider's fault. */
  pause(): void {
    this.#listening = false;
    clearTimeout(this.#idle);
  }

  resume(): void {
    this.#listening = true;
    this.#armIdle();
  }

  /** Ends the exchange and its connection. Harmless when it is over. */
  abort(): void {
    if (this.#over) return;
    this.#settle();
    this.#response?.abort();
  }

  async #answer(url: string, init: RequestInit): Promise<UpstreamResponse> {
    const body = typeof init.body === 'string' ? this.#options.correctBody(init.body) : undefined;
    let response = await this.#send(url, init, body, false);
    if (response.status === 401) {
      // The key may have been rotated since it was read: look once more, past the cache.
      response.abort();
      response = await this.#send(url, init, body, true);
    }
    if (response.status < 200 || response.status > 299) throw await this.#refusal(response);
    return response;
  }

  async #send(address: string, init: RequestInit, body: string | undefined, freshCredential: boolean): Promise<UpstreamResponse> {
    const { provider, timeouts, signal } = this.#attempt;
    const url = new URL(address);
    const method = init.method === 'GET' ? 'GET' : 'POST';
    const headers = Object.fromEntries(new Headers(init.headers));
    for (const name of keyHeaders) delete headers[name];
    const identity = await this.#options.identity.headersFor(
      provider,
      provider.row.auth,
      { url, method, body: body ?? '' },
      freshCredential,
    );
    return await this.#client.send({
      url,
      method,
      headers: {
        ...provider.row.headers,
        ...headers,
        'user-agent': 'sluice',
        ...provider.headers,
        ...identity,
        ...this.#attempt.headers,
      },
      body,
      timeouts,
      allowPrivateAddress: provider.allowPrivateAddress,
      signal,
    });
  }

  async #refusal(response: UpstreamResponse): Promise<UpstreamFailure> {
    const { provider, signal } = this.#attempt;
    const { status, headers } = response;
    // An error whose body cannot be read is still that error.
    const json = await readBody(response, { maxBytes: maxErrorBytes, idleMs: 10_000, host: provider.id, signal }).then(
      parse,
      () => undefined,
    );
    const fault = readProviderFault(json);
    const wait = retryAfterMs(headers, this.#options.nowMs()) ?? retryInfoMs(json);
    // Bedrock names its error in a header: ThrottlingException:http://internal.amazon.com/…
    const type = fault?.type ?? headers['x-amzn-errortype']?.split(':')[0];
    return new UpstreamFailure('status', statusWords(provider.id, response), {
      status,
      ...(fault?.code !== undefined && { providerCode: fault.code }),
      ...(type !== undefined && { providerType: type }),
      // A provider that refuses a key may repeat a part of it.
      ...(fault !== undefined && status !== 401 && status !== 403 && { providerMessage: fault.message.slice(0, 2000) }),
      ...(wait !== undefined && { retryAfterMs: wait }),
    });
  }

  #body(response: UpstreamResponse): ReadableStream<Uint8Array> {
    const { body } = response;
    const { correctAnswer } = this.#options;
    let bytes = 0;
    let last: number | undefined;
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          const fail = (failure: UpstreamFailure): void => {
            if (this.#over) return;
            this.#settle();
            this.failure ??= failure;
            controller.error(failure);
            response.abort();
          };
          this.#onIdle = () =>
            fail(new UpstreamFailure('idle_timeout', `${this.#host} sent nothing for ${this.#attempt.timeouts.idleMs} ms`));
          body.on('data', (chunk: Buffer) => {
            if (this.#over) return;
            bytes += chunk.length;
            last = chunk.at(-1) ?? last;
            if (!this.#attempt.call.stream && bytes > maxAnswerBytes)
              return fail(new UpstreamFailure('malformed', `the answer of ${this.#host} is larger than ${maxAnswerBytes} bytes`));
            this.#armIdle();
            const piece = correctAnswer === undefined ? chunk : correctAnswer.push(chunk);
            if (piece.length > 0) controller.enqueue(piece);
            if ((controller.desiredSize ?? 0) <= 0) body.pause();
          });
          body.on('end', () => {
            if (this.#over) return;
            this.#settle();
            const rest = correctAnswer?.end();
            if (rest !== undefined && rest.length > 0) controller.enqueue(rest);
            // Parsers wait for the other half of a line end that is a CR alone, and so never see the last event.
            if (last === CR) controller.enqueue(LF);
            controller.close();
          });
          body.on('error', (error) => fail(this.#broken(error)));
          body.on('close', () => fail(this.#broken(undefined)));
          this.#armIdle();
        },
        pull: () => void body.resume(),
        cancel: () => this.abort(),
      },
      { highWaterMark: queuedChunks },
    );
  }

  #broken(error: Error | undefined): UpstreamFailure {
    const { signal } = this.#attempt;
    if (signal.aborted) return abortFailure(signal);
    const failure = error === undefined ? undefined : networkFailure(error, this.#host);
    // Once an answer has begun, every break of the connection is a cut.
    if (failure === undefined || failure.kind === 'unreachable')
      return new UpstreamFailure('cut', `the connection to ${this.#host} broke`, failure?.facts);
    return failure;
  }

  get #host(): string {
    return this.#attempt.provider.id;
  }

  #onIdle: () => void = () => {};

  #armIdle(): void {
    if (this.#over || !this.#listening || this.#response === undefined) return;
    if (this.#idle?.hasRef()) this.#idle.refresh();
    else this.#idle = setTimeout(() => this.#onIdle(), this.#attempt.timeouts.idleMs);
  }

  #settle(): void {
    this.#over = true;
    clearTimeout(this.#idle);
  }
}

function parse(body: Buffer): JsonValue | undefined {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
