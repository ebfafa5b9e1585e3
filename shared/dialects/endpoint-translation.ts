import { Buffer } from 'node:buffer';
import type {
  EmbeddingModelV4CallOptions,
  EmbeddingModelV4Result,
  ImageModelV4CallOptions,
  ImageModelV4Result,
  RerankingModelV4CallOptions,
  RerankingModelV4Result,
  SpeechModelV4CallOptions,
} from '@ai-sdk/provider';
import type { Call } from '../calls/call.ts';
import { isJsonObject, type JsonObject } from '../calls/json.ts';
import { reportedUsage, type Usage, usageOf, wholeCount } from '../calls/usage.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { embeddingsRequestSchema, inputsOf } from './embeddings.ts';
import { imagesRequestSchema } from './images.ts';
import { invalidRequest } from './invalid-request.ts';
import { documentText, rerankRequestSchema } from './rerank.ts';
import { speechRequestSchema } from './speech.ts';

/** Names of the fields of a body that have no place in a translated call. */
function droppedFields(body: JsonObject, carried: readonly string[]): string[] {
  return Object.keys(body).filter((field) => body[field] !== null && field !== 'model' && !carried.includes(field));
}

function unsupported(param: string, what: string): GatewayError {
  return new GatewayError('unsupported_parameter', `'${param}' ${what}`, { param });
}

/** An embeddings request in the words of the AI SDK: texts alone, and how long the vectors should be. */
export function embeddingOptions(call: Call): EmbeddingModelV4CallOptions & { readonly dropped: readonly string[] } {
  const parsed = embeddingsRequestSchema.safeParse(call.body);
  if (!parsed.success) throw invalidRequest(parsed.error);
  const values = inputsOf(parsed.data).map((input) => {
    if (typeof input === 'string') return input;
    throw unsupported('input', 'must be a string or an array of strings for this model: its provider takes no tokens and no objects.');
  });
  const { dimensions } = parsed.data;
  return {
    values,
    ...(dimensions != null && { dimensions }),
    dropped: droppedFields(call.body, ['input', 'dimensions', 'encoding_format', 'user', 'input_type']),
  };
}

/** The vectors as OpenAI sends them, in the encoding asked for. */
export function embeddingsBody(
  call: Call,
  results: readonly EmbeddingModelV4Result[],
): { readonly json: JsonObject; readonly usage: Usage | undefined } {
  const vectors = results.flatMap(({ embeddings }) => embeddings);
  const isBase64 = call.body.encoding_format === 'base64';
  const data = vectors.map((vector, index) => ({
    object: 'embedding',
    index,
    embedding: isBase64 ? Buffer.from(Float32Array.from(vector).buffer).toString('base64') : vector,
  }));
  const counted = results.flatMap(({ usage }) => (usage !== undefined && usage.tokens >= 0 ? [usage.tokens] : []));
  const tokens = counted.length === results.length ? counted.reduce((sum, count) => sum + count, 0) : undefined;
  return {
    json: {
      object: 'list',
      data,
      model: call.model,
      ...(tokens !== undefined && { usage: { prompt_tokens: tokens, total_tokens: tokens } }),
    },
    usage: tokens === undefined ? undefined : reportedUsage({ inputTokens: wholeCount(tokens) }),
  };
}

/** An image request in the words of the AI SDK. */
export function imageOptions(call: Call): ImageModelV4CallOptions & { readonly dropped: readonly string[] } {
  const parsed = imagesRequestSchema.safeParse(call.body);
  if (!parsed.success) throw invalidRequest(parsed.error);
  const { prompt, n, size } = parsed.data;
  if (call.stream) throw unsupported('stream', 'must be false for this model: its provider makes images whole.');
  if (call.body.response_format === 'url')
    throw unsupported('response_format', 'must be "b64_json" for this model: its provider hands out no URLs.');
  const measured = /^(\d+)x(\d+)$/.exec(size ?? '');
  const seed = call.body.seed;
  return {
    prompt,
    n: n ?? 1,
    size: measured === null ? undefined : `${Number(measured[1])}x${Number(measured[2])}`,
    aspectRatio: undefined,
    seed: typeof seed === 'number' ? seed : undefined,
    files: undefined,
    mask: undefined,
    providerOptions: {},
    dropped: droppedFields(call.body, ['prompt', 'n', 'size', 'seed', 'stream', 'response_format', 'user']),
  };
}

/** The images as OpenAI sends them. */
export function imagesBody(result: ImageModelV4Result): { readonly json: JsonObject; readonly usage: Usage } {
  const data = result.images.map((image) => ({ b64_json: typeof image === 'string' ? image : Buffer.from(image).toString('base64') }));
  const input = wholeCount(result.usage?.inputTokens);
  const output = wholeCount(result.usage?.outputTokens ?? wholeCount(result.usage?.totalTokens) - input);
  const images = data.length;
  return {
    json: {
      created: Math.floor(result.response.timestamp.getTime() / 1000),
      data,
      ...(result.usage && { usage: { input_tokens: input, output_tokens: output, total_tokens: input + output } }),
    },
    usage: reportedUsage({ inputTokens: input, outputTokens: output, images }) ?? usageOf({ images }),
  };
}

/** A speech request in the words of the AI SDK. */
export function speechOptions(call: Call): SpeechModelV4CallOptions & { readonly dropped: readonly string[] } {
  const parsed = speechRequestSchema.safeParse(call.body);
  if (!parsed.success) throw invalidRequest(parsed.error);
  const { input: text, voice, response_format: outputFormat, speed, instructions } = parsed.data;
  if (call.stream) throw unsupported('stream_format', 'must be "audio" for this model: its provider sends no events of sound.');
  return {
    text,
    ...(typeof voice === 'string' && { voice }),
    ...(outputFormat != null && { outputFormat }),
    ...(speed != null && { speed }),
    ...(instructions != null && { instructions }),
    dropped: droppedFields(call.body, ['input', 'voice', 'response_format', 'speed', 'instructions', 'stream_format']),
  };
}

/** A reranking request in the words of the AI SDK. */
export function rerankOptions(call: Call): RerankingModelV4CallOptions & { readonly dropped: readonly string[] } {
  const parsed = rerankRequestSchema.safeParse(call.body);
  if (!parsed.success) throw invalidRequest(parsed.error);
  const { query, documents, top_n: topN } = parsed.data;
  return {
    query,
    documents: { type: 'text', values: documents.map(documentText) },
    ...(topN != null && { topN }),
    dropped: droppedFields(call.body, ['query', 'documents', 'top_n', 'return_documents']),
  };
}

/** The ranking as Cohere sends it. Each request is at least one search unit; more are counted as they can be known. */
export function rerankBody(call: Call, result: RerankingModelV4Result, id: string): { readonly json: JsonObject; readonly usage: Usage } {
  const documents = Array.isArray(call.body.documents) ? call.body.documents : [];
  const results = result.ranking.map(({ index, relevanceScore }) => {
    const document = documents[index];
    const shown = call.body.return_documents === true && document !== undefined;
    return {
      index,
      relevance_score: relevanceScore,
      ...(shown && { document: isJsonObject(document) ? document : { text: document } }),
    };
  });
  const searches = Math.max(1, call.units?.searches ?? 1);
  return { json: { id, results, meta: { billed_units: { search_units: searches } } }, usage: usageOf({ searches }) };
}
