import { alertId, type BudgetAlert, budgetAlertSchema } from '../telemetry/budget-alerts.ts';
import type { DynamoDb, DynamoKey } from './dynamo-client.ts';

const openPartition = 'alerts#open';

/** Whoever has taken an alert to deliver it has so long. */
const leaseMs = 2 * 60_000;

/** A mark outlives its period by this, for those whose clocks are behind. */
const marginMs = 2 * 86_400_000;

/**
 * Budget alerts on their way: noted by whoever sees a budget pass a threshold, delivered by the sweeper. A mark of each
 * delivery keeps it from happening again in the same period; a delivery that fails or is cut short is tried again.
 */
export class StoredAlerts {
  readonly #db: DynamoDb;
  readonly #table: string;

  constructor(db: DynamoDb, table: string) {
    this.#db = db;
    this.#table = table;
  }

  /** Notes an alert; one that was delivered in this period is not delivered again. @throws StoreError */
  async note(alert: BudgetAlert): Promise<void> {
    await this.#db.put({ table: this.#table, item: { pk: openPartition, sk: alertId(alert), body: JSON.stringify(alert) } });
  }

  /** Alerts that have been noted and not been delivered, or perhaps have just been. @throws StoreError */
  async open(): Promise<BudgetAlert[]> {
    const { items } = await this.#db.query({
      table: this.#table,
      keyCondition: 'pk = :pk',
      values: { ':pk': openPartition },
      consistent: true,
      limit: 100,
    });
    return items.map(({ body }) => budgetAlertSchema.parse(JSON.parse(String(body))));
  }

  /** Takes an alert to deliver it; false when it was delivered, or somebody else is at it. @throws StoreError */
  async take(alert: BudgetAlert, nowMs: number): Promise<boolean> {
    const { resetsAtMs } = alert;
    const { written } = await this.#db.put({
      table: this.#table,
      item: {
        ...markKey(alert),
        takenMs: nowMs,
        ...(resetsAtMs !== undefined && { expiresAt: Math.ceil((resetsAtMs + marginMs) / 1000) }),
      },
      condition: 'attribute_not_exists(pk) OR (attribute_not_exists(sentMs) AND takenMs < :lapsed)',
      values: { ':lapsed': nowMs - leaseMs },
    });
    if (!written && (await this.#wasSent(alert))) await this.#close(alert);
    return written;
  }

  /** Says that an alert was delivered. @throws StoreError */
  async delivered(alert: BudgetAlert, nowMs: number): Promise<void> {
    await this.#db.update({ table: this.#table, key: markKey(alert), update: 'SET sentMs = :now', values: { ':now': nowMs } });
    await this.#close(alert);
  }

  /** Whether a channel was told of an alert, although another may not have been yet. @throws StoreError */
  async wasTold(alert: BudgetAlert, channel: string): Promise<boolean> {
    return (await this.#db.get({ table: this.#table, key: toldKey(alert, channel), consistent: true })) !== undefined;
  }

  /** Says that a channel was told; kept for as long as an alert is tried again. @throws StoreError */
  async told(alert: BudgetAlert, channel: string, nowMs: number): Promise<void> {
    await this.#db.put({
      table: this.#table,
      item: { ...toldKey(alert, channel), toldMs: nowMs, expiresAt: Math.ceil((nowMs + marginMs) / 1000) },
    });
  }

  async #wasSent(alert: BudgetAlert): Promise<boolean> {
    const mark = await this.#db.get({ table: this.#table, key: markKey(alert), consistent: true });
    return mark?.sentMs !== undefined;
  }

  async #close(alert: BudgetAlert): Promise<void> {
    await this.#db.delete({ table: this.#table, key: { pk: openPartition, sk: alertId(alert) } });
  }
}

function toldKey(alert: BudgetAlert, channel: string): DynamoKey {
  return { pk: `alerts#told#${alert.scope}`, sk: `${alertId(alert)}#${channel}` };
}

function markKey(alert: BudgetAlert): DynamoKey {
  return { pk: `alerts#sent#${alert.scope}`, sk: alertId(alert) };
}
