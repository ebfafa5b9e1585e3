import { Buffer } from 'node:buffer';
import * as z from 'zod';
import type { Call } from '../calls/call.ts';
import { isJsonObject, type JsonObject } from '../calls/json.ts';
import { reportedUsage, type Usage, wholeCount } from '../calls/usage.ts';
import { modelNameSchema } from './chat-completions-schema.ts';
import type { Dialect, DialectRequest } from './dialect.ts';
import { nativeEndpointBody, readInputUsage } from './embeddings.ts';
import { endpointCall } from './endpoint-call.ts';
import { invalidRequest } from './invalid-request.ts';
import { factsOf, openAiEndpoint } from './openai-endpoint.ts';

/**
 * Requests for reranking as Cohere (https://docs.cohere.com/reference/rerank) and those who follow it take them. A
 * document may be an object with a `text`, as Jina and others allow.
 */
export const rerankRequestSchema = z.looseObject({
  model: modelNameSchema,
  query: z.string({ error: 'must be a string' }).min(1, 'must not be empty'),
  documents: z
    .array(z.union([z.string(), z.looseObject({})]), { error: 'must be an array of strings' })
    .min(1, 'must hold at least one document'),
  top_n: z.int().positive().nullish(),
  return_documents: z.boolean().nullish(),
  max_tokens_per_doc: z.int().positive().nullish(),
});

/** The text of a document. */
export function documentText(document: string | Readonly<Record<string, unknown>>): string {
  if (typeof document === 'string') return document;
  return typeof document.text === 'string' ? document.text : JSON.stringify(document);
}

function parseRerankRequest(request: DialectRequest): Call {
  const parsed = rerankRequestSchema.safeParse(request.body);
  if (!parsed.success) throw invalidRequest(parsed.error);
  const { model, query, documents } = parsed.data;
  return endpointCall('rerank', model, request, {
    // The query is read once with every document.
    content: { textBytes: request.bodyBytes + Buffer.byteLength(query) * documents.length, messages: documents.length },
    units: { searches: searchUnitBound(query, documents.map(documentText)) },
  });
}

/** A document of more tokens than this counts as several; a search unit is a query with up to a hundred documents. */
const tokensPerDocument = 500;
const documentsPerUnit = 100;

/** The most search units a request can count, with a token for every byte (https://docs.cohere.com/docs/how-does-cohere-pricing-work). */
export function searchUnitBound(query: string, documents: readonly string[]): number {
  const queryBytes = Buffer.byteLength(query);
  const chunks = documents.reduce(
    (sum, text) => sum + Math.max(1, Math.ceil((queryBytes + Buffer.byteLength(text)) / tokensPerDocument)),
    0,
  );
  return Math.ceil(chunks / documentsPerUnit);
}

function readRerankUsage(body: JsonObject): Usage | undefined {
  const tokens = readInputUsage(body.usage);
  const meta = isJsonObject(body.meta) ? body.meta : {};
  const billed = isJsonObject(meta.billed_units) ? meta.billed_units : {};
  const searches = typeof billed.search_units === 'number' ? wholeCount(billed.search_units) : undefined;
  const read = readInputUsage(meta.tokens) ?? readInputUsage(billed);
  if (tokens === undefined && searches === undefined && read === undefined) return undefined;
  return reportedUsage({ inputTokens: tokens?.inputTokens ?? read?.inputTokens ?? 0, searches: searches ?? 0 });
}

/** Reranking, as Cohere, Jina, Together and LiteLLM have it. */
export const rerank: Dialect = openAiEndpoint({
  name: 'rerank',
  parse: parseRerankRequest,
  nativeBody: nativeEndpointBody,
  readAnswer: (body) => factsOf(body, readRerankUsage(body)),
});
