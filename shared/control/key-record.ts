import * as z from 'zod';
import { limitsSchema } from '../admission/limits.ts';
import { groupIdSchema, modelPatternsSchema, tagsSchema } from './record-fields.ts';

const timestampMs = z.int().nonnegative();

/**
 * A virtual key as it is stored. Times are milliseconds since the epoch.
 *
 * Reading drops fields it does not know, so that an older version of the functions still reads what a
 * newer one wrote. The secret is not in it; `hashes` says which secrets open it.
 */
export const keyRecordSchema = z.object({
  /** `key_` and 16 characters that sort by time of creation. Never changes, not by rotation either. */
  id: z.string(),
  name: z.string(),
  /** The first characters of the current secret, to recognise it by. */
  prefix: z.string(),
  team: groupIdSchema.optional(),
  user: groupIdSchema.optional(),
  organization: groupIdSchema.optional(),
  /** Which models may be called; absent: every one. */
  models: modelPatternsSchema.optional(),
  limits: limitsSchema.optional(),
  /** Configuration of this key's own, in the words of `gateway.yaml`. */
  defaults: z.looseObject({}).optional(),
  tags: tagsSchema.optional(),
  disabled: z.boolean(),
  createdAtMs: timestampMs,
  updatedAtMs: timestampMs,
  /** From this moment on the key is refused with `expired_api_key`. */
  expiresAtMs: timestampMs.optional(),
  rotatedAtMs: timestampMs.optional(),
  /**
   * The secrets that open this record, newest first; a secret that is not here opens nothing. The first
   * has no end of its own, the others were replaced by a rotation and end with their grace.
   */
  hashes: z.array(z.object({ hash: z.string(), prefix: z.string(), validUntilMs: timestampMs.optional() })).min(1),
  /** Counts changes; a write names the revision it was made from, so that none is lost. */
  revision: z.int().nonnegative(),
});

/** See {@link keyRecordSchema}. */
export type KeyRecord = z.infer<typeof keyRecordSchema>;

/** What a hash is stored with: the id of the key it belongs to. Never changes, so it may be remembered for good. */
export const keyHashEntrySchema = z.object({ id: z.string() });
