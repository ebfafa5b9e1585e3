import * as z from 'zod';
import type { KeptSize } from '../cache/answer-store.ts';
import { type CachedAnswer, translatedAnswer } from '../cache/cached-answer.ts';
import { type PackedHead, pack, unpack } from './cache-codec.ts';
import type { DynamoDb, DynamoItem } from './dynamo-client.ts';

/** Where cached things are. */
export interface CacheTable {
  readonly db: DynamoDb;
  readonly table: string;
}

/** Items are swept by DynamoDB some time after this; readers go by the times inside. */
const sweptAfterSeconds = 3_600;

const headSchema = z.object({
  version: z.string(),
  encoding: z.enum(['br', 'zstd']),
  parts: z.int(),
  checksum: z.string(),
  bytes: z.int(),
  data: z.instanceof(Uint8Array).optional(),
});

const answerSchema = z.object({
  dialect: z.enum([
    'chat-completions',
    'responses',
    'messages',
    'completions',
    'embeddings',
    'gemini',
    'rerank',
    'images',
    'speech',
    'transcriptions',
    'moderations',
    translatedAnswer,
  ]),
  sourceId: z.string().optional(),
  target: z.string(),
  storedAtMs: z.number(),
  freshUntilMs: z.number(),
  keptUntilMs: z.number(),
  costNanoUsd: z.number().optional(),
  durationMs: z.number(),
  generations: z.record(z.string(), z.number()),
  etag: z.string(),
  similarity: z.number().optional(),
  likeKey: z.string().optional(),
});

/** The moment, in seconds, from which DynamoDB may delete an item that nobody needs after `neededUntilMs`. */
export function expiresAtOf(neededUntilMs: number): number {
  return Math.ceil(neededUntilMs / 1_000) + sweptAfterSeconds;
}

/** An answer as attributes of its head; parts, if any, are written. */
export async function packAnswer(
  answer: CachedAnswer,
  place: CacheTable,
): Promise<{ readonly attributes: DynamoItem; readonly size: KeptSize }> {
  const expiresAt = expiresAtOf(answer.keptUntilMs);
  const { body, ...facts } = answer;
  const { head, size } = await pack(body, { ...place, expiresAt });
  return { attributes: { ...facts, ...head, expiresAt }, size };
}

/** The answer in an item; undefined where there is none, or none that can be read whole. */
export async function unpackAnswer(item: DynamoItem | undefined, place: CacheTable): Promise<CachedAnswer | undefined> {
  if (item?.storedAtMs === undefined) return undefined;
  const head = headOf(item);
  const facts = answerSchema.safeParse(item);
  if (head === undefined || !facts.success) return undefined;
  const body = await unpack(head, place);
  return body === undefined ? undefined : { ...facts.data, body, costNanoUsd: facts.data.costNanoUsd };
}

/** What an item says of the text it holds. */
export function headOf(item: DynamoItem): PackedHead | undefined {
  const parsed = headSchema.safeParse(item);
  if (!parsed.success) return undefined;
  const { data, ...head } = parsed.data;
  return data === undefined ? head : { ...head, data };
}
