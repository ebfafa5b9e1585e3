import type { Buffer } from 'node:buffer';
import type { Readable } from 'node:stream';
import { GatewayError } from '../errors/gateway-error.ts';
import type { ConfiguredProvider } from './configured-provider.ts';
import type { HttpClient, UpstreamMethod, UpstreamResponse } from './http-client.ts';
import { headersFor } from './native-transport.ts';
import { passThroughUrl } from './pass-through-url.ts';
import type { ProviderIdentity } from './provider-identity.ts';
import type { Timeouts } from './transport.ts';
import { UpstreamFailure } from './upstream-failure.ts';

/** A request for an endpoint of a provider that the gateway has no dialect for. */
export interface PassThroughRequest {
  readonly provider: ConfiguredProvider;
  readonly method: string;
  /** The path under the provider's base URL, without the leading slash. */
  readonly path: string;
  readonly query: readonly (readonly [name: string, value: string])[];
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
  readonly timeouts: Timeouts;
  readonly signal: AbortSignal;
}

/** An answer on its way through, whatever its status. */
export interface PassThroughAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly source: Readable;
}

const methods: readonly UpstreamMethod[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/**
 * Headers that stay here: those of one connection (RFC 9110 section 7.6.1), of the way to the gateway, of the gateway
 * itself, every form of a key, and those by which a caller could choose an account or a project of the operator's.
 */
const ownHeaders =
  /^(connection|keep-alive|te|trailer|transfer-encoding|upgrade|host|content-length|expect|via|forwarded|cookie|cookie2|authorization|x-api-key|api-key|x-goog-api-key|openai-organization|openai-project|x-goog-user-project|accept-encoding|x-real-ip|cdn-loop|true-client-ip|proxy-.*|x-forwarded-.*|x-amz.*|cf-.*|cloudfront-.*|x-sluice-.*)$/;

/** Headers of an answer that mean something to the caller, beside those that every answer passes on. */
const answerHeaders = [
  'content-type',
  'content-disposition',
  'content-language',
  'content-range',
  'etag',
  'last-modified',
  'location',
  'retry-after',
];

/** Forwards requests to endpoints of providers as they are, with the gateway's key in the place of the caller's. */
export class PassThroughClient {
  readonly #client: Pick<HttpClient, 'send'>;
  readonly #identity: Pick<ProviderIdentity, 'headersFor'>;

  constructor(client: Pick<HttpClient, 'send'>, identity: Pick<ProviderIdentity, 'headersFor'>) {
    this.#client = client;
    this.#identity = identity;
  }

  /**
   * Sends the request and resolves when the answer's headers are there.
   * @throws GatewayError `invalid_request` for a path or a method that cannot be forwarded.
   * @throws UpstreamFailure when the provider cannot be reached, and when it refuses the gateway's key, whose answer may
   * repeat a part of it.
   */
  async send(request: PassThroughRequest): Promise<PassThroughAnswer> {
    const method = methods.find((known) => known === request.method);
    if (method === undefined) {
      throw new GatewayError('invalid_request', `Providers are asked with ${methods.join(', ')}.`, {
        status: 405,
        headers: { allow: methods.join(', ') },
      });
    }
    const url = passThroughUrl(request.provider.baseUrl, request.path, request.query);
    let response = await this.#send(request, url, method, false);
    if (response.status === 401) {
      // The key may have been rotated since it was read: look once more, past the cache.
      response.abort();
      response = await this.#send(request, url, method, true);
    }
    const { status } = response;
    if (status === 401 || status === 403) {
      response.abort();
      throw new UpstreamFailure('status', `${request.provider.id} answered ${status}`, { status });
    }
    const source = response.body;
    source.once('close', () => {
      if (!source.readableEnded) response.abort();
    });
    return { status, headers: answerHeadersOf(response), source };
  }

  async #send(
    { provider, headers, ...request }: PassThroughRequest,
    url: URL,
    method: UpstreamMethod,
    fresh: boolean,
  ): Promise<UpstreamResponse> {
    const body = request.body.length === 0 ? undefined : request.body;
    return await this.#client.send({
      url,
      method,
      headers: {
        ...provider.row.headers,
        ...forwardedHeaders(headers),
        'user-agent': 'sluice',
        ...provider.headers,
        ...(await this.#identity.headersFor(provider, provider.row.auth, { url, method, body: body ?? '' }, fresh)),
      },
      body,
      timeouts: request.timeouts,
      allowPrivateAddress: provider.allowPrivateAddress,
      signal: request.signal,
    });
  }
}

/** The caller's headers, without those that end here; `connection` may name more of its kind. */
export function forwardedHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const named = new Set(
    (headers.connection ?? '')
      .toLowerCase()
      .split(',')
      .map((name) => name.trim()),
  );
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !ownHeaders.test(name) && !named.has(name)));
}

function answerHeadersOf(response: UpstreamResponse): Record<string, string> {
  const kept = answerHeaders.flatMap((name) => {
    const value = response.headers[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...headersFor(response), ...Object.fromEntries(kept) };
}
