import { GatewayError } from '../errors/gateway-error.ts';
import type { Refused } from './ledger.ts';
import { limitHeaders, usd } from './limit-headers.ts';
import type { Scope, ScopeKind } from './scopes.ts';

const kindNames: Record<ScopeKind, string> = {
  key: 'API key',
  user: 'user',
  team: 'team',
  organization: 'organization',
  gateway: 'gateway',
  end_user: 'end user',
  tag: 'tag',
  target: 'target',
};

/**
 * Tells the caller of a refusal: which scope, which limit, what is spent, held and asked, when it resets.
 *
 * Contention and rates are 429 with Retry-After. An exhausted budget is 402: the clients of OpenAI and
 * Anthropic retry a 429 by themselves and must not retry this. A call larger than the limit as a whole
 * is a 429 that says a retry is of no use.
 */
export function refusalError(refused: Refused, nowMs: number): GatewayError {
  const headers = limitHeaders([refused.standing], nowMs);
  if (refused.reason === 'never') headers['x-should-retry'] = 'false';
  const exhausted = refused.limit === 'budget' && refused.reason === 'exhausted';
  const code = refused.limit !== 'budget' ? 'rate_limit_exceeded' : exhausted ? 'budget_exceeded' : 'budget_held';
  return new GatewayError(code, message(refused), {
    ...(refused.retryAfterMs !== undefined && { retryAfterMs: refused.retryAfterMs }),
    headers,
    details: {
      scope: refused.scope.kind,
      id: refused.scope.name,
      ...(refused.scope.modelPattern !== undefined && { models: refused.scope.modelPattern }),
      limit: refused.limit,
      reason: refused.reason,
      ...(refused.limit === 'budget' ? budgetDetails(refused) : { limit_value: refused.limitValue, asked: refused.asked }),
      ...(refused.resetsAtMs !== undefined && { resets_at: new Date(refused.resetsAtMs).toISOString() }),
    },
  });
}

function budgetDetails(refused: Refused): Record<string, unknown> {
  return {
    period: refused.period,
    limit_usd: Number(usd(refused.limitValue)),
    spent_usd: Number(usd(refused.spent)),
    held_usd: Number(usd(refused.held)),
    asked_usd: Number(usd(refused.asked)),
  };
}

function message(refused: Refused): string {
  const who = scopeName(refused.scope);
  const reset = refused.resetsAtMs === undefined ? '' : ` It resets at ${new Date(refused.resetsAtMs).toISOString()}.`;
  switch (refused.limit) {
    case 'budget': {
      const period = refused.period === 'total' ? 'total' : `${refused.period}'s`;
      const figures =
        `The ${period} budget of ${who} is $${usd(refused.limitValue)}: $${usd(refused.spent)} is spent, ` +
        `$${usd(refused.held)} is held by calls under way, and this call may cost up to $${usd(refused.asked)}.`;
      return refused.reason === 'exhausted'
        ? `${figures}${reset} Lower the output limit of the request, or raise the budget.`
        : `${figures} It fits once those calls end; try again.`;
    }
    case 'requests':
      return `The limit of ${who} is ${refused.limitValue} ${refused.limitValue === 1 ? 'request' : 'requests'} per minute. Try again in ${seconds(refused.retryAfterMs)}.`;
    case 'tokens':
      return refused.reason === 'never'
        ? `The limit of ${who} is ${refused.limitValue} tokens per minute, and this call alone may use ${refused.asked}, more than is let in at once. Lower its output limit or shorten it.`
        : `The limit of ${who} is ${refused.limitValue} tokens per minute, and this call may use ${refused.asked}. Try again in ${seconds(refused.retryAfterMs)}.`;
    case 'parallel':
      return `The limit of ${who} is ${refused.limitValue} parallel ${refused.limitValue === 1 ? 'request' : 'requests'}, and ${refused.held} ${refused.held === 1 ? 'is' : 'are'} under way. Try again when one has ended.`;
  }
}

function scopeName(scope: Scope): string {
  const name = scope.kind === 'gateway' ? 'the whole gateway' : `${kindNames[scope.kind]} "${scope.name}"`;
  return scope.modelPattern === undefined ? name : `${name} for models "${scope.modelPattern}"`;
}

function seconds(ms: number | undefined): string {
  return `${Math.max(1, Math.ceil((ms ?? 1000) / 1000))} s`;
}
