import type { CacheAdministration } from '../../shared/cache/cache-administration.ts';
import type { AdminParts, AdminRoute } from './operation.ts';
import { getCacheStats } from './operations/get-cache-stats.ts';
import { purgeCache } from './operations/purge-cache.ts';

/** The control plane's rows for the cache. */
export function cacheRoutes(
  parts: Pick<AdminParts, 'store' | 'clock' | 'randomBytes'> & { readonly cache: CacheAdministration },
): readonly AdminRoute[] {
  return [
    { method: 'GET', path: '/admin/cache/stats', operation: getCacheStats(parts) },
    { method: 'DELETE', path: '/admin/cache', operation: purgeCache(parts) },
  ];
}
