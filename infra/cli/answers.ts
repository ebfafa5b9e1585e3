import * as z from 'zod';
import { limitsSchema } from '../../shared/admission/limits.ts';

/** What the control plane answers, as far as this program reads it; further fields go through to `--json`. */

const budgetSchema = z.looseObject({
  period: z.string(),
  limit_usd: z.number(),
  spent_usd: z.number(),
  held_usd: z.number(),
  remaining_usd: z.number(),
  resets_at: z.string().nullable(),
});

const rateSchema = z.looseObject({ limit: z.number(), remaining: z.number() });

const scopeStandingSchema = z.looseObject({
  spent_usd: z.number().nullable(),
  held_usd: z.number().nullable(),
  under_way: z.number().nullable(),
  budgets: z.array(budgetSchema),
  requests: rateSchema.nullable(),
  tokens: rateSchema.nullable(),
  parallel: z.looseObject({ limit: z.number(), under_way: z.number() }).nullable(),
  shards: z.number(),
});

/** How a key, group or the gateway stands. */
export const standingSchema = scopeStandingSchema.extend({ per_model: z.record(z.string(), scopeStandingSchema).nullable() });

export type ScopeStandingAnswer = z.infer<typeof scopeStandingSchema>;
export type StandingAnswer = z.infer<typeof standingSchema>;
export type BudgetAnswer = z.infer<typeof budgetSchema>;

const limits = limitsSchema.nullable();
const models = z.array(z.string()).nullable();
const tags = z.record(z.string(), z.string()).nullable();

/** A key. */
export const keySchema = z.looseObject({
  id: z.string(),
  name: z.string(),
  prefix: z.string(),
  team: z.string().nullable(),
  user: z.string().nullable(),
  organization: z.string().nullable(),
  models,
  limits,
  tags,
  disabled: z.boolean(),
  created_at: z.string(),
  expires_at: z.string().nullable(),
  replaced_secrets: z.array(z.looseObject({ prefix: z.string(), valid_until: z.string().nullable() })),
});

export type KeyAnswer = z.infer<typeof keySchema>;

/** A key with its secret, which is shown this once. */
export const secretKeySchema = keySchema.extend({ key: z.string() });

/** A key with how it stands. */
export const standingKeySchema = keySchema.extend({ standing: standingSchema.nullable() });

/** A team, user or organisation. */
export const groupSchema = z.looseObject({ id: z.string(), limits, models, tags, created_at: z.string() });

export type GroupAnswer = z.infer<typeof groupSchema>;

/** A group with how it stands. */
export const standingGroupSchema = groupSchema.extend({ standing: standingSchema.nullable() });

/** An entry of the audit trail. */
export const auditEntrySchema = z.looseObject({
  id: z.string(),
  at: z.string(),
  actor: z.string(),
  action: z.string(),
  target: z.string(),
  outcome: z.string(),
  before: z.looseObject({}).nullable(),
  after: z.looseObject({}).nullable(),
});

/** What a deletion answers. */
export const deletedSchema = z.looseObject({ id: z.string(), deleted: z.literal(true) });

/** One page of a list. */
export function pageSchema<Item extends z.ZodType>(item: Item) {
  return z.looseObject({ data: z.array(item), next_cursor: z.string().nullable() });
}
