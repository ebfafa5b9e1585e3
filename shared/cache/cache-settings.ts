import * as z from 'zod';

/** Whose answers are shared: those of one key, of a team (a key without a team stands for itself), of an organisation, of everybody. */
export const cacheScopeSchema = z.enum(['key', 'team', 'organization', 'gateway']);

/** `cache` of a route, of a key or of the defaults in `gateway.yaml`. Off while `ttl_seconds` is 0. */
export const cacheSettingsSchema = z.strictObject({
  ttl_seconds: z.int().min(0).max(31_536_000).optional(),
  scope: cacheScopeSchema.optional(),
});

/** See {@link cacheSettingsSchema}. */
export type CacheSettings = z.infer<typeof cacheSettingsSchema>;
