import * as z from 'zod';
import { modelLimitsSchema } from '../admission/limits.ts';
import { conditionsSchema } from './conditions-schema.ts';

const milliseconds = z.int().min(1).max(900_000);

/** Four limits on waiting, in milliseconds; what is left out is taken from the defaults. */
export const timeoutsSchema = z.strictObject({
  connect_ms: milliseconds.optional().describe('Until a connection stands, TLS included. Default 5000.'),
  first_byte_ms: milliseconds.optional().describe('From sending the request to the first byte of the answer. Default 120000.'),
  idle_ms: milliseconds.optional().describe('Between two chunks of an answer. Default 60000.'),
  total_ms: milliseconds.optional().describe('One attempt from beginning to end. Default 840000.'),
});

/** `provider/model`, or the name of another route. */
export const targetReference = z
  .string()
  .regex(/^[\x21-\x7e]+$/, 'must name a provider and a model, such as openai/gpt-5.2, or a route')
  .describe('`provider/model`, or the name of another route.');

const weight = z
  .number()
  .positive()
  .max(1_000_000)
  .optional()
  .describe('Share of the calls under `strategy: weighted`, and of the load under `least_busy`. Default 1.');
const retries = z.int().min(0).max(10).optional().describe('Further tries of a target that failed for the moment. Default 2.');

/** Where a call may go. `model` alone is short for `{ model }`. */
export const targetSchema = z.strictObject({
  model: targetReference,
  weight,
  retries,
  timeouts: timeoutsSchema.optional(),
  overrides: z.record(z.string(), z.json()).optional().describe('Fields of the request body that this target replaces.'),
  when: conditionsSchema.optional(),
  limits: modelLimitsSchema
    .optional()
    .describe("The target's own limits, kept over all instances. A target that is used up is passed over."),
});

export const strategySchema = z
  .enum(['ordered', 'weighted', 'cheapest', 'fastest', 'least_busy'])
  .describe(
    'ordered: as listed. weighted: drawn by weight. cheapest: by what this call would cost. fastest: by measured time to first content and throughput. least_busy: by calls under way.',
  );

/** By what a caller keeps the target it was given: under `weighted`, and for canaries. */
export const stickySchema = z
  .string()
  .regex(/^(user|session|key|team|tag:.+)$/, 'must be user, session, key, team or tag:<name>')
  .describe('user, session, key, team or tag:<name>: calls alike in it go to the same target.');

const groupFields = {
  strategy: strategySchema.default('ordered'),
  sticky: stickySchema.optional(),
  retries,
  timeouts: timeoutsSchema.optional(),
};

const groupHead = z.strictObject({ ...groupFields, weight, when: conditionsSchema.optional() });

export type TargetSettings = z.infer<typeof targetSchema>;

/** See {@link groupSchema}. Written out because it holds itself. */
export interface GroupSettings extends z.infer<typeof groupHead> {
  readonly targets: RouteEntry[];
}

/** What stands in a list of targets. */
export type RouteEntry = string | TargetSettings | GroupSettings;

const entries = z.lazy(() => z.array(z.union([targetReference, targetSchema, groupSchema])).min(1, 'must name at least one target'));

/** Targets with a strategy of their own, inside a route. */
export const groupSchema: z.ZodType<GroupSettings> = groupHead.extend({ targets: entries });

const plainTarget = z.union([targetReference, targetSchema]);
const percent = z.number().min(0).max(100);

/** A route: a name of the operator's own for targets that can stand in for one another. */
export const routeSchema = z.strictObject({
  ...groupFields,
  targets: entries,
  context_length_fallbacks: z
    .array(plainTarget)
    .optional()
    .describe('Targets for calls that are too long for the one that was tried. Without them the rest of the route is tried.'),
  content_policy_fallbacks: z
    .array(plainTarget)
    .optional()
    .describe('Targets for calls that the one tried refused for their content. Without them the rest of the route is tried.'),
  resume: z
    .boolean()
    .optional()
    .describe(
      'Whether a streamed answer that breaks off is carried on by the next target that can, with what was said as its beginning. Default false.',
    ),
  canary: z
    .strictObject({
      target: plainTarget,
      percent: percent.describe('Share of the calls that try it first, in percent.'),
      sticky: stickySchema.optional(),
    })
    .optional()
    .describe('A target that a share of the calls tries first; the route stands ready behind it.'),
  mirror: z
    .strictObject({ target: plainTarget, percent: percent.default(100).describe('Share of the calls that are mirrored, in percent.') })
    .optional()
    .describe('A target that is sent copies of calls. Its answers are recorded and never returned.'),
});

/** See {@link routeSchema}. */
export type Route = z.infer<typeof routeSchema>;
export type TimeoutSettings = z.infer<typeof timeoutsSchema>;
export type Strategy = z.infer<typeof strategySchema>;
