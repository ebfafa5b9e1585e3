import { AnswerRecorder, type RecordedBody } from '../cache/answer-recorder.ts';
import { type KeptSize, noCounts } from '../cache/answer-store.ts';
import { isKeepable } from '../cache/cacheable.ts';
import { type CachedAnswer, savedMsBy } from '../cache/cached-answer.ts';
import type { Lead } from '../cache/single-flight.ts';
import type { Usage } from '../calls/usage.ts';
import { factsOf } from '../providers/transport.ts';
import { routeCall } from '../routing/attempts.ts';
import type { RoutingPorts } from '../routing/journey.ts';
import type { Target } from '../routing/plan.ts';
import { describeError } from '../telemetry/log.ts';
import type { CacheExchange } from './cache-exchange.ts';
import type { CacheParts } from './cache-parts.ts';
import { etagOf, translatedIn, wordedAnswer } from './cache-wording.ts';
import { type Answered, type Exchange, known } from './exchange.ts';
import { journeyOf } from './respond.ts';

/** What keeping an answer needs of the world. */
export interface KeepPorts {
  readonly cache: CacheParts;
  readonly routing: RoutingPorts;
  readonly costOf: (target: Target, usage: Usage, serviceTier: string | undefined) => number | undefined;
}

/**
 * Fetches a fresh answer in the place of the expired one that the caller has got by now. The call pays for it, out of
 * what is still held. Runs after the last byte and before settling. Never throws.
 */
export async function revalidate(exchange: Exchange, ports: KeepPorts): Promise<void> {
  const claimed = await exchange.cache?.revalidation;
  if (exchange.cache === undefined || claimed?.kind !== 'leading') return;
  exchange.cache.lead = claimed.lead;
  const call = known(exchange.call, 'call');
  try {
    const journey = { ...journeyOf(exchange), signal: new AbortController().signal, call: { ...call, stream: false } };
    const routed = await routeCall(journey, ports.routing);
    if (routed.kind !== 'json') return;
    const { answer, target } = routed;
    exchange.recorder = new AnswerRecorder(exchange.dialect);
    exchange.recorder.whole(answer.body, answer.json);
    const translated = translatedIn(routed);
    if (translated !== undefined) exchange.translated = translated;
    const usage = answer.usage === undefined ? undefined : () => answer.usage;
    exchange.answered = { target, facts: factsOf(exchange.dialect, answer), usage, answeredAtMs: ports.cache.nowMs() };
    delete exchange.replayed;
  } catch (error) {
    ports.cache.log.write('warn', 'cache revalidation failed', { request_id: exchange.requestId, cause: describeError(error) });
  }
}

/** Stores what the call has got, if it led and if that may be kept, and counts what the cache did. Never throws. */
export async function keepAnswer(exchange: Exchange, ports: KeepPorts): Promise<void> {
  const { cache } = exchange;
  if (cache === undefined) return;
  const served = exchange.replayed?.answer;
  const size = cache.lead === undefined ? undefined : await keepLed(exchange, cache, cache.lead, ports);
  await Promise.all([count(exchange, cache, served, size, ports), cache.embedded]);
}

async function keepLed(exchange: Exchange, cache: CacheExchange, lead: Lead, ports: KeepPorts): Promise<KeptSize | undefined> {
  const alike = exchange.replayed?.answer;
  // Under its own key too, so that the next time nothing has to be compared, and those who wait are served.
  if (alike?.similarity !== undefined) {
    await lead.keep(alike);
    return undefined;
  }
  const lookup = await cache.lookup;
  const kept = await finishedAnswer(exchange, ports);
  if (lookup === undefined || kept === undefined || !isKeepable(known(exchange.call, 'call').dialect, kept.json, kept.answered.facts)) {
    await lead.abandon();
    return undefined;
  }
  const { storedAtMs } = kept.answer;
  const freshUntilMs = storedAtMs + cache.policy.ttlMs;
  const answer = {
    ...kept.answer,
    ...wordedAnswer(exchange),
    freshUntilMs,
    keptUntilMs: freshUntilMs + cache.policy.keptStaleMs,
    generations: lookup.generations,
  };
  const size = await lead.keep(answer);
  if (size !== undefined && cache.point !== undefined) {
    await (await import('./cache-semantic.ts')).indexQuestion(exchange, cache, freshUntilMs, ports.cache);
  }
  return size;
}

/** The whole answer of a provider to this call, once it is known to be whole; undefined for every other. */
export async function finishedAnswer(
  exchange: Exchange,
  ports: Pick<KeepPorts, 'cache' | 'costOf'>,
): Promise<{ readonly answer: CachedAnswer; readonly json: RecordedBody['json']; readonly answered: Answered } | undefined> {
  const delivery = await exchange.delivery;
  const { answered, recorder, replayed } = exchange;
  const isRefreshed = exchange.cache?.revalidation !== undefined;
  if (answered === undefined || recorder === undefined || replayed !== undefined) return undefined;
  if (!isRefreshed && delivery !== undefined && delivery.ending !== 'complete') return undefined;
  const body = recorder.body();
  if (body === undefined) return undefined;
  const { target, facts } = answered;
  const usage = answered.usage?.() ?? facts.usage;
  const costNanoUsd = usage === undefined ? undefined : ports.costOf(target, usage, facts.serviceTier);
  const storedAtMs = Math.floor(ports.cache.nowMs());
  const answer = {
    dialect: known(exchange.call, 'call').dialect,
    body: body.text,
    sourceId: exchange.requestId,
    target: target.name,
    storedAtMs,
    freshUntilMs: storedAtMs,
    keptUntilMs: storedAtMs,
    costNanoUsd: costNanoUsd === undefined ? undefined : costNanoUsd + (exchange.resumed?.consumption.costNanoUsd ?? 0),
    durationMs: Math.round(storedAtMs - exchange.startedAtMs),
    generations: {},
    etag: etagOf(body.text),
  };
  return { answer, json: body.json, answered };
}

async function count(
  exchange: Exchange,
  cache: CacheExchange,
  served: CachedAnswer | undefined,
  size: KeptSize | undefined,
  ports: KeepPorts,
): Promise<void> {
  // Refused before the cache was asked.
  if (cache.outcome === 'bypass') return;
  const counts = noCounts();
  if (cache.outcome === 'hit') counts.hits = 1;
  else if (cache.outcome === 'semantic') counts.semantic = 1;
  else if (cache.outcome === 'coalesced') counts.coalesced = 1;
  else if (cache.outcome === 'stale') counts.stale = 1;
  else counts.misses = 1;
  if (size !== undefined) Object.assign(counts, { stored: 1, bodyBytes: size.bytes, storedBytes: size.storedBytes });
  if (served !== undefined) {
    counts.savedNanoUsd = served.costNanoUsd ?? 0;
    counts.savedMs = savedMsBy(served, ports.cache.nowMs() - exchange.startedAtMs);
  }
  await ports.cache.statistics.add(counts, ports.cache.nowMs()).catch((error: unknown) => {
    ports.cache.log.write('warn', 'cache counts failed', { request_id: exchange.requestId, cause: describeError(error) });
  });
}
