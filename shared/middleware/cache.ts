import { cacheKey } from '../cache/cache-key.ts';
import { type CachePolicy, cachePolicy, onlyIfCachedMiss } from '../cache/cache-policy.ts';
import { isCacheable } from '../cache/cacheable.ts';
import { modelDimension, namespaceDimension } from '../cache/cached-answer.ts';
import { freshnessOf } from '../cache/freshness.ts';
import { tried } from '../cache/outage.ts';
import type { Call } from '../calls/call.ts';
import { readKeyDefaults } from '../config/config-defaults.ts';
import type { Routed } from '../routing/journey.ts';
import { describeError } from '../telemetry/log.ts';
import type { CacheExchange, CacheLookup } from './cache-exchange.ts';
import type { CacheParts } from './cache-parts.ts';
import { questionOf, replayedRoute, usable } from './cache-replay.ts';
import { wordingOfCall } from './cache-wording.ts';
import { type Exchange, type GatewayMiddleware, type GatewayResponse, known } from './exchange.ts';

export interface CacheOptions {
  readonly parts: () => Promise<CacheParts>;
  /** Answers a call with what took the place of a provider's answer. */
  readonly respondWith: (exchange: Exchange, routed: () => Promise<Routed>) => Promise<GatewayResponse>;
}

/**
 * Begins to look an answer up while the call is being admitted, so that both take one round trip; whatever is found is
 * served after admission only. A call that the cache has no part in costs no access to the store.
 */
export function cache(options: CacheOptions): GatewayMiddleware {
  return {
    before: async function cacheBefore(request): Promise<undefined> {
      const { exchange } = request.context;
      const { call, endpoint } = exchange;
      if (call === undefined || endpoint?.kind !== 'call') return;
      exchange.responseHeaders['x-sluice-cache'] = 'bypass';
      const policy = policyOf(exchange, call);
      if (policy !== undefined) await beginLookup(exchange, call, policy, await options.parts());
    },
    onError: async function cacheOnError(request): Promise<GatewayResponse | undefined> {
      // Errors before the trace leave no exchange behind.
      const exchange: Exchange | undefined = request.context.exchange;
      if (exchange === undefined) return undefined;
      return await answerThoughSpent(exchange, request.error, options);
    },
  };
}

/** The policy of a call; undefined where the cache has no part in it. */
function policyOf(exchange: Exchange, call: Call): CachePolicy | undefined {
  const { settings } = known(exchange.config, 'config');
  const { route, targets } = known(exchange.plan, 'plan');
  const ofRoute = route !== undefined && Object.hasOwn(settings.models, route) ? settings.models[route]?.cache : undefined;
  const ofKey = readKeyDefaults(known(exchange.principal, 'principal').key.defaults).cache;
  const policy = cachePolicy([settings.defaults.cache, ofRoute, ofKey], exchange.http.headers);
  if (policy === undefined || isCacheable(call, exchange.dialect, policy, targets)) return policy;
  if (policy.onlyIfCached) throw onlyIfCachedMiss('calls of this kind are not cached');
  return undefined;
}

async function beginLookup(exchange: Exchange, call: Call, policy: CachePolicy, parts: CacheParts): Promise<void> {
  const plan = known(exchange.plan, 'plan');
  // What a caller names its question by stands for its words.
  const wording = policy.callerKey === undefined ? await wordingOfCall(exchange, call, parts) : undefined;
  const key = cacheKey({ ...questionOf(exchange, policy), wording });
  const models = new Set([plan.requested, ...plan.targets.map(({ name }) => name)]);
  const dimensions = [...models].map(modelDimension);
  if (policy.namespace !== undefined) dimensions.push(namespaceDimension(policy.namespace));
  exchange.responseHeaders['x-sluice-cache-key'] = key;
  exchange.cache = {
    key,
    dialect: call.dialect,
    worded: wording !== undefined,
    policy,
    dimensions,
    lookup: lookUp(exchange, key, parts),
    outcome: 'bypass',
  };
}

async function lookUp(exchange: Exchange, key: string, parts: CacheParts): Promise<CacheLookup | undefined> {
  const begunAtMs = parts.nowMs();
  if (parts.outage.isOn(begunAtMs)) return undefined;
  try {
    // The store's client has patience of its own; a call that gave up earlier would only add to a burst.
    const [slot, generations] = await Promise.all([parts.flight.find(key), tried(() => parts.generations.current())]);
    parts.outage.answered(parts.nowMs());
    return { slot, generations };
  } catch (error) {
    parts.outage.failed(begunAtMs, parts.nowMs());
    parts.log.write('warn', 'cache look-up failed', { request_id: exchange.requestId, cause: describeError(error) });
    return undefined;
  } finally {
    exchange.timings.cache = parts.nowMs() - begunAtMs;
  }
}

/** A stored answer costs nothing, so where the operator wants it, it is served to those whose budget is spent too. */
async function answerThoughSpent(
  exchange: Exchange,
  error: Error | null | undefined,
  options: CacheOptions,
): Promise<GatewayResponse | undefined> {
  const found: CacheExchange | undefined = exchange.cache;
  if (found === undefined || !found.policy.serveWhenExhausted || !isBudgetSpent(error)) return undefined;
  const lookup = await found.lookup;
  const { nowMs } = await options.parts();
  const answer = lookup && usable(lookup.slot.answer, found, lookup.generations);
  if (answer === undefined || freshnessOf(answer, found.policy, nowMs()) !== 'fresh') return undefined;
  // Where the stored answer cannot be told, the refusal stands.
  const routed = await replayedRoute(exchange, answer, 'hit', nowMs()).catch(() => undefined);
  return routed && (await options.respondWith(exchange, () => Promise.resolve(routed)));
}

function isBudgetSpent(error: Error | null | undefined): boolean {
  return error instanceof Error && 'code' in error && error.code === 'budget_exceeded';
}
