import { matchesModelPattern } from '../admission/model-pattern.ts';
import type { Principal } from './directory.ts';

/**
 * Whether a caller may call a model under any of `names`: the name as it was asked for, and what it stands
 * for. Key, team, user and organisation each have to allow it; one without patterns allows everything.
 */
export function mayCallModel(principal: Principal, names: readonly string[]): boolean {
  const { key, team, user, organization } = principal;
  return [key, team, user, organization].every((scope) => {
    const patterns = scope?.models;
    return patterns === undefined || patterns.some((pattern) => names.some((name) => matchesModelPattern(pattern, name)));
  });
}
