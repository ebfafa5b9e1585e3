import type { Buffer } from 'node:buffer';
import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';
import type { Dialect } from '../dialects/dialect.ts';
import type { ProviderEndpoint } from './configured-provider.ts';
import type { HttpClient, UpstreamResponse } from './http-client.ts';
import type { ProviderIdentity } from './provider-identity.ts';
import { readBeginning, readBody } from './read-body.ts';
import { retryAfterMs } from './retry-after.ts';
import { SseSource } from './sse-source.ts';
import { statusWords } from './status-words.ts';
import type { Answer, Attempt, Transport } from './transport.ts';
import { UpstreamFailure } from './upstream-failure.ts';

/** Larger answers than this are not held in memory to read their usage. Chat answers are a thousandth of it. */
const maxAnswerBytes = 64 * 1024 * 1024;
/** Of JSON with media inside so much is held, so that small ones come with their cost, and a fault can still be answered by another target. */
const mediaBeginningBytes = 256 * 1024;
const maxErrorBytes = 256 * 1024;

/** Headers of a provider's answer that are of use to the caller and say nothing of the operator's account. */
const passedHeaders = ['x-request-id', 'request-id', 'openai-processing-ms', 'openai-version', 'x-amzn-requestid', 'apim-request-id'];

/**
 * Carries a call to a provider that speaks the caller's dialect: the body travels as it came, with only the model and
 * the documented fields changed, and the bytes of the answer come back as they are.
 */
export class NativeTransport implements Transport {
  readonly #client: HttpClient;
  readonly #nowMs: () => number;
  readonly #identity: ProviderIdentity;

  constructor(client: HttpClient, nowMs: () => number, identity: ProviderIdentity) {
    this.#client = client;
    this.#nowMs = nowMs;
    this.#identity = identity;
  }

  async send(attempt: Attempt): Promise<Answer> {
    const stream = attempt.call.stream;
    const endpoint = endpointOf(attempt);
    const payload = await payloadOf(attempt, endpoint);
    let response = await this.#post(attempt, endpoint, payload, false);
    if (response.status === 401) {
      // The key may have been rotated since it was read: look once more, past the cache.
      response.abort();
      response = await this.#post(attempt, endpoint, payload, true);
    }
    if (response.status < 200 || response.status > 299) throw await this.#statusFailure(attempt, response);
    if (stream && isEventStream(response)) return this.#stream(attempt, response);
    const passesBytes = attempt.dialect.usageOfBytes !== undefined && !stream && !isJson(response);
    if (passesBytes) return bytesOf(response);
    const passesJson = attempt.dialect.carriesMedia === true && !stream && isJson(response);
    return passesJson ? this.#media(attempt, response) : this.#whole(attempt, response);
  }

  async #post(attempt: Attempt, endpoint: ProviderEndpoint, payload: Payload, freshCredential: boolean): Promise<UpstreamResponse> {
    const { provider, call } = attempt;
    const request = { url: urlOf(endpoint, attempt), method: 'POST', body: payload.body } as const;
    const identity = await this.#identity.headersFor(provider, endpoint.auth, request, freshCredential);
    return await this.#client.send({
      ...request,
      headers: {
        'content-type': payload.contentType,
        accept: call.stream ? 'text/event-stream' : attempt.dialect.usageOfBytes === undefined ? 'application/json' : '*/*',
        'user-agent': 'sluice',
        ...provider.row.headers,
        ...call.forwardedHeaders,
        ...endpoint.headers,
        ...provider.headers,
        ...identity,
        ...attempt.headers,
      },
      timeouts: attempt.timeouts,
      allowPrivateAddress: provider.allowPrivateAddress,
      signal: attempt.signal,
    });
  }

  #stream(attempt: Attempt, response: UpstreamResponse): Answer {
    const source = new SseSource(response, { host: hostOf(attempt), idleMs: attempt.timeouts.idleMs, signal: attempt.signal });
    return { kind: 'stream', status: response.status, headers: headersFor(response), source, ...tierOf(attempt, response) };
  }

  async #media(attempt: Attempt, response: UpstreamResponse): Promise<Answer> {
    const { timeouts, signal } = attempt;
    const limits = { maxBytes: mediaBeginningBytes, idleMs: timeouts.idleMs, host: hostOf(attempt), signal };
    const { bytes, isWhole } = await readBeginning(response, limits);
    if (isWhole) return this.#read(attempt, response, bytes);
    const headers = { ...headersFor(response), 'content-type': 'application/json' };
    const { passJson } = await import('./passing-json.ts');
    return { kind: 'binary', status: response.status, headers, ...passJson(response, bytes) };
  }

  async #whole(attempt: Attempt, response: UpstreamResponse): Promise<Answer> {
    const { timeouts, signal } = attempt;
    const limits = { maxBytes: maxAnswerBytes, idleMs: timeouts.idleMs, host: hostOf(attempt), signal };
    return this.#read(attempt, response, await readBody(response, limits));
  }

  #read(attempt: Attempt, response: UpstreamResponse, body: Buffer): Answer {
    const { dialect } = attempt;
    const host = hostOf(attempt);
    const json = parseObject(body);
    if (json === undefined) {
      const what = body.length === 0 ? 'an empty body' : `${contentTypeOf(response)} that is not one JSON object`;
      throw new UpstreamFailure('malformed', `${host} answered ${response.status} with ${what}`, { status: response.status });
    }
    const fault = dialect.readFault(json);
    if (fault !== undefined) throw faultFailure(fault, host);
    if (attempt.call.stream)
      throw new UpstreamFailure('malformed', `${host} was asked for a stream and answered with ${contentTypeOf(response)}`, {
        status: response.status,
      });
    return { kind: 'json', status: response.status, headers: headersFor(response), body, json, ...tierOf(attempt, response) };
  }

  async #statusFailure(attempt: Attempt, response: UpstreamResponse): Promise<UpstreamFailure> {
    const host = hostOf(attempt);
    const { status } = response;
    // An error whose body cannot be read is still that error.
    const json = await readBody(response, { maxBytes: maxErrorBytes, idleMs: 10_000, host, signal: attempt.signal }).then(
      parseObject,
      () => undefined,
    );
    const fault = json === undefined ? undefined : attempt.dialect.readFault(json);
    const wait = retryAfterMs(response.headers, this.#nowMs()) ?? fault?.retryAfterMs;
    return new UpstreamFailure('status', statusWords(host, response), {
      status,
      ...(fault?.code !== undefined && { providerCode: fault.code }),
      ...(fault?.type !== undefined && { providerType: fault.type }),
      ...(fault?.param !== undefined && { param: fault.param.slice(0, 200) }),
      ...(fault?.causeCode !== undefined && { causeCode: fault.causeCode }),
      // A provider that refuses a key may repeat a part of it.
      ...(fault !== undefined && status !== 401 && status !== 403 && { providerMessage: fault.message.slice(0, 2000) }),
      ...(wait !== undefined && { retryAfterMs: wait }),
    });
  }
}

/** The request's body as it goes to the provider. */
interface Payload {
  readonly contentType: string;
  readonly body: string | Buffer;
}

async function payloadOf(
  { call, dialect, provider, model, maxOutputTokens, overrides, bounds }: Attempt,
  { plainUserIds }: ProviderEndpoint,
): Promise<Payload> {
  const target = {
    model,
    asksForStreamUsage: provider.asksForStreamUsage,
    maxTokensField: provider.maxTokensField,
    maxOutputTokens,
    stream: call.stream,
    overrides,
    bounds,
    plainUserIds,
    keepsPrompt: provider.keepsPrompt(model, call, overrides),
  };
  const form = dialect.nativeForm?.(call, target);
  if (form !== undefined) {
    const { renderForm } = await import('../calls/multipart-form.ts');
    return { contentType: `multipart/form-data; boundary="${form.boundary}"`, body: renderForm(form) };
  }
  return { contentType: 'application/json', body: JSON.stringify(dialect.nativeBody(call, target)) };
}

/** Bytes that pass through as they come. A caller who leaves takes the connection along. */
function bytesOf(response: UpstreamResponse): Answer {
  const { body: source } = response;
  source.once('close', () => {
    if (!source.readableEnded) response.abort();
  });
  const contentType = response.headers['content-type'] ?? 'application/octet-stream';
  return { kind: 'binary', status: response.status, headers: { ...headersFor(response), 'content-type': contentType }, source };
}

/** A failure for an error that a provider reported inside an answer which began as a success. */
export function faultFailure(fault: NonNullable<ReturnType<Dialect['readFault']>>, host: string): UpstreamFailure {
  return new UpstreamFailure('fault', `${host} reported an error inside its answer`, {
    ...(fault.status !== undefined && { status: fault.status }),
    ...(fault.code !== undefined && { providerCode: fault.code }),
    ...(fault.type !== undefined && { providerType: fault.type }),
    providerMessage: fault.message.slice(0, 2000),
  });
}

function endpointOf(attempt: Attempt): ProviderEndpoint {
  const { provider, call, model } = attempt;
  const endpoint = provider.endpoint(call.dialect, model, call.stream);
  if (endpoint === undefined) throw new UpstreamFailure('unreachable', `${provider.id} does not speak ${call.dialect}`);
  return endpoint;
}

function urlOf(endpoint: ProviderEndpoint, attempt: Attempt): URL {
  const url = new URL(endpoint.url);
  if (attempt.pathOf !== undefined) url.pathname = attempt.pathOf(url.pathname);
  for (const [name, value] of Object.entries(attempt.call.forwardedQuery ?? {})) url.searchParams.set(name, value);
  return url;
}

function hostOf(attempt: Attempt): string {
  return attempt.provider.id;
}

function contentTypeOf(response: UpstreamResponse): string {
  return response.headers['content-type']?.slice(0, 80) ?? 'a body of no content type';
}

function isEventStream(response: UpstreamResponse): boolean {
  return /^text\/event-stream\b/i.test(response.headers['content-type'] ?? '');
}

function isJson(response: UpstreamResponse): boolean {
  return /^application\/([\w.+-]+\+)?json\b/i.test(response.headers['content-type'] ?? '');
}

function tierOf({ dialect }: Attempt, response: UpstreamResponse): { readonly serviceTier?: string } {
  const tier = dialect.tierHeader === undefined ? undefined : response.headers[dialect.tierHeader];
  return tier === undefined ? {} : { serviceTier: tier.toLowerCase() };
}

/** Headers of a provider's answer that are meant for the caller. */
export function headersFor(response: UpstreamResponse): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of passedHeaders) {
    const value = response.headers[name];
    if (value !== undefined) headers[name] = value;
  }
  return headers;
}

function parseObject(body: Buffer): JsonObject | undefined {
  try {
    const value: JsonValue = JSON.parse(body.toString('utf8'));
    // Google puts the error of a stream into an array of one.
    const whole = Array.isArray(value) && value.length === 1 ? value[0] : value;
    return isJsonObject(whole) ? whole : undefined;
  } catch {
    return undefined;
  }
}
