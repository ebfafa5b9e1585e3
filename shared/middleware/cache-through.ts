import { AnswerRecorder } from '../cache/answer-recorder.ts';
import { type Slot, storedAtMsOf } from '../cache/answer-store.ts';
import { type CachePolicy, onlyIfCachedMiss } from '../cache/cache-policy.ts';
import type { CachedAnswer, Generations } from '../cache/cached-answer.ts';
import { type Freshness, freshnessOf } from '../cache/freshness.ts';
import type { FlightEnd, Lead } from '../cache/single-flight.ts';
import type { ErrorCode } from '../errors/codes.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import type { Routed } from '../routing/journey.ts';
import { describeError } from '../telemetry/log.ts';
import type { CacheExchange } from './cache-exchange.ts';
import type { CacheParts, Embed } from './cache-parts.ts';
import { noteOutcome, replayedRoute, usable } from './cache-replay.ts';
import { translatedIn } from './cache-wording.ts';
import type { Exchange } from './exchange.ts';

/** A leader's death lets those who wait try for the lead; past so many rounds a call goes its own way. */
const mostRounds = 4;

/** Failures for which an expired answer is better than the error (RFC 5861 section 4). */
const outages: ReadonlySet<ErrorCode> = new Set([
  'provider_error',
  'provider_timeout',
  'no_target_available',
  'rate_limit_exceeded',
  'internal_error',
]);

/** One call at the cache, past admission. */
interface Visit {
  readonly exchange: Exchange;
  readonly cache: CacheExchange;
  readonly generations: Generations;
  readonly route: () => Promise<Routed>;
  readonly parts: CacheParts;
  readonly embed: Embed;
}

/**
 * Answers a call from the cache where that is allowed, from the answer that another call is waiting for where there is
 * one, and otherwise from a provider, taking down the answer for the calls to come. A store that fails is a miss.
 */
export async function throughCache(exchange: Exchange, route: () => Promise<Routed>, parts: CacheParts, embed: Embed): Promise<Routed> {
  const { cache } = exchange;
  if (cache === undefined) return recorded(exchange, await route());
  const lookup = await cache.lookup;
  noteOutcome(exchange, 'miss');
  if (lookup === undefined) {
    if (cache.policy.onlyIfCached) throw onlyIfCachedMiss('the cache cannot be read at this moment');
    return recorded(exchange, await route());
  }
  const visit: Visit = { exchange, cache, generations: lookup.generations, route, parts, embed };
  const found = await standing(visit, lookup.slot.answer);
  if (found.freshness === 'fresh') return serve(visit, found.answer, 'hit');
  if (found.freshness === 'revalidate') {
    cache.revalidation = claim(visit, found.answer.storedAtMs);
    return serve(visit, found.answer, 'stale');
  }
  if (cache.policy.onlyIfCached) throw onlyIfCachedMiss('there is none that is fresh');
  return await fetchOnce(visit, lookup.slot);
}

/** Judges an answer, and whether it still has what it was likened to. */
async function standing(visit: Visit, answer: CachedAnswer | undefined): Promise<Judged> {
  const found = judge(visit, answer);
  if (found.freshness === 'none') return found;
  if (found.answer.likeKey === undefined) return found;
  const { hasItsOriginal } = await import('./cache-semantic.ts');
  const stands = await hasItsOriginal(found.answer, visit.parts).catch((error: unknown) => noteFailure(visit.exchange, visit.parts, error));
  return stands === true ? found : { freshness: 'none', answer: undefined };
}

type Judged =
  | { readonly freshness: 'none'; readonly answer: undefined }
  | { readonly freshness: Exclude<Freshness, 'none'>; readonly answer: CachedAnswer };

function judge({ cache, generations, parts }: Visit, answer: CachedAnswer | undefined, policy: CachePolicy = cache.policy): Judged {
  const found = usable(answer, cache, generations);
  const freshness = found === undefined ? 'none' : freshnessOf(found, policy, parts.nowMs());
  return found === undefined || freshness === 'none' ? { freshness: 'none', answer: undefined } : { freshness, answer: found };
}

/** Serves a stored answer. One that cannot be told in the form that was asked for is no reason to fail: it is as if there was none. */
async function serve(visit: Visit, answer: CachedAnswer, outcome: 'hit' | 'stale' | 'coalesced'): Promise<Routed> {
  const { exchange, parts, route } = visit;
  try {
    return await replayedRoute(exchange, answer, outcome, parts.nowMs());
  } catch (error) {
    noteFailure(exchange, parts, error);
    noteOutcome(exchange, 'miss');
    return recorded(exchange, await route());
  }
}

/** Fetches the answer as the one that does so, or waits for whoever does. */
async function fetchOnce(visit: Visit, found: Slot): Promise<Routed> {
  const { cache, parts } = visit;
  let unusable = found;
  for (let round = 0; round < mostRounds; round += 1) {
    const claimed = await claim(visit, storedAtMsOf(unusable));
    if (claimed?.kind === 'leading') return await lead(visit, claimed.lead, unusable.answer);
    // Whoever wants nothing that is stored does not want what was asked before it either.
    if (claimed === undefined || cache.policy.refresh) break;
    const { slot } = claimed;
    const present = await standing(visit, slot.answer);
    if (present.freshness === 'fresh') return serve(visit, present.answer, 'hit');
    unusable = latest(slot, unusable);
    if (slot.leaseUntilMs <= parts.nowMs()) continue;
    const end = await follow(visit, storedAtMsOf(unusable));
    if (end?.kind === 'late') return await inNeed(visit, unusable.answer, end.error);
    if (end?.kind === 'landed' && judge(visit, end.answer).freshness === 'fresh') return serve(visit, end.answer, 'coalesced');
    const next = afterwards(visit, end);
    if (next === undefined) break;
    unusable = latest(next, unusable);
  }
  noteOutcome(visit.exchange, 'miss');
  return fetch(visit, unusable.answer);
}

/**
 * What those who waited find, of whom one may try for the lead: the leader is dead, or its answer was purged while it was
 * under way. Undefined where the next one would fare no better: the leader was refused, or got what may not be shared.
 */
function afterwards({ cache, generations }: Visit, end: FlightEnd | undefined): Slot | undefined {
  if (end?.kind === 'lapsed') return end.slot;
  const isPurged = end?.kind === 'landed' && usable(end.answer, cache, generations) === undefined;
  return isPurged ? { answer: end.answer, leaseUntilMs: 0 } : undefined;
}

/** What lies in a slot now; what lay there before where nothing does any more. */
function latest(slot: Slot, before: Slot): Slot {
  return storedAtMsOf(slot) === undefined ? before : slot;
}

/** Fetches the answer for all who want it, unless there is one to a question of the same meaning. */
async function lead(visit: Visit, taken: Lead, stale: CachedAnswer | undefined): Promise<Routed> {
  const { cache, exchange, generations, parts, embed } = visit;
  cache.lead = taken;
  // It may have waited for another before, which is dead.
  noteOutcome(exchange, 'miss');
  // Few routes compare by meaning.
  const alike =
    cache.policy.semantic && (await (await import('./cache-semantic.ts')).findAlike(exchange, cache, generations, parts, embed));
  return alike === undefined ? fetch(visit, stale) : serve(visit, alike, 'hit');
}

async function claim({ cache, exchange, parts }: Visit, outdated: number | undefined) {
  try {
    return await parts.flight.claim(cache.key, exchange.requestId, outdated);
  } catch (error) {
    noteFailure(exchange, parts, error);
    return undefined;
  }
}

/** How waiting ended: as the flight did, or before it did. */
type Waited = FlightEnd | { readonly kind: 'late'; readonly error: GatewayError };

/** Waits for the leader, for as long as the call itself has. Undefined when the store failed. */
async function follow({ cache, exchange, parts }: Visit, outdated: number | undefined): Promise<Waited | undefined> {
  noteOutcome(exchange, 'coalesced');
  const leaving = Promise.withResolvers<Waited>();
  const leave = (code: ErrorCode, message: string): void => leaving.resolve({ kind: 'late', error: new GatewayError(code, message) });
  const gone = (): void => leave('client_closed_request', 'The client closed the request.');
  const timer = setTimeout(
    () => leave('provider_timeout', 'The answer that an identical call is waiting for did not come in time.'),
    Math.max(0, exchange.deadlineAtMs - parts.nowMs()),
  );
  exchange.clientGone.addEventListener('abort', gone, { once: true });
  try {
    const end = parts.flight.follow(cache.key, outdated).catch((error: unknown) => noteFailure(exchange, parts, error));
    const waited = await Promise.race([end, leaving.promise]);
    if (waited?.kind === 'late') noteOutcome(exchange, 'miss');
    return waited;
  } finally {
    clearTimeout(timer);
    exchange.clientGone.removeEventListener('abort', gone);
  }
}

/** Asks the providers; when all of them fail, an expired answer inside its window is better than none. */
async function fetch(visit: Visit, stale: CachedAnswer | undefined): Promise<Routed> {
  const { exchange, route } = visit;
  try {
    return recorded(exchange, await route());
  } catch (error) {
    return await inNeed(visit, stale, error);
  }
}

/** The expired answer in the place of an outage's error. Throws the error where there is none, or where it is no outage. */
async function inNeed(visit: Visit, stale: CachedAnswer | undefined, error: unknown): Promise<Routed> {
  const found = judge(visit, stale, { ...visit.cache.policy, refresh: true });
  if (found.freshness !== 'if-error' || !(error instanceof GatewayError) || !outages.has(error.code)) throw error;
  return await replayedRoute(visit.exchange, found.answer, 'stale', visit.parts.nowMs()).catch(() => {
    throw error;
  });
}

/** Takes the answer down as it passes, where somebody will keep it. */
function recorded(exchange: Exchange, routed: Routed): Routed {
  if (exchange.cache?.lead === undefined && exchange.idempotency === undefined) return routed;
  if (routed.kind === 'binary' && routed.outline === undefined) return routed;
  exchange.recorder = new AnswerRecorder(exchange.dialect);
  const translated = translatedIn(routed);
  if (translated !== undefined) exchange.translated = translated;
  if (routed.kind === 'json') exchange.recorder.whole(routed.answer.body, routed.answer.json);
  return routed;
}

function noteFailure(exchange: Exchange, parts: CacheParts, error: unknown): undefined {
  parts.log.write('warn', 'cache failed', { request_id: exchange.requestId, cause: describeError(error) });
  return undefined;
}
