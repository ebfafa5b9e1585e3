import * as z from 'zod';
import { clampFloorSchema } from '../admission/limits.ts';
import { cacheSettingsSchema } from '../cache/cache-settings.ts';
import { keyRoutingSchema, pinned } from '../routing/preferences.ts';
import { timeoutsSchema } from '../routing/route-schema.ts';

const retries = z.int().min(0).max(10).optional();

/** `defaults` of `gateway.yaml`: for every call, where neither a route nor a key says otherwise. */
export const defaultsSchema = z.strictObject({
  retries: retries.describe('Further tries of a target that failed for the moment. Default 2.'),
  timeouts: timeoutsSchema.optional(),
  cache: cacheSettingsSchema.optional(),
  clamp_floor_tokens: clampFloorSchema
    .optional()
    .describe('The fewest output tokens an answer may be shortened to, where no limits of the call say. Default 256.'),
});

/** `defaults` of a key: the same words, and how far its calls may choose their own routing. */
export const keyDefaultsSchema = defaultsSchema.extend({
  ...keyRoutingSchema,
  log_payloads: z.boolean().optional().describe('Whether prompts and answers are kept, redacted. Default false.'),
});

/** `defaults` of a team, user or organisation: what its keys cannot go beyond, and what they have that say nothing. */
export const groupDefaultsSchema = keyDefaultsSchema.omit({ cache: true });

/** See {@link keyDefaultsSchema}. */
export type KeyDefaults = z.infer<typeof keyDefaultsSchema>;

const read = new WeakMap<object, KeyDefaults>();

/**
 * What is stored with a key, read once per record. Fields that a newer version may have written are dropped; a field
 * that no longer reads as it should counts as not set.
 */
export function readKeyDefaults(stored: object | undefined): KeyDefaults {
  if (stored === undefined) return {};
  let defaults = read.get(stored);
  if (defaults === undefined) {
    defaults = lenient(stored);
    read.set(stored, defaults);
  }
  return defaults;
}

function lenient(stored: object): KeyDefaults {
  const whole = keyDefaultsSchema.safeParse(stored);
  if (whole.success) return whole.data;
  const sound = Object.entries(stored).filter(([name, value]) => keyDefaultsSchema.safeParse({ [name]: value }).success);
  return keyDefaultsSchema.parse(Object.fromEntries(sound));
}

/** From the mildest to the strictest. */
const strictness = ['allow', 'ignore', 'refuse'] as const;

/**
 * What holds for a key: what it says itself, then what its groups say, nearest first. Wishes for providers are laid over
 * one another so that none widens another, and the strictest word on a request's own routing holds.
 */
export function defaultsOf(holders: readonly ({ readonly defaults?: object | undefined } | undefined)[]): KeyDefaults {
  const all = holders.flatMap((holder) => (holder?.defaults === undefined ? [] : [readKeyDefaults(holder.defaults)]));
  const [nearest = {}, ...groups] = all;
  return groups.reduce(within, nearest);
}

function within(own: KeyDefaults, outer: KeyDefaults): KeyDefaults {
  const provider = pinned(own.provider, outer.provider);
  const words = [own.request_routing, outer.request_routing].map((word) => strictness.indexOf(word ?? 'allow'));
  return {
    ...outer,
    ...own,
    timeouts: { ...outer.timeouts, ...own.timeouts },
    ...(provider !== undefined && { provider }),
    request_routing: strictness[Math.max(...words)],
  };
}
