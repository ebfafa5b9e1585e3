import { usualThresholds } from '../../shared/config/alert-settings.ts';
import type { Exchange } from '../../shared/middleware/exchange.ts';
import { type ClosedCall, closeCall, settle } from '../../shared/middleware/settle.ts';
import { type CallFacts, describeCall } from './describe-call.ts';
import { keepPayload } from './keep-payload.ts';
import { recordCall, type SettledScopes } from './record-call.ts';
import { costAt, type GatewayParts, nowMs } from './wiring.ts';

/** Adds up what a call used, writes it down, and closes the books on it. Never throws. */
export async function closeBooks(exchange: Exchange, parts: GatewayParts, facts: CallFacts): Promise<ClosedCall> {
  const { records, budgetNotices, payloads, exporter, config, log } = parts;
  const closed = await closeCall(
    exchange,
    costAt((target) => exchange.config?.priceOf(target)),
    nowMs,
  );
  const record = describeCall(exchange, closed, { ...facts, bytesOut: closed.delivery?.bytes ?? facts.bytesOut });
  const kept = keepPayload(exchange, facts.body, { payloads, log });
  const exported = exporter.export(exchange, record, () => config.current());
  await recordCall(record, () => settleEverywhere(exchange, closed, parts), { records, log, nowMs });
  const { thresholds } = exchange.config?.settings.alerts ?? { thresholds: usualThresholds };
  await budgetNotices.notice(exchange, closed.consumption.costNanoUsd ?? 0, thresholds);
  await Promise.all([kept, exported]);
  return closed;
}

async function settleEverywhere(exchange: Exchange, { consumption }: ClosedCall, { ledger, log }: GatewayParts): Promise<SettledScopes> {
  const [settled] = await Promise.all([settle(exchange, consumption, { ledger, log, nowMs }), exchange.targetHolds?.settle(consumption)]);
  const held = exchange.admitted === undefined ? [] : exchange.admitted.holds.map(({ scope }) => scope.id);
  return {
    died: settled?.alreadySettled.map(({ id }) => id) ?? [],
    failed: settled === undefined ? [...new Set(held)] : settled.failed.map(({ id }) => id),
  };
}
