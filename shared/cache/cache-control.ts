/** What a caller asks of the cache by `Cache-Control` (RFC 9111 section 5.2.1, RFC 5861), in seconds where there is a number. */
export interface CacheDirectives {
  readonly noStore: boolean;
  readonly noCache: boolean;
  readonly onlyIfCached: boolean;
  readonly maxAge: number | undefined;
  readonly minFresh: number | undefined;
  readonly staleIfError: number | undefined;
  readonly staleWhileRevalidate: number | undefined;
}

const longestSeconds = 2 ** 31;

/**
 * Reads a `Cache-Control` request header. Names are case-insensitive and values may be quoted; what is unknown, and a
 * number that is none, is left aside, as RFC 9111 section 5.2 asks. Of a directive that comes twice the first counts.
 */
export function parseCacheControl(header: string | undefined): CacheDirectives {
  const directives = new Map<string, string | undefined>();
  for (const [, name, quoted, plain] of (header ?? '').matchAll(/([\w!#$%&'*+.^`|~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?/g)) {
    const key = name?.toLowerCase() ?? '';
    if (!directives.has(key)) directives.set(key, quoted ?? plain);
  }
  const seconds = (name: string): number | undefined => {
    const value = directives.get(name);
    return value !== undefined && /^\d+$/.test(value) ? Math.min(Number(value), longestSeconds) : undefined;
  };
  return {
    noStore: directives.has('no-store'),
    noCache: directives.has('no-cache'),
    onlyIfCached: directives.has('only-if-cached'),
    maxAge: seconds('max-age'),
    minFresh: seconds('min-fresh'),
    staleIfError: seconds('stale-if-error'),
    staleWhileRevalidate: seconds('stale-while-revalidate'),
  };
}
