import { usualClampFloorTokens } from '../admission/limits.ts';
import type { Scope } from '../admission/scopes.ts';
import type { Exchange } from './exchange.ts';
import { defaultsOfPrincipal } from './plan.ts';

/**
 * The fewest output tokens per choice an answer may be shortened to: the most that any scope of the call asks for, because an
 * answer has to be of use to all of them; where none says, as the key or its groups are set, then the configuration.
 */
export function clampFloor(
  { principal, config }: Pick<Exchange, 'principal' | 'config'>,
  scopes: readonly Pick<Scope, 'limits'>[],
): number {
  const asked = scopes.flatMap(({ limits }) => limits.clampFloorTokens ?? []);
  if (asked.length > 0) return Math.max(...asked);
  const own = principal === undefined ? undefined : defaultsOfPrincipal(principal).clamp_floor_tokens;
  return own ?? config?.settings.defaults.clamp_floor_tokens ?? usualClampFloorTokens;
}
