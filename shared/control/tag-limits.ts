import * as z from 'zod';
import { limitsSchema } from '../admission/limits.ts';
import type { LimitHolder } from '../admission/scopes.ts';

/** Stands in a limited tag for each value that has no limits of its own. */
const eachValue = '*';

/**
 * A tag that limits are set on: `name=value`, or `name=*` for each value apart. Both are written as the id of a team is, so
 * that a tag fits a path and a log line as it is; `name=*` finds values of any form.
 */
export const limitedTagSchema = z
  .string()
  .regex(
    /^[\p{L}\p{N}_](?:[\p{L}\p{N}_ .@:+-]{0,62}[\p{L}\p{N}_.@:+-])?=(?:\*|[\p{L}\p{N}_](?:[\p{L}\p{N}_ .@:+-]{0,126}[\p{L}\p{N}_.@:+-])?)$/u,
    'must be name=value, or name=* for each value of that tag: letters, digits, spaces or any of _ . @ : + -, at most 64 for the name and 128 for the value',
  );

/**
 * All limits of tags, as they are stored: one row, because every call has to know which of its tags are limited, and reads
 * it once in ten seconds as it reads the limits of the gateway.
 */
export const tagLimitsSchema = z.object({
  tags: z.record(z.string(), limitsSchema),
  updatedAtMs: z.int().nonnegative(),
  revision: z.int().nonnegative(),
});

/** See {@link tagLimitsSchema}. */
export type TagLimits = z.infer<typeof tagLimitsSchema>;

/** A row of DynamoDB has at most 400 KB; so much of JSON leaves room for the rest of it. */
export const mostTagLimitsBytes = 300_000;

/**
 * Those of a call's tags that limits are set on, each by itself. A value with limits of its own goes by these alone, be they
 * none; every other by those of `name=*`.
 */
export function limitedTagsOf(rules: TagLimits['tags'] | undefined, tags: Readonly<Record<string, string>>): LimitHolder[] {
  if (rules === undefined) return [];
  return Object.entries(tags).flatMap(([name, value]) => {
    const rule = ruleFor(rules, name, value);
    return rule === undefined ? [] : [{ id: `${name}=${value}`, limits: rules[rule] }];
  });
}

/** Whether a limited tag stands for each value apart, so that there is no one standing of it. */
export function isEachValue(tag: string): boolean {
  return tag.endsWith(`=${eachValue}`);
}

/** Which of the rules holds for a tag that is written as `name=value`; undefined where none does. */
export function ruleForTag(rules: TagLimits['tags'], tag: string): string | undefined {
  const at = tag.indexOf('=');
  return ruleFor(rules, tag.slice(0, at), tag.slice(at + 1));
}

function ruleFor(rules: TagLimits['tags'], name: string, value: string): string | undefined {
  // A name with "=" in it could be read as another tag with another value.
  if (name.includes('=')) return undefined;
  return [`${name}=${value}`, `${name}=${eachValue}`].find((rule) => Object.hasOwn(rules, rule));
}
