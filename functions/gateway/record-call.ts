import type { Exchange } from '../../shared/middleware/exchange.ts';
import type { ClosedCall } from '../../shared/middleware/settle.ts';
import type { Log } from '../../shared/telemetry/log.ts';

/** Writes down a call that is over: one line with everything about it but what was said. */
export function recordCall(exchange: Exchange, closed: ClosedCall, ports: { readonly log: Log; readonly nowMs: () => number }): void {
  const { call, answered, principal, options } = exchange;
  const { consumption, delivery } = closed;
  ports.log.write(exchange.error === undefined && delivery?.ending !== 'failed' ? 'info' : 'warn', 'call', {
    request_id: exchange.requestId,
    key: principal?.key.id,
    team: principal?.key.team,
    session: options?.session,
    tags: options?.tags,
    dialect: exchange.dialect.name,
    model: call?.model,
    served_by: answered?.target.name,
    stream: call?.stream,
    status: exchange.status,
    error: (exchange.error ?? delivery?.error)?.code,
    ending: delivery?.ending,
    finish_reason: answered?.facts.finishReason,
    attempts: exchange.attempts.map(({ target, status, outcome, latencyMs }) => ({
      target,
      status,
      outcome,
      latency_ms: round(latencyMs),
    })),
    input_tokens: consumption.usage.inputTokens,
    output_tokens: consumption.usage.outputTokens,
    cost_nano_usd: consumption.costNanoUsd,
    estimated: consumption.estimated || undefined,
    first_content_ms: delivery?.firstContentAtMs === undefined ? undefined : round(delivery.firstContentAtMs - exchange.startedAtMs),
    duration_ms: round(ports.nowMs() - exchange.startedAtMs),
  });
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}
