import { matchesModelPattern } from '../admission/model-pattern.ts';
import type { Principal } from './directory.ts';

/** Stands before a pattern of what may not be called. */
const not = '!';

type Patterns = readonly string[];

/**
 * Whether a caller may call a model under any of `names`: the name as it was asked for, and what it stands
 * for. Key, team, user and organisation each have to allow it; one without patterns allows everything, and one that only
 * forbids all the rest. What any of them forbids under any of the names is forbidden.
 */
export function mayCallModel(principal: Principal, names: readonly string[]): boolean {
  return patternsOf(principal).every(
    (patterns) => allows(patterns, names) && !forbidden(patterns).some((pattern) => names.some((name) => matches(pattern, name))),
  );
}

/** Whether a caller may send to a provider what names no model: where all of the provider's models are allowed, and none is forbidden. */
export function mayPassThrough(principal: Principal, provider: string): boolean {
  const itsModels = `${provider}/`;
  return patternsOf(principal).every(
    (patterns) => allows(patterns, [`${itsModels}*`]) && !forbidden(patterns).some((pattern) => mayMatchBelow(pattern, itsModels)),
  );
}

function patternsOf({ key, team, user, organization }: Principal): Patterns[] {
  return [key, team, user, organization].flatMap((holder) => (holder?.models === undefined ? [] : [holder.models]));
}

function allows(patterns: Patterns, names: readonly string[]): boolean {
  const allowed = patterns.filter((pattern) => !pattern.startsWith(not));
  return allowed.length === 0 || allowed.some((pattern) => names.some((name) => matchesModelPattern(pattern, name)));
}

function forbidden(patterns: Patterns): Patterns {
  return patterns.filter((pattern) => pattern.startsWith(not)).map((pattern) => pattern.slice(not.length));
}

/** Some providers take the name of a model in any case, so what is forbidden is so in any. */
function matches(pattern: string, name: string): boolean {
  return matchesModelPattern(pattern.toLowerCase(), name.trim().toLowerCase());
}

/** Whether a pattern could match a name that begins with `beginning`: as far as its first wildcard, they have to agree. */
function mayMatchBelow(pattern: string, beginning: string): boolean {
  const literal = (/^[^*?]*/.exec(pattern)?.[0] ?? '').toLowerCase();
  const start = beginning.toLowerCase();
  return literal.startsWith(start) || (literal.length < pattern.length && start.startsWith(literal));
}
