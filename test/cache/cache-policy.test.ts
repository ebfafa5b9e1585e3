import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCacheControl } from '../../shared/cache/cache-control.ts';
import { cachePolicy } from '../../shared/cache/cache-policy.ts';
import type { CacheSettings } from '../../shared/cache/cache-settings.ts';
import { freshnessOf } from '../../shared/cache/freshness.ts';

const on: CacheSettings = { ttl_seconds: 100 };
const policyOf = (settings: CacheSettings, headers: Record<string, string> = {}) => cachePolicy([settings], headers);

describe('Cache-Control of a request', () => {
  it('is read whatever its case, quotes and spaces, and whatever else it says', () => {
    expect(parseCacheControl('Max-Age="60", MIN-FRESH = 5 ,no-transform, foo=bar, only-if-cached, stale-if-error=7')).toEqual({
      noStore: false,
      noCache: false,
      onlyIfCached: true,
      maxAge: 60,
      minFresh: 5,
      staleIfError: 7,
      staleWhileRevalidate: undefined,
    });
    expect(parseCacheControl('x="no-store", max-age=abc, max-age=5')).toMatchObject({ noStore: false, maxAge: undefined });
    expect(parseCacheControl(undefined)).toMatchObject({ noStore: false, maxAge: undefined });
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseCacheControl(text)).toHaveProperty('noStore');
      }),
    );
  });
});

describe('the policy of a call', () => {
  it('is nothing while the operator has not turned the cache on', () => {
    expect(policyOf({})).toBeUndefined();
    expect(policyOf({ ttl_seconds: 0 }, { 'x-sluice-cache-ttl': '60', 'cache-control': 'max-age=60' })).toBeUndefined();
    expect(policyOf({ stale_if_error_seconds: 60 })).toBeUndefined();
  });

  it('is never wider than the operator allows, whatever the headers say', () => {
    const settings = fc.record(
      {
        ttl_seconds: fc.nat(1000),
        max_ttl_seconds: fc.nat(1000),
        stale_while_revalidate_seconds: fc.nat(1000),
        stale_if_error_seconds: fc.nat(1000),
      },
      { requiredKeys: [] },
    );
    const directive = fc.tuple(
      fc.constantFrom('max-age', 'min-fresh', 'stale-if-error', 'stale-while-revalidate', 'max-stale', 'no-cache'),
      fc.nat(5000),
    );
    const headers = fc.record(
      {
        'cache-control': fc.array(directive).map((list) => list.map(([name, value]) => `${name}=${value}`).join(', ')),
        'x-sluice-cache-ttl': fc.nat(5000).map(String),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(settings, headers, (operator, sent) => {
        const policy = policyOf(operator, sent);
        const allowedMs = 1000 * Math.max(operator.ttl_seconds ?? 0, operator.max_ttl_seconds ?? 0);
        expect(policy?.ttlMs ?? 0).toBeLessThanOrEqual(allowedMs);
        expect(policy?.staleIfErrorMs ?? 0).toBeLessThanOrEqual(1000 * (operator.stale_if_error_seconds ?? 0));
        expect(policy?.staleWhileRevalidateMs ?? 0).toBeLessThanOrEqual(1000 * (operator.stale_while_revalidate_seconds ?? 0));
        expect(policy?.scope ?? 'team').toBe('team');
      }),
    );
  });

  it('takes the key before the route and the route before the defaults, field by field', () => {
    const policy = cachePolicy([{ ttl_seconds: 1, scope: 'gateway' }, { ttl_seconds: 2, nondeterministic: true }, { ttl_seconds: 3 }], {});
    expect(policy).toMatchObject({ ttlMs: 3000, scope: 'gateway', nondeterministic: true });
    expect(cachePolicy([on, undefined, { ttl_seconds: 0 }], {})).toBeUndefined();
  });

  it('refuses what only a stored answer would satisfy where none can be', () => {
    expect(() => policyOf({}, { 'cache-control': 'only-if-cached' })).toThrow(expect.objectContaining({ code: 'only_if_cached_miss' }));
    expect(() => policyOf(on, { 'cache-control': 'only-if-cached, no-store' })).toThrow(
      expect.objectContaining({ code: 'only_if_cached_miss' }),
    );
    expect(() => policyOf(on, { 'x-sluice-cache-ttl': '1.5' })).toThrow(expect.objectContaining({ code: 'invalid_request' }));
    expect(() => policyOf(on, { 'x-sluice-cache-namespace': 'n'.repeat(257) })).toThrow(
      expect.objectContaining({ code: 'invalid_request' }),
    );
  });
});

describe('a stored answer', () => {
  const answer = { storedAtMs: 0, freshUntilMs: 100_000, keptUntilMs: 160_000 };
  const judged = (nowMs: number, settings: CacheSettings = on, cacheControl = '') => {
    const policy = policyOf(settings, { 'cache-control': cacheControl });
    return policy && freshnessOf(answer, policy, nowMs);
  };
  const stale = { ...on, stale_while_revalidate_seconds: 20, stale_if_error_seconds: 40 };

  it.each([
    [0, on, '', 'fresh'],
    [99_999, on, '', 'fresh'],
    [100_000, on, '', 'none'],
    [50_000, { ttl_seconds: 50 }, '', 'none'],
    [120_000, { ttl_seconds: 200 }, '', 'none'],
    [30_000, on, 'max-age=30', 'fresh'],
    [30_001, on, 'max-age=30', 'none'],
    [60_000, on, 'min-fresh=39', 'fresh'],
    [60_000, on, 'min-fresh=40', 'none'],
    [0, on, 'no-cache', 'none'],
    [0, on, 'max-age=0', 'none'],
    [110_000, stale, '', 'revalidate'],
    [110_000, stale, 'max-age=200', 'none'],
    [110_000, stale, 'max-age=200, stale-if-error=40', 'if-error'],
    [110_000, stale, 'min-fresh=1', 'none'],
    [110_000, stale, 'stale-while-revalidate=5', 'if-error'],
    [119_999, stale, '', 'revalidate'],
    [120_000, stale, '', 'if-error'],
    [139_999, stale, '', 'if-error'],
    [140_000, stale, '', 'none'],
    [130_000, stale, 'stale-if-error=10', 'none'],
    [50_000, stale, 'no-cache', 'none'],
    [50_000, stale, 'no-cache, stale-if-error=9000', 'if-error'],
    [170_000, { ...on, stale_if_error_seconds: 9000 }, '', 'none'],
  ] as const)('at %i ms under %o and %j is %s', (nowMs, settings, cacheControl, expected) => {
    expect(judged(nowMs, settings, cacheControl)).toBe(expected);
  });
});
