import * as z from 'zod';

/** A budget has reached a share of itself. */
export const budgetAlertSchema = z.object({
  /** Id of the scope, such as `team#research`. */
  scope: z.string(),
  period: z.string(),
  /** When the budget begins anew; absent for a total. */
  resetsAtMs: z.int().optional(),
  threshold: z.int(),
  limitNanoUsd: z.int(),
  spentNanoUsd: z.int(),
  atMs: z.int(),
});

export type BudgetAlert = z.infer<typeof budgetAlertSchema>;

/** Names an alert: the same for everybody who notices it, so that it is told once. */
export function alertId({ scope, period, resetsAtMs, threshold }: Omit<BudgetAlert, 'atMs'>): string {
  return `${scope}#${period}#${resetsAtMs ?? 'total'}#${threshold}`;
}

/** How a budget stands once a call is settled. */
export interface BudgetAfterCall {
  readonly scope: string;
  readonly period: string;
  readonly resetsAtMs: number | undefined;
  readonly limitNanoUsd: number;
  readonly spentNanoUsd: number;
  /** A call was refused because the money is spent. */
  readonly exhausted: boolean;
}

/** The alerts a budget is due, of which most have been told before. */
export function alertsDue(budget: BudgetAfterCall, thresholds: readonly number[], atMs: number): BudgetAlert[] {
  const { scope, period, resetsAtMs, limitNanoUsd, spentNanoUsd, exhausted } = budget;
  if (limitNanoUsd <= 0) return [];
  return thresholds
    .filter((threshold) => spentNanoUsd * 100 >= limitNanoUsd * threshold || (exhausted && threshold >= 100))
    .map((threshold) => ({ scope, period, ...(resetsAtMs !== undefined && { resetsAtMs }), threshold, limitNanoUsd, spentNanoUsd, atMs }));
}

/** An alert as it is told: money in US dollars, times in ISO 8601. */
export function renderAlert(alert: BudgetAlert) {
  const { scope, period, resetsAtMs, threshold, limitNanoUsd, spentNanoUsd, atMs } = alert;
  return {
    type: 'budget.threshold',
    id: alertId(alert),
    scope,
    period,
    threshold_percent: threshold,
    limit_usd: limitNanoUsd / 1e9,
    spent_usd: spentNanoUsd / 1e9,
    resets_at: resetsAtMs === undefined ? null : new Date(resetsAtMs).toISOString(),
    at: new Date(atMs).toISOString(),
  };
}

/** An alert for people, in a sentence. */
export function alertSentence({ scope, period, threshold, limitNanoUsd, spentNanoUsd }: BudgetAlert): string {
  const dollars = (nano: number): string => `$${(nano / 1e9).toFixed(2)}`;
  const [kind, name] = scope.split('#');
  const which = period === 'total' ? 'total' : `${period}'s`;
  const state =
    threshold < 100
      ? `has reached ${threshold} %`
      : spentNanoUsd < limitNanoUsd
        ? 'has too little left for a call, which was refused'
        : 'is used up: calls are being refused';
  return `Sluice: the ${which} budget of ${kind?.replace('_', ' ')} "${name}" ${state}. ${dollars(spentNanoUsd)} of ${dollars(limitNanoUsd)} is spent.`;
}
