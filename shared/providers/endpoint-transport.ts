import { Buffer } from 'node:buffer';
import { Readable } from 'node:stream';
import type { EmbeddingModelV4Result, SharedV4ProviderOptions, SharedV4Warning } from '@ai-sdk/provider';
import type { Call } from '../calls/call.ts';
import type { JsonObject } from '../calls/json.ts';
import type { Usage } from '../calls/usage.ts';
import {
  embeddingOptions,
  embeddingsBody,
  imageOptions,
  imagesBody,
  rerankBody,
  rerankOptions,
  speechOptions,
} from '../dialects/endpoint-translation.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { loadEndpointModel } from './endpoint-model.ts';
import type { HttpClient } from './http-client.ts';
import { ModelExchange } from './model-exchange.ts';
import type { ProviderIdentity } from './provider-identity.ts';
import type { Answer, Attempt, Transport } from './transport.ts';
import { UpstreamFailure } from './upstream-failure.ts';

/** What a translated call without chat needs of the world. */
export interface EndpointPorts {
  readonly client: Pick<HttpClient, 'send'>;
  readonly identity: ProviderIdentity;
  readonly nowMs: () => number;
  /** Letters and digits, never the same twice. */
  readonly newId: () => string;
}

/** Requests that a provider is asked at once for one call with many inputs. */
const atOnce = 8;

/** Sends calls for embeddings, images, speech and reranking through the AI SDK, where the provider does not take them in OpenAI's form. */
export class EndpointTransport implements Transport {
  readonly #ports: EndpointPorts;

  constructor(ports: EndpointPorts) {
    this.#ports = ports;
  }

  /** @throws UpstreamFailure as every transport does; GatewayError `unsupported_parameter` for what this provider cannot honour. */
  async send(given: Attempt): Promise<Answer> {
    const attempt = { ...given, call: { ...given.call, body: { ...given.call.body, ...given.overrides } } };
    switch (attempt.call.dialect) {
      case 'embeddings':
        return await this.#embed(attempt);
      case 'images':
        return await this.#draw(attempt);
      case 'speech':
        return await this.#speak(attempt);
      case 'rerank':
        return await this.#rerank(attempt);
      default:
        throw new UpstreamFailure('unreachable', `${attempt.provider.id} cannot serve ${attempt.call.dialect}`);
    }
  }

  async #embed(attempt: Attempt): Promise<Answer> {
    const { call, model: name } = attempt;
    const { values, dropped, ...options } = embeddingOptions(call);
    refuse(call, dropped);
    const providerOptions = embeddingProviderOptions(call, name, options.dimensions);
    const most = await this.#through(
      attempt,
      async (exchange) => (await loadEndpointModel('embeddings', attempt, exchange)).maxEmbeddingsPerCall,
    );
    const batches = batchesOf(values, most ?? values.length);
    const results: EmbeddingModelV4Result[] = [];
    for (let start = 0; start < batches.length; start += atOnce) {
      const wave = batches.slice(start, start + atOnce).map((batch) =>
        this.#through(attempt, async (exchange) => {
          const model = await loadEndpointModel('embeddings', attempt, exchange);
          return await model.doEmbed({ ...options, values: batch, providerOptions });
        }),
      );
      results.push(...(await Promise.all(wave)));
    }
    return jsonAnswer(embeddingsBody(call, results), dropped);
  }

  async #draw(attempt: Attempt): Promise<Answer> {
    const { dropped, ...options } = imageOptions(attempt.call);
    refuse(attempt.call, dropped);
    const result = await this.#through(attempt, async (exchange) =>
      (await loadEndpointModel('images', attempt, exchange)).doGenerate(options),
    );
    return jsonAnswer(imagesBody(result), [...dropped, ...unsupportedBy(result.warnings)]);
  }

  async #speak(attempt: Attempt): Promise<Answer> {
    const { dropped, ...options } = speechOptions(attempt.call);
    refuse(attempt.call, dropped);
    const result = await this.#through(attempt, async (exchange) =>
      (await loadEndpointModel('speech', attempt, exchange)).doGenerate(options),
    );
    const bytes = typeof result.audio === 'string' ? Buffer.from(result.audio, 'base64') : Buffer.from(result.audio);
    if (bytes.length === 0) throw new UpstreamFailure('malformed', `${attempt.provider.id} answered without any sound`);
    const lost = [...dropped, ...unsupportedBy(result.warnings)];
    const headers = { ...droppedHeader(lost), 'content-type': soundType(bytes) };
    return { kind: 'binary', status: 200, headers, source: Readable.from([bytes]) };
  }

  async #rerank(attempt: Attempt): Promise<Answer> {
    const { dropped, ...options } = rerankOptions(attempt.call);
    refuse(attempt.call, dropped);
    const result = await this.#through(attempt, async (exchange) =>
      (await loadEndpointModel('rerank', attempt, exchange)).doRerank(options),
    );
    return jsonAnswer(rerankBody(attempt.call, result, this.#ports.newId()), [...dropped, ...unsupportedBy(result.warnings ?? [])]);
  }

  /** One request of a package, over the gateway's own network. */
  async #through<Result>(attempt: Attempt, ask: (exchange: ModelExchange) => Promise<Result>): Promise<Result> {
    const { client, identity, nowMs } = this.#ports;
    const exchange = new ModelExchange(client, attempt, { identity, correctBody: (body) => body, nowMs });
    try {
      return await ask(exchange);
    } catch (error) {
      throw exchange.failureOf(error);
    } finally {
      exchange.abort();
    }
  }
}

/** Where nothing may be dropped, what would be is refused before anything is sent. */
function refuse(call: Call, dropped: readonly string[]): void {
  const [first] = dropped;
  if (call.strict !== true || first === undefined) return;
  throw new GatewayError('unsupported_parameter', `'${first}' is not supported by this model's provider.`, { param: first });
}

/** The length of vectors stands under another name for each family of models on Bedrock. */
function embeddingProviderOptions(call: Call, model: string, dimensions: number | undefined): SharedV4ProviderOptions {
  const { input_type: inputType } = call.body;
  const length = dimensions === undefined ? {} : { [lengthField(model)]: dimensions };
  return { amazonBedrock: { ...length, ...(typeof inputType === 'string' && { inputType }) } };
}

function lengthField(model: string): string {
  if (model.includes('cohere')) return 'outputDimension';
  return model.includes('nova') ? 'embeddingDimension' : 'dimensions';
}

function batchesOf(values: readonly string[], size: number): string[][] {
  const most = Math.max(1, Math.min(size, values.length));
  return Array.from({ length: Math.ceil(values.length / most) }, (_, index) => values.slice(index * most, (index + 1) * most));
}

function jsonAnswer({ json, usage }: { readonly json: JsonObject; readonly usage: Usage | undefined }, dropped: readonly string[]): Answer {
  return {
    kind: 'json',
    status: 200,
    headers: droppedHeader(dropped),
    json,
    body: Buffer.from(JSON.stringify(json)),
    ...(usage && { usage }),
  };
}

/** What a package warns it did not carry over. */
function unsupportedBy(warnings: readonly SharedV4Warning[]): string[] {
  return warnings.flatMap((warning) => (warning.type === 'unsupported' ? [warning.feature.replace(/[^\x21-\x2b\x2d-\x7e]+/g, '-')] : []));
}

function droppedHeader(dropped: readonly string[]): Record<string, string> {
  return dropped.length === 0 ? {} : { 'x-sluice-dropped': [...new Set(dropped)].join(', ') };
}

/** Packages do not say what they return. */
function soundType(bytes: Buffer): string {
  const start = bytes.toString('latin1', 0, 4);
  if (start === 'RIFF') return 'audio/wav';
  if (start === 'OggS') return 'audio/ogg';
  return start.startsWith('ID3') || bytes[0] === 0xff ? 'audio/mpeg' : 'audio/pcm';
}
