import * as z from 'zod';

const milliseconds = z.int().min(1).max(900_000);

/** Four limits on waiting, in milliseconds; what is left out is taken from the defaults. */
export const timeoutsSchema = z.strictObject({
  connect_ms: milliseconds.optional(),
  first_byte_ms: milliseconds.optional(),
  idle_ms: milliseconds.optional(),
  total_ms: milliseconds.optional(),
});

const modelReference = z.string().regex(/^[\x21-\x7e]+\/[\x21-\x7e]+$/, 'must name a provider and a model, such as openai/gpt-5.2');

/** Where a call may go. `model` alone is short for `{ model }`. */
export const targetSchema = z.strictObject({
  model: modelReference,
  weight: z.number().positive().max(1_000_000).optional(),
  retries: z.int().min(0).max(10).optional(),
  timeouts: timeoutsSchema.optional(),
  /** Fields of the request body that this target replaces, such as `temperature`. */
  overrides: z.record(z.string(), z.json()).optional(),
});

export const strategySchema = z.enum(['ordered', 'weighted', 'cheapest', 'fastest', 'least_busy']);

/** A route: a name of the operator's own for targets that can stand in for one another. */
export const routeSchema = z.strictObject({
  strategy: strategySchema.default('ordered'),
  targets: z.array(z.union([modelReference, targetSchema])).min(1, 'must name at least one target'),
});

/** See {@link routeSchema}. */
export type Route = z.infer<typeof routeSchema>;
export type TargetSettings = z.infer<typeof targetSchema>;
export type TimeoutSettings = z.infer<typeof timeoutsSchema>;
