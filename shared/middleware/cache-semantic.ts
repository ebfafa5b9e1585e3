import { cacheKey } from '../cache/cache-key.ts';
import { type CachedAnswer, type Generations, generationsAlong } from '../cache/cached-answer.ts';
import { freshnessOf } from '../cache/freshness.ts';
import { semanticQuestion } from '../cache/semantic-question.ts';
import type { Neighbour } from '../cache/vector-index.ts';
import { describeError } from '../telemetry/log.ts';
import type { CacheExchange } from './cache-exchange.ts';
import type { CacheParts, Embed } from './cache-parts.ts';
import { questionOf, usable } from './cache-replay.ts';
import { type Exchange, known } from './exchange.ts';

/** An embedding that takes longer than this helps nobody, in milliseconds. */
const patienceMs = 3_000;

/**
 * Looks for an answer to a question of the same meaning, among those of the same tenant in which all but the words of the
 * last turn is the same; and notes where in that space this question is, for the answer it is going to get. Whatever fails
 * here makes a miss.
 */
export async function findAlike(
  exchange: Exchange,
  cache: CacheExchange,
  generations: Generations,
  parts: CacheParts,
  embed: Embed,
): Promise<CachedAnswer | undefined> {
  const { semantic: settings, callerKey, refresh } = cache.policy;
  if (settings === undefined || callerKey !== undefined || refresh || parts.vectorOutage.isOn(parts.nowMs())) return undefined;
  const call = known(exchange.call, 'call');
  const question = semanticQuestion(call);
  if (question === undefined) return undefined;
  try {
    const embedded = await withinPatience(embed(exchange, settings, question.text));
    if (embedded === undefined) return undefined;
    const { vector, madeBy } = embedded;
    // A purge begins a new space, in which nothing old is in the way.
    const space = {
      model: madeBy,
      dimensions: vector.length,
      generations: { ...generationsAlong(cache.dimensions, generations) },
    };
    const partition = cacheKey({
      ...questionOf(exchange, cache.policy),
      call: { ...call, body: question.rest },
      callerKey: undefined,
      space,
    });
    cache.point = { partition, vector };
    for (const { key, similarity } of await nearest({ partition, vector }, settings.threshold, parts)) {
      const { answer } = await parts.answers.find(key, false);
      const found = usable(answer, cache, generations);
      // An answer that was itself found by likeness is no ground for another: nearness would wander off.
      if (found === undefined || found.similarity !== undefined) continue;
      if (freshnessOf(found, cache.policy, parts.nowMs()) === 'fresh') return { ...found, similarity: rounded(similarity), likeKey: key };
    }
  } catch (error) {
    parts.log.write('warn', 'semantic cache failed', { request_id: exchange.requestId, cause: describeError(error) });
  }
  return undefined;
}

/** Whether an answer that was found by likeness still has the one it was found by: what was purged by its key is gone for all. */
export async function hasItsOriginal(answer: CachedAnswer, { answers }: CacheParts): Promise<boolean> {
  if (answer.likeKey === undefined) return true;
  const original = await answers.find(answer.likeKey, false);
  return original.answer?.storedAtMs === answer.storedAtMs;
}

/** Asks the index, and remembers how it fared: while it is down, nobody waits for it, nor pays for an embedding in vain. */
async function nearest(
  point: NonNullable<CacheExchange['point']>,
  threshold: number,
  { vectors, vectorOutage, nowMs }: CacheParts,
): Promise<readonly Neighbour[]> {
  const begunAtMs = nowMs();
  try {
    const found = await vectors.nearest(point.partition, point.vector, threshold);
    vectorOutage.answered(nowMs());
    return found;
  } catch (error) {
    vectorOutage.failed(begunAtMs, nowMs());
    throw error;
  }
}

/** Notes a question whose answer was stored, for the questions like it. Never throws. */
export async function indexQuestion(exchange: Exchange, cache: CacheExchange, expiresAtMs: number, parts: CacheParts): Promise<void> {
  const { point, key } = cache;
  if (point === undefined) return;
  await parts.vectors.add(point.partition, { key, vector: point.vector, expiresAtMs }).catch((error: unknown) => {
    parts.log.write('warn', 'semantic cache failed', { request_id: exchange.requestId, cause: describeError(error) });
  });
}

function rounded(similarity: number): number {
  return Math.min(1, Math.round(similarity * 10_000) / 10_000);
}

async function withinPatience<Value>(promise: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no embedding within ${patienceMs} ms`)), patienceMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
