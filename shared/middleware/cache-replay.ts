import { Buffer } from 'node:buffer';
import type { Question } from '../cache/cache-key.ts';
import type { CachePolicy } from '../cache/cache-policy.ts';
import { type CachedAnswer, type Generations, isPurged, translatedAnswer } from '../cache/cached-answer.ts';
import { ageSeconds, freshForSeconds } from '../cache/freshness.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import type { Routed } from '../routing/journey.ts';
import { OpenedStream } from '../routing/opened-stream.ts';
import type { Target } from '../routing/plan.ts';
import type { FrameSource } from '../streaming/frame-source.ts';
import { ListedFrames } from '../streaming/listed-frames.ts';
import type { SseFrame } from '../streaming/sse-reader.ts';
import type { CacheExchange, CacheOutcome, Replayed } from './cache-exchange.ts';
import { toldInDialect } from './cache-wording.ts';
import { type Exchange, known } from './exchange.ts';

/** How a stored answer is streamed where it is to look like a model's. */
const pace = { intervalMs: 20, mostMs: 10_000 };

/** The stored answer, unless it was purged along one of the call's dimensions, or is another dialect's alone. */
export function usable(
  answer: CachedAnswer | undefined,
  cache: Pick<CacheExchange, 'dimensions' | 'dialect'>,
  generations: Generations,
): CachedAnswer | undefined {
  if (answer === undefined || isPurged(answer, cache.dimensions, generations)) return undefined;
  return answer.dialect === cache.dialect || answer.dialect === translatedAnswer ? answer : undefined;
}

/** The question that a call asks of the cache. */
export function questionOf(exchange: Exchange, policy: CachePolicy): Question {
  const { id, team, organization } = known(exchange.principal, 'principal').key;
  return {
    call: known(exchange.call, 'call'),
    targets: known(exchange.plan, 'plan').targets,
    tenant: { key: id, team, organization },
    scope: policy.scope,
    namespace: policy.namespace,
    callerKey: policy.callerKey,
  };
}

/** A stored answer of the cache in the place of a provider's, as a body or as a stream, whichever was asked for. */
export async function replayedRoute(exchange: Exchange, answer: CachedAnswer, outcome: CacheOutcome, nowMs: number): Promise<Routed> {
  const told = await toldInDialect(exchange, answer);
  const routed = await replay(exchange, { answer: told, from: 'cache' }, nowMs);
  // Where it is kept under another question, it is kept as it was found.
  exchange.replayed = { answer, from: 'cache' };
  // What was found by likeness is told as such, by whichever way it is come by.
  noteOutcome(exchange, answer.similarity === undefined ? outcome : 'semantic');
  Object.assign(exchange.responseHeaders, headersOf(exchange, told, nowMs));
  return routed;
}

function headersOf({ call, cache }: Exchange, answer: CachedAnswer, nowMs: number): Record<string, string> {
  return {
    age: String(ageSeconds(answer, nowMs)),
    'x-sluice-cost-usd': '0',
    // A stream tells the same, but not in the same bytes (RFC 9110 section 8.8.1).
    etag: call?.stream === true ? `W/${answer.etag}` : answer.etag,
    ...(cache && { 'x-sluice-cache-ttl': String(freshForSeconds(answer, cache.policy, nowMs)) }),
    ...(answer.sourceId !== undefined && { 'x-sluice-cache-source': answer.sourceId }),
    ...(answer.similarity !== undefined && { 'x-sluice-cache-similarity': String(answer.similarity) }),
    // Purging the likeness alone would bring it back.
    ...(answer.likeKey !== undefined && { 'x-sluice-cache-key': answer.likeKey }),
  };
}

/** Says what the cache did, where headers have not gone out yet. */
export function noteOutcome(exchange: Exchange, outcome: CacheOutcome): void {
  if (exchange.cache !== undefined) exchange.cache.outcome = outcome;
  exchange.responseHeaders['x-sluice-cache'] = outcome;
}

/** Serves a stored answer, of whatever origin. From here on the call costs nothing. */
export async function replay(exchange: Exchange, replayed: Replayed, nowMs: number): Promise<Routed> {
  const { answer } = replayed;
  const call = known(exchange.call, 'call');
  const json = parsed(answer.body);
  const base = { target: targetOf(exchange, answer), lane: answer.target, sentAtMs: nowMs, headers: {}, attempts: 0 };
  if (!call.stream) {
    exchange.replayed = replayed;
    return { ...base, kind: 'json', answer: { kind: 'json', status: 200, headers: {}, body: Buffer.from(answer.body), json } };
  }
  const { dialect } = exchange;
  const frames = known(dialect.recording, 'recording').replay(json, call);
  const source = await sourceOf(exchange, frames, replayed, nowMs);
  const stream = new OpenedStream(dialect, dialect.startStream(call), source, answer.target, () => {});
  await stream.opening(false);
  exchange.replayed = replayed;
  return { ...base, kind: 'stream', stream, usage: undefined };
}

/** The events all at once, or as a model would send them: some 50 a second, for 10 seconds at most. */
async function sourceOf(
  { cache, deadlineAtMs }: Exchange,
  frames: readonly SseFrame[],
  { from }: Replayed,
  nowMs: number,
): Promise<FrameSource> {
  // Who repeats a call has waited for its answer before.
  if (cache?.policy.paced !== true || from === 'idempotency') return new ListedFrames(frames);
  const { piecewise } = await import('../dialects/piecewise.ts');
  const pieces = piecewise(frames, pace.mostMs / pace.intervalMs);
  return new ListedFrames(pieces, { ...pace, mostMs: Math.min(pace.mostMs, (deadlineAtMs - nowMs) / 2) });
}

/** Who answered then; where the configuration has changed since, whoever would answer now stands in, under that name. */
function targetOf(exchange: Exchange, answer: CachedAnswer): Target {
  const { targets, requested } = known(exchange.plan, 'plan');
  const target = targets.find(({ name }) => name === answer.target);
  return target ?? { ...known(targets[0], `target of ${requested}`), name: answer.target };
}

function parsed(text: string): JsonObject {
  const value: JsonValue = JSON.parse(text);
  if (isJsonObject(value)) return value;
  throw new GatewayError('internal_error', 'A stored answer is not a JSON object.');
}
