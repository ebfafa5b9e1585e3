import type { Exchange } from '../../shared/middleware/exchange.ts';
import type { ClosedCall } from '../../shared/middleware/settle.ts';
import { callLine } from '../../shared/telemetry/call-line.ts';
import { metricsOf } from '../../shared/telemetry/call-metrics.ts';
import type { CallRecord } from '../../shared/telemetry/call-record.ts';
import { describeError, type Log } from '../../shared/telemetry/log.ts';
import { metricFields } from '../../shared/telemetry/metric-line.ts';
import { type CallFacts, describeCall } from './describe-call.ts';

/** What recording needs of the world. */
export interface RecordPorts {
  readonly records: { write(record: CallRecord, nowMs: number): Promise<void> };
  readonly log: Log;
  readonly nowMs: () => number;
}

/**
 * Writes down a call that is over: its record, and one log line with everything about it but what was said, its metrics
 * among it. Never throws: where the store does not take the record, the line says so, and it holds all of it.
 */
export async function recordCall(exchange: Exchange, closed: ClosedCall, facts: CallFacts, ports: RecordPorts): Promise<void> {
  const nowMs = ports.nowMs();
  const record = describeCall(exchange, closed, facts);
  const failure = await ports.records.write(record, nowMs).then(
    () => undefined,
    (error: unknown) => error ?? 'nothing',
  );
  const unsettled = record.unsettled?.length ?? 0;
  const metrics = metricFields(metricsOf(record, { settle: unsettled, record: failure !== undefined }), nowMs);
  const level = failure !== undefined || unsettled > 0 ? 'error' : record.ending === 'failed' ? 'warn' : 'info';
  ports.log.write(level, 'call', {
    ...callLine(record),
    ...(failure !== undefined && { not_recorded: describeError(failure) }),
    ...metrics,
  });
}
