import * as z from 'zod';
import { type CacheAdministration, purgeLagMs } from '../../../shared/cache/cache-administration.ts';
import { everything, modelDimension, namespaceDimension } from '../../../shared/cache/cached-answer.ts';
import { auditedChange, type BeforeAndAfter } from '../../../shared/control/audited-change.ts';
import { originOf } from '../change-origin.ts';
import type { AdminParts, Operation } from '../operation.ts';
import { parseInput } from '../parse-input.ts';

const name = z.string().min(1).max(256);

const querySchema = z
  .strictObject({
    namespace: name.optional(),
    key: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'must be a cache key as x-sluice-cache-key tells it: 64 hexadecimal digits')
      .optional(),
    model: name.optional(),
    all: z.literal('true', 'must be true').optional(),
  })
  .refine((query) => Object.keys(query).length === 1, 'name exactly one of namespace, key, model and all=true');

/** `DELETE /admin/cache?namespace=…`, `?model=…`, `?key=…` or `?all=true`: forgets cached answers, without going through them. */
export function purgeCache(
  parts: Pick<AdminParts, 'store' | 'clock' | 'randomBytes'> & { readonly cache: CacheAdministration },
): Operation {
  return async (request) => {
    const query = parseInput(querySchema, request.query, 'query');
    const target = Object.entries(query)
      .map(([what, value]) => `${what}=${value}`)
      .join('');
    const body = { purged: query, in_effect_within_seconds: query.key === undefined ? purgeLagMs / 1_000 : 0 };
    const { found } = await auditedChange(parts.store, originOf(request, parts), { action: 'cache.purge', target }, () =>
      purge(query, parts.cache),
    );
    return { status: 200, body: { ...body, ...(found !== undefined && { found }) } };
  };
}

/** Says whether there was an answer, where one was named. */
async function purge(
  query: z.infer<typeof querySchema>,
  cache: CacheAdministration,
): Promise<BeforeAndAfter & { readonly found?: boolean }> {
  if (query.key !== undefined) return { found: await cache.removeAnswer(query.key) };
  await cache.purge(dimensionOf(query));
  return {};
}

function dimensionOf({ namespace, model }: z.infer<typeof querySchema>): string {
  if (namespace !== undefined) return namespaceDimension(namespace);
  return model === undefined ? everything : modelDimension(model);
}
