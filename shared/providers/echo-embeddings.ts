import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { Call } from '../calls/call.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';

/** Numbers of a vector where the caller asks for none in particular. */
const defaultDimensions = 256;
const mostDimensions = 4_096;

/** Embeddings that depend on the text alone: the same text has the same vector everywhere and always. */
export function echoEmbeddings({ body }: Call, inputTokens: number): JsonObject {
  const { input } = body;
  const isOne = !Array.isArray(input) || input.every((item) => typeof item === 'number');
  const inputs: JsonValue[] = isOne ? [input ?? ''] : input;
  const wanted = typeof body.dimensions === 'number' ? Math.min(body.dimensions, mostDimensions) : defaultDimensions;
  const data = inputs.map((item, index) => {
    const vector = vectorOf(typeof item === 'string' ? item : JSON.stringify(item), wanted);
    return { object: 'embedding', index, embedding: body.encoding_format === 'base64' ? base64Of(vector) : [...vector] };
  });
  return { object: 'list', data, model: 'echo', usage: { prompt_tokens: inputTokens, total_tokens: inputTokens } };
}

/** A unit vector drawn from the text's hash. */
function vectorOf(text: string, dimensions: number): Float32Array {
  const bytes: number[] = [];
  for (let block = 0; bytes.length < dimensions * 2; block += 1) bytes.push(...createHash('sha256').update(`${block}:${text}`).digest());
  const raw = Array.from({ length: dimensions }, (_, index) => ((bytes[index * 2] ?? 0) * 256 + (bytes[index * 2 + 1] ?? 0)) / 32_768 - 1);
  const length = Math.hypot(...raw) || 1;
  return Float32Array.from(raw, (value) => value / length);
}

function base64Of(vector: Float32Array): string {
  return Buffer.from(vector.buffer).toString('base64');
}

/** Reranks by how many of the query's words a document holds. */
export function echoRerank({ body }: Call, id: string, inputTokens: number): JsonObject {
  const documents = Array.isArray(body.documents) ? body.documents : [];
  const words = wordsOf(typeof body.query === 'string' ? body.query : '');
  const scored = documents.map((document, index) => {
    const text = typeof document === 'string' ? document : JSON.stringify(document);
    const held = wordsOf(text);
    const shared = [...words].filter((word) => held.has(word)).length;
    return {
      index,
      relevance_score: words.size === 0 ? 0 : shared / words.size,
      ...(body.return_documents === true && { document: isJsonObject(document) ? document : { text } }),
    };
  });
  const sorted = scored.toSorted((one, other) => other.relevance_score - one.relevance_score);
  const results = sorted.slice(0, typeof body.top_n === 'number' ? body.top_n : undefined);
  return { id, results, meta: { billed_units: { search_units: 1 } }, usage: { total_tokens: inputTokens } };
}

function wordsOf(text: string): Set<string> {
  return new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []);
}
