import * as z from 'zod';

/**
 * One change of the control plane: who, what, when, before and after. `before` and `after` are what the
 * control plane shows of the record, in which no secret ever is.
 */
export const auditEntrySchema = z.object({
  /** Sorts by time. */
  id: z.string(),
  atMs: z.int().nonnegative(),
  /** Who, as far as it is known: the holder of the admin key, by the name they gave themselves. */
  actor: z.string(),
  /** The address the change came from. */
  address: z.string().optional(),
  /** What was done, such as `key.create` or `team.delete`. */
  action: z.string(),
  /** What it was done to: an id, or the name of the limits. */
  target: z.string(),
  /**
   * `begun` is written before the change and replaced after it: an entry that still says so is of a change
   * that was cut short and may or may not have been made.
   */
  outcome: z.enum(['begun', 'done', 'failed']),
  before: z.looseObject({}).optional(),
  after: z.looseObject({}).optional(),
});

/** See {@link auditEntrySchema}. */
export type AuditEntry = z.infer<typeof auditEntrySchema>;
