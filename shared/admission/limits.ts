import * as z from 'zod';

/** The calendar periods a budget can have; all begin at midnight UTC, weeks on Monday (ISO 8601). `total` never begins anew. */
export const budgetPeriods = ['day', 'week', 'month', 'total'] as const;

/** See {@link budgetPeriods}. */
export type BudgetPeriod = (typeof budgetPeriods)[number];

/** Nano-USD in a US dollar. */
export const nanoUsdPerUsd = 1_000_000_000;

/** Money is kept in nano-USD as a safe integer, which ends at 2^53 / 10^9 = 9,007,199 dollars. */
const largestBudgetUsd = 9_000_000;

/** One request in a microsecond, the resolution of the rate limiter. */
const largestRatePerMinute = 60_000_000;

const budgetSchema = z.strictObject({
  amount_usd: z
    .number({ error: 'amount_usd is a number of US dollars' })
    .min(0, { error: 'amount_usd cannot be negative' })
    .max(largestBudgetUsd, { error: `amount_usd can be at most ${largestBudgetUsd}` }),
  period: z.enum(budgetPeriods, { error: `period is one of ${budgetPeriods.join(', ')}` }),
});

function ratePerMinute(name: string, largest: number) {
  return z
    .int({ error: `${name} is a whole number` })
    .min(1, { error: `${name} is at least 1; to forbid a model altogether leave it out of \`models\`` })
    .max(largest, { error: `${name} can be at most ${largest}` })
    .optional();
}

/** Fewer output tokens than this are no useful answer, where nobody says otherwise: such a call is refused, not shortened. */
export const usualClampFloorTokens = 256;

/** The fewest output tokens an answer may be shortened to; no model writes more than ten million. */
export const clampFloorSchema = z
  .int({ error: 'clamp_floor_tokens is a whole number of output tokens' })
  .min(1, { error: 'clamp_floor_tokens is at least 1; to refuse instead of shortening set clamp to false' })
  .max(10_000_000, { error: 'clamp_floor_tokens can be at most 10000000' });

const limitFields = {
  /** Requests let in per minute, counted without window edges. */
  requests_per_minute: ratePerMinute('requests_per_minute', largestRatePerMinute),
  /** Input and output tokens let in per minute, counted without window edges. */
  tokens_per_minute: ratePerMinute('tokens_per_minute', 10_000_000_000),
  /** The share of a minute's requests and tokens that may come at once. Default 1. */
  burst: z
    .number({ error: 'burst is a share of a minute' })
    .gt(0, { error: 'burst is above 0' })
    .max(1, { error: 'burst is a share of a minute and at most 1' })
    .optional(),
  /** Calls under way at the same time. */
  parallel_requests: ratePerMinute('parallel_requests', 1_000_000),
  /** Money per calendar period; all of them hold at once. */
  budgets: z
    .array(budgetSchema)
    .refine((budgets) => new Set(budgets.map((budget) => budget.period)).size === budgets.length, {
      error: 'each period can have one budget',
    })
    .optional(),
  /** Whether a call whose worst case does not fit may have its output shortened to what does. Default true. */
  clamp: z.boolean({ error: 'clamp is true or false' }).optional(),
  /** The fewest output tokens an answer may be shortened to. Default: that of the configuration, else {@link usualClampFloorTokens}. */
  clamp_floor_tokens: clampFloorSchema.optional(),
  /** Over how many ledger items the scope is spread; for scopes with more than some 200 calls in flight. Default 1. */
  shards: z
    .int({ error: 'shards is a whole number' })
    .min(1, { error: 'shards is at least 1' })
    .max(64, { error: 'shards can be at most 64' })
    .optional(),
};

/** A pattern over model names: `*` stands for any characters, `?` for one. */
export const modelPatternSchema = z
  .string()
  .min(1, { error: 'a model pattern cannot be empty' })
  .max(200, { error: 'a model pattern has at most 200 characters' });

/** Limits for the models a pattern matches: all of {@link limitsSchema} but further patterns. */
export const modelLimitsSchema = z.strictObject(limitFields);

/**
 * What an operator may set on a key, user, team, organisation, end user or the whole gateway.
 * A limit that is absent does not exist; there are no defaults but those of `burst`, `clamp`, `clamp_floor_tokens` and `shards`.
 */
export const limitsSchema = z.strictObject({
  ...limitFields,
  /** Further limits for some models only, each pattern counted on its own, beside and not instead of the others. */
  per_model: z.record(modelPatternSchema, modelLimitsSchema).optional(),
});

/** See {@link limitsSchema}. */
export type Limits = z.infer<typeof limitsSchema>;

/** See {@link modelLimitsSchema}. */
export type ModelLimits = z.infer<typeof modelLimitsSchema>;

/** One budget in the ledger's own units. */
export interface Budget {
  readonly period: BudgetPeriod;
  readonly amountNanoUsd: number;
}

/** Limits in the ledger's own units and with defaults filled in. */
export interface ScopeLimits {
  readonly requestsPerMinute: number | undefined;
  readonly tokensPerMinute: number | undefined;
  readonly burst: number;
  readonly parallel: number | undefined;
  readonly budgets: readonly Budget[];
  readonly clamp: boolean;
  /** Undefined where the scope does not say. */
  readonly clampFloorTokens: number | undefined;
  readonly shards: number;
}

const compiled = new WeakMap<ModelLimits, ScopeLimits>();

/** Translates limits as an operator writes them into the ledger's units; the same object in gives the same object out. */
export function scopeLimitsOf(limits: ModelLimits): ScopeLimits {
  const known = compiled.get(limits);
  if (known) return known;
  const scopeLimits: ScopeLimits = {
    requestsPerMinute: limits.requests_per_minute,
    tokensPerMinute: limits.tokens_per_minute,
    burst: limits.burst ?? 1,
    parallel: limits.parallel_requests,
    budgets: (limits.budgets ?? []).map((budget) => ({
      period: budget.period,
      amountNanoUsd: Math.round(budget.amount_usd * nanoUsdPerUsd),
    })),
    clamp: limits.clamp ?? true,
    clampFloorTokens: limits.clamp_floor_tokens,
    shards: limits.shards ?? 1,
  };
  compiled.set(limits, scopeLimits);
  return scopeLimits;
}

/** Whether anything is limited at all; a scope where nothing is needs no ledger item. */
export function limitsAnything(limits: ScopeLimits): boolean {
  return (
    limits.requestsPerMinute !== undefined ||
    limits.tokensPerMinute !== undefined ||
    limits.parallel !== undefined ||
    limits.budgets.length > 0
  );
}
