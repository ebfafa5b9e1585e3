import type { Limits } from '../../shared/admission/limits.ts';
import type { BudgetAnswer, ScopeStandingAnswer, StandingAnswer } from './answers.ts';
import { count, counted, moment, money } from './format.ts';

/** Limits in one line for a table cell: `$50.00/month, 60 rpm`. */
export function limitsInOneLine(limits: Limits | null): string {
  if (!limits) return '-';
  const parts = [
    ...(limits.budgets ?? []).map((budget) => `${money(budget.amount_usd)}/${budget.period}`),
    ...(limits.requests_per_minute === undefined ? [] : [`${count(limits.requests_per_minute)} rpm`]),
    ...(limits.tokens_per_minute === undefined ? [] : [`${count(limits.tokens_per_minute)} tpm`]),
    ...(limits.parallel_requests === undefined ? [] : [`${count(limits.parallel_requests)} parallel`]),
    ...(limits.clamp === false ? ['no clamping'] : []),
    ...(limits.clamp_floor_tokens === undefined ? [] : [`at least ${count(limits.clamp_floor_tokens)} output tokens`]),
    ...Object.entries(limits.per_model ?? {}).map(([pattern, own]) => `${pattern} (${limitsInOneLine(own)})`),
  ];
  return parts.length > 0 ? parts.join(', ') : '-';
}

/** How limits stand, line by line, with a bar for each budget: spent, held, free. */
export function standingLines(standing: StandingAnswer | null, width: number): string[] {
  if (!standing) return ['  no limits'];
  const { budgets, requests, tokens, parallel, per_model } = standing;
  const unlimited = budgets.length === 0 && !(requests ?? tokens ?? parallel ?? per_model);
  const lines = [...inAll(standing), ...(unlimited ? ['  no limits'] : []), ...scopeLines(standing, width)];
  for (const [pattern, scope] of Object.entries(standing.per_model ?? {})) lines.push('', `  for ${pattern}`, ...scopeLines(scope, width));
  return lines;
}

/** What was spent in all, where that is counted. */
function inAll({ spent_usd, held_usd, under_way }: StandingAnswer): string[] {
  if (spent_usd === null) return [];
  return [row('in all', `${money(spent_usd)} spent, ${money(held_usd ?? 0)} held by ${counted(under_way ?? 0, 'call')} under way`)];
}

function scopeLines(scope: ScopeStandingAnswer, width: number): string[] {
  return [
    ...scope.budgets.flatMap((budget) => budgetLines(budget, width)),
    ...(scope.requests ? [row('requests/min', `${count(scope.requests.remaining)} of ${count(scope.requests.limit)} left`)] : []),
    ...(scope.tokens ? [row('tokens/min', `${count(scope.tokens.remaining)} of ${count(scope.tokens.limit)} left`)] : []),
    ...(scope.parallel ? [row('parallel', `${count(scope.parallel.under_way)} of ${count(scope.parallel.limit)} under way`)] : []),
    ...(scope.shards > 1 ? [row('spread', `over ${count(scope.shards)} ledger items`)] : []),
  ];
}

function budgetLines(budget: BudgetAnswer, width: number): string[] {
  const resets = budget.resets_at === null ? '' : `, resets ${moment(budget.resets_at)}`;
  const amounts = `${money(budget.spent_usd)} spent, ${money(budget.held_usd)} held of ${money(budget.limit_usd)}${resets}`;
  return [row(`${budget.period} budget`, amounts), row('', spendBar(budget, Math.min(50, width - labelWidth - 8)))];
}

/**
 * A bar of `width` cells: full for spent, shaded for held, dots for what is free. Whatever is not nothing
 * shows as at least one cell, and the bar is full only when nothing is free.
 */
export function spendBar(budget: Pick<BudgetAnswer, 'spent_usd' | 'held_usd' | 'limit_usd'>, width: number): string {
  const { spent_usd, held_usd, limit_usd } = budget;
  const share = limit_usd > 0 ? (spent_usd + held_usd) / limit_usd : 1;
  const cells = (usd: number) => (usd <= 0 ? 0 : Math.max(1, Math.round((usd / Math.max(limit_usd, spent_usd + held_usd)) * width)));
  const most = share < 1 ? width - 1 : width;
  const spent = Math.min(cells(spent_usd), held_usd > 0 ? most - 1 : most);
  const held = share >= 1 && held_usd > 0 ? width - spent : Math.min(cells(held_usd), most - spent);
  const full = limit_usd <= 0 ? width : spent;
  const free = width - full - (limit_usd <= 0 ? 0 : held);
  const percent = share > 0 && share < 0.01 ? '<1' : String(Math.floor(share * 100));
  return `${'█'.repeat(full)}${'▒'.repeat(width - full - free)}${'·'.repeat(free)} ${percent}%`;
}

const labelWidth = 14;

/** One line of a record: a label and its value. */
export function row(label: string, value: string): string {
  return `  ${label.padEnd(labelWidth)} ${value}`.trimEnd();
}
