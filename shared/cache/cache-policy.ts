import { GatewayError } from '../errors/gateway-error.ts';
import { type CacheDirectives, parseCacheControl } from './cache-control.ts';
import type { CacheScope, CacheSettings, SemanticSettings } from './cache-settings.ts';

/** How the cache treats one call: what the operator configured, narrowed by what the caller asked. Times in milliseconds. */
export interface CachePolicy {
  /** How long an answer of this call is fresh once stored, and how old a stored one may be to be served. */
  readonly ttlMs: number;
  readonly scope: CacheScope;
  /** Serve nothing that is stored, but store the answer (`no-cache`). */
  readonly refresh: boolean;
  readonly onlyIfCached: boolean;
  /** A stored answer must be no older than this, where the caller said so. */
  readonly maxAgeMs: number | undefined;
  /** A stored answer must stay fresh for this long at least. */
  readonly minFreshMs: number;
  readonly staleWhileRevalidateMs: number;
  readonly staleIfErrorMs: number;
  /** Windows the operator grants, by which an entry is kept, whatever this caller asked. */
  readonly keptStaleMs: number;
  readonly nondeterministic: boolean;
  readonly serveWhenExhausted: boolean;
  /** Whether a stored answer is streamed at a model's pace. */
  readonly paced: boolean;
  /** Undefined where only the very same question is answered alike. */
  readonly semantic: SemanticSettings | undefined;
  readonly namespace: string | undefined;
  readonly callerKey: string | undefined;
}

/** Laid over one another, the later one winning field by field: the defaults, the route, the key. */
export type ConfiguredSettings = readonly (CacheSettings | undefined)[];

const longestNameLength = 256;

/**
 * Makes the policy of a call. A caller can narrow and never widen: nothing a header says turns on what the operator left
 * off, keeps an answer for longer, or shares it with more people.
 * @returns undefined where the cache has no part in the call: off, or `no-store`.
 * @throws GatewayError `invalid_request` naming the header that is wrong; `only_if_cached_miss` when only a stored answer
 * will do and there is no cache to hold one.
 */
export function cachePolicy(configured: ConfiguredSettings, headers: Readonly<Record<string, string>>): CachePolicy | undefined {
  const settings: CacheSettings = {};
  for (const layer of configured) Object.assign(settings, layer);
  const directives = parseCacheControl(headers['cache-control']);
  const wishedSeconds = readSeconds(headers, 'x-sluice-cache-ttl');
  const namespace = readName(headers, 'x-sluice-cache-namespace');
  const callerKey = readName(headers, 'x-sluice-cache-key');
  const ttlSeconds = settings.ttl_seconds ?? 0;
  const allowedSeconds = Math.max(ttlSeconds, settings.max_ttl_seconds ?? 0);
  const ttlMs = 1_000 * Math.min(allowedSeconds, wishedSeconds ?? ttlSeconds);
  if (ttlMs === 0 || directives.noStore) {
    if (directives.onlyIfCached) throw onlyIfCachedMiss('the cache is off for this call');
    return undefined;
  }
  return {
    ttlMs,
    scope: settings.scope ?? 'team',
    refresh: directives.noCache || directives.maxAge === 0,
    onlyIfCached: directives.onlyIfCached,
    maxAgeMs: directives.maxAge === undefined ? undefined : directives.maxAge * 1_000,
    minFreshMs: (directives.minFresh ?? 0) * 1_000,
    ...staleness(settings, directives),
    nondeterministic: settings.nondeterministic === true || wishedSeconds !== undefined,
    serveWhenExhausted: settings.serve_when_exhausted === true,
    paced: settings.replay === 'paced',
    semantic: settings.semantic ?? undefined,
    namespace,
    callerKey,
  };
}

/** For how long past its freshness an answer may be served, and is kept. */
function staleness(
  settings: CacheSettings,
  directives: CacheDirectives,
): Pick<CachePolicy, 'staleWhileRevalidateMs' | 'staleIfErrorMs' | 'keptStaleMs'> {
  const { stale_while_revalidate_seconds: whileRevalidate = 0, stale_if_error_seconds: ifError = 0 } = settings;
  const { noCache, maxAge, minFresh, staleIfError, staleWhileRevalidate } = directives;
  // An age the caller names is a bound that staleness must not stretch, unless in need, where they say that too.
  const mindsAge = noCache || maxAge !== undefined || minFresh !== undefined;
  return {
    staleWhileRevalidateMs: maxAge === undefined ? 1_000 * Math.min(whileRevalidate, staleWhileRevalidate ?? whileRevalidate) : 0,
    staleIfErrorMs: 1_000 * Math.min(ifError, staleIfError ?? (mindsAge ? 0 : ifError)),
    keptStaleMs: 1_000 * Math.max(whileRevalidate, ifError),
  };
}

/** The refusal of a call that only a stored answer would have satisfied. */
export function onlyIfCachedMiss(why: string): GatewayError {
  return new GatewayError('only_if_cached_miss', `The call asks for a cached answer only (Cache-Control: only-if-cached), and ${why}.`, {
    param: 'cache-control',
  });
}

function readSeconds(headers: Readonly<Record<string, string>>, name: string): number | undefined {
  const text = headers[name]?.trim();
  if (text === undefined || text === '') return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new GatewayError('invalid_request', `${name} must be a whole number of seconds.`, { param: name });
}

function readName(headers: Readonly<Record<string, string>>, name: string): string | undefined {
  const text = headers[name]?.trim();
  if (text === undefined || text === '') return undefined;
  if (text.length <= longestNameLength) return text;
  throw new GatewayError('invalid_request', `${name} must be at most ${longestNameLength} characters.`, { param: name });
}
