import * as z from 'zod';

/** What the control plane answers about calls, as far as this program reads it; further fields go through to `--json`. */

const attemptSchema = z.looseObject({
  target: z.string(),
  via: z.string().optional(),
  started_ms: z.number().nullable(),
  latency_ms: z.number(),
  status: z.number().nullable(),
  outcome: z.string(),
  reason: z.string().nullable().optional(),
  cost_usd: z.number().nullable().optional(),
  estimated: z.boolean().optional(),
});

/** The record of a call. */
export const callSchema = z.looseObject({
  id: z.string(),
  created_at: z.string(),
  ended_at: z.string(),
  ending: z.string(),
  status: z.number().nullable(),
  error: z.string().nullable(),
  key: z.string().nullable(),
  team: z.string().nullable(),
  end_user: z.string().nullable(),
  tags: z.record(z.string(), z.string()).nullable(),
  session: z.string().nullable(),
  user_agent: z.string().nullish(),
  app: z.string().nullish(),
  model: z.string().nullable(),
  served_by: z.string().nullable(),
  stream: z.boolean().nullable(),
  attempts: z.array(attemptSchema),
  finish_reason: z.string().nullable(),
  tools: z.array(z.string()),
  usage: z.looseObject({
    input_tokens: z.number(),
    cached_input_tokens: z.number(),
    output_tokens: z.number(),
    reasoning_tokens: z.number(),
  }),
  estimated: z.boolean(),
  cost_usd: z.number().nullable(),
  cost_parts_nano_usd: z.record(z.string(), z.number()).nullable(),
  cost_stated: z.boolean().optional(),
  saved_usd: z.number(),
  cache: z.string().nullable(),
  scopes: z.record(z.string(), z.number()),
  refused_by: z.looseObject({ scope: z.string(), limit: z.string(), reason: z.string() }).nullable(),
  max_output_tokens: z.number().nullable(),
  duration_ms: z.number().nullable(),
  first_token_ms: z.number().nullable(),
  tokens_per_second: z.number().nullable(),
  overhead_ms: z.number().nullable(),
  payload: z.looseObject({ request: z.unknown(), response: z.unknown() }).nullish(),
});

export type CallAnswer = z.infer<typeof callSchema>;

/** The calls of a session. */
export const sessionSchema = z.looseObject({
  id: z.string(),
  started_at: z.string(),
  ended_at: z.string(),
  calls: z.number(),
  failed_calls: z.number(),
  input_tokens: z.number(),
  output_tokens: z.number(),
  cost_usd: z.number(),
  steps: z.array(callSchema.extend({ step: z.number(), running_cost_usd: z.number() })),
});

export type SessionAnswer = z.infer<typeof sessionSchema>;

const countersSchema = z.looseObject({
  calls: z.number(),
  errors: z.number(),
  refusals: z.number(),
  cache_hits: z.number(),
  input_tokens: z.number(),
  output_tokens: z.number(),
  cost_usd: z.number(),
});

/** A report of usage; the groups of a row stand among its fields. */
export const usageSchema = z.looseObject({
  from: z.string(),
  to: z.string(),
  group_by: z.array(z.string()),
  data: z.array(countersSchema),
  total: countersSchema.nullable(),
});

export type UsageRowAnswer = z.infer<typeof countersSchema>;

/** Whether the books agree. */
export const booksSchema = z.looseObject({
  agree: z.boolean(),
  discrepancies: z.array(z.looseObject({ where: z.string(), what: z.string(), difference_nano_usd: z.number() })),
  scopes: z.array(z.looseObject({ scope: z.string(), ledger_nano_usd: z.number(), usage_nano_usd: z.number(), held_nano_usd: z.number() })),
  days: z.array(z.looseObject({ day: z.string(), record_calls: z.number(), record_nano_usd: z.number() })),
});
