import type { Exchange } from '../../shared/middleware/exchange.ts';
import { alertId, alertsDue, type BudgetAfterCall, type BudgetAlert } from '../../shared/telemetry/budget-alerts.ts';
import { describeError, type Log } from '../../shared/telemetry/log.ts';

/** What noticing needs of the world. */
export interface NoticePorts {
  readonly alerts: { note(alert: BudgetAlert): Promise<void> };
  readonly log: Log;
  readonly nowMs: () => number;
}

/** So many alerts are remembered as noted; past that all are forgotten, and noted once more for nothing. */
const mostRemembered = 20_000;

/**
 * Notices budgets that have passed a threshold, from what the ledger said when the call was admitted: no reading, and one
 * write per threshold and instance, not per call.
 */
export class BudgetNotices {
  readonly #ports: NoticePorts;
  readonly #noted = new Set<string>();

  constructor(ports: NoticePorts) {
    this.#ports = ports;
  }

  /** Never throws. */
  async notice(exchange: Exchange, costNanoUsd: number, thresholds: readonly number[]): Promise<void> {
    const { alerts, log, nowMs } = this.#ports;
    const due = budgetsAfter(exchange, costNanoUsd).flatMap((budget) => alertsDue(budget, thresholds, Math.floor(nowMs())));
    for (const alert of due) {
      const id = alertId(alert);
      if (this.#noted.has(id)) continue;
      if (this.#noted.size >= mostRemembered) this.#noted.clear();
      this.#noted.add(id);
      await alerts.note(alert).catch((error: unknown) => {
        this.#noted.delete(id);
        log.write('warn', 'budget alert not noted', { alert: id, ...describeError(error) });
      });
    }
  }
}

function budgetsAfter(exchange: Exchange, costNanoUsd: number): BudgetAfterCall[] {
  const admitted = (exchange.admitted?.standings ?? []).flatMap(({ scope, budgets }) =>
    budgets.flatMap(({ period, resetsAtMs, limitNanoUsd, spentNanoUsd }) =>
      limitNanoUsd === undefined
        ? []
        : [{ scope: scope.id, period, resetsAtMs, limitNanoUsd, spentNanoUsd: spentNanoUsd + costNanoUsd, exhausted: false }],
    ),
  );
  const refused = refusedBudget(exchange);
  return refused === undefined ? admitted : [...admitted, refused];
}

/** The budget that refused the call because it is used up. */
function refusedBudget({ refused }: Exchange): BudgetAfterCall | undefined {
  if (refused?.limit !== 'budget' || refused.reason !== 'exhausted' || refused.period === undefined) return undefined;
  const { scope, period, resetsAtMs, limitValue, spent } = refused;
  return { scope: scope.id, period, resetsAtMs, limitNanoUsd: limitValue, spentNanoUsd: spent, exhausted: true };
}
