import * as z from 'zod';
import { limitsSchema } from '../admission/limits.ts';
import { groupIdSchema, modelPatternsSchema, tagsSchema } from './record-fields.ts';

/** The kinds of groups a key can belong to, in the order in which they are checked. */
export const groupKinds = ['team', 'user', 'organization'] as const;

export type GroupKind = (typeof groupKinds)[number];

/** A team, user or organisation: what its keys share. Times are milliseconds since the epoch. */
export const groupRecordSchema = z.object({
  id: groupIdSchema,
  limits: limitsSchema.optional(),
  /** Which models its keys may call at most; absent: whatever each key says. */
  models: modelPatternsSchema.optional(),
  tags: tagsSchema.optional(),
  /** How calls of its keys are routed, in the words of a key's `defaults`. */
  defaults: z.looseObject({}).optional(),
  createdAtMs: z.int().nonnegative(),
  updatedAtMs: z.int().nonnegative(),
  /** Counts changes; a write names the revision it was made from, so that none is lost. */
  revision: z.int().nonnegative(),
});

/** See {@link groupRecordSchema}. */
export type GroupRecord = z.infer<typeof groupRecordSchema>;

/**
 * Limits that belong to no record of their own: `gateway` holds for all traffic together, `end-users`
 * for each end user that a caller names and that has no user record.
 */
const sharedLimitsNames = ['gateway', 'end-users'] as const;

export type SharedLimitsName = (typeof sharedLimitsNames)[number];

/** A row of shared limits as it is stored. */
export const sharedLimitsSchema = z.object({
  limits: limitsSchema,
  updatedAtMs: z.int().nonnegative(),
  revision: z.int().nonnegative(),
});

/** See {@link sharedLimitsSchema}. */
export type SharedLimits = z.infer<typeof sharedLimitsSchema>;
