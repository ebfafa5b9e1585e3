import type { BudgetStanding, RateStanding, Standing } from './ledger.ts';
import { nanoUsdPerUsd } from './limits.ts';

/**
 * The headers that tell a caller how near its limits it is, on answers and refusals alike:
 * `x-ratelimit-{limit,remaining,reset}-{requests,tokens}` of the scope with the least left, as OpenAI
 * names them (https://platform.openai.com/docs/guides/rate-limits), and
 * `x-sluice-budget-{limit,spent,held,remaining,reset}` in US dollars of the tightest budget.
 * Limits that do not exist have no header.
 */
export function limitHeaders(standings: readonly Standing[], nowMs: number): Record<string, string> {
  const headers: Record<string, string> = {};
  const requests = tightestRate(standings.map((standing) => standing.requests));
  const tokens = tightestRate(standings.map((standing) => standing.tokens));
  if (requests) addRate(headers, 'requests', requests, nowMs);
  if (tokens) addRate(headers, 'tokens', tokens, nowMs);
  const budget = tightestBudget(standings);
  if (budget?.limitNanoUsd !== undefined) {
    headers['x-sluice-budget-limit'] = usd(budget.limitNanoUsd);
    headers['x-sluice-budget-spent'] = usd(budget.spentNanoUsd);
    headers['x-sluice-budget-held'] = usd(budget.heldNanoUsd);
    headers['x-sluice-budget-remaining'] = usd(Math.max(0, remainingNanoUsd(budget)));
    if (budget.resetsAtMs !== undefined) headers['x-sluice-budget-reset'] = new Date(budget.resetsAtMs).toISOString();
  }
  return headers;
}

/** The budget with the least money left, spent and held taken off; absent when nothing has a budget. */
function tightestBudget(standings: readonly Standing[]): BudgetStanding | undefined {
  let tightest: BudgetStanding | undefined;
  for (const standing of standings) {
    for (const budget of standing.budgets) {
      if (budget.limitNanoUsd === undefined) continue;
      if (!tightest || remainingNanoUsd(budget) < remainingNanoUsd(tightest)) tightest = budget;
    }
  }
  return tightest;
}

/** Nano-USD as a decimal number of dollars, without float noise and trailing zeros: 1500000 → `0.0015`. */
export function usd(nanoUsd: number): string {
  const sign = nanoUsd < 0 ? '-' : '';
  const digits = String(Math.abs(nanoUsd)).padStart(10, '0');
  const whole = digits.slice(0, -9);
  const fraction = digits.slice(-9).replace(/0+$/, '');
  return `${sign}${whole}${fraction && `.${fraction}`}`;
}

/** Dollars to nano-USD, for what callers write in headers. */
export function nanoUsd(dollars: number): number {
  return Math.round(dollars * nanoUsdPerUsd);
}

function remainingNanoUsd(budget: BudgetStanding): number {
  return (budget.limitNanoUsd ?? Number.POSITIVE_INFINITY) - budget.spentNanoUsd - budget.heldNanoUsd;
}

function tightestRate(rates: readonly (RateStanding | undefined)[]): RateStanding | undefined {
  let tightest: RateStanding | undefined;
  for (const rate of rates) {
    if (rate && (!tightest || rate.remaining < tightest.remaining)) tightest = rate;
  }
  return tightest;
}

function addRate(headers: Record<string, string>, what: string, rate: RateStanding, nowMs: number): void {
  headers[`x-ratelimit-limit-${what}`] = String(rate.limit);
  headers[`x-ratelimit-remaining-${what}`] = String(rate.remaining);
  headers[`x-ratelimit-reset-${what}`] = duration(Math.max(0, rate.resetsAtMs - nowMs));
}

/** A duration as OpenAI writes it in these headers: `1s`, `6m0s`, `120ms`. */
function duration(ms: number): string {
  if (ms < 1000) return `${Math.ceil(ms)}ms`;
  const seconds = Math.ceil(ms / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
