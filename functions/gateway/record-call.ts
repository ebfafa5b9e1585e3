import type { DeadHold } from '../../shared/admission/ledger.ts';
import { callLine } from '../../shared/telemetry/call-line.ts';
import { metricsOf } from '../../shared/telemetry/call-metrics.ts';
import { type CallRecord, chargesOf } from '../../shared/telemetry/call-record.ts';
import { describeError, type Log } from '../../shared/telemetry/log.ts';
import { metricFields } from '../../shared/telemetry/metric-line.ts';

/** What recording needs of the world. */
export interface RecordPorts {
  readonly records: {
    write(record: CallRecord, nowMs: number): Promise<boolean>;
    record(holds: readonly DeadHold[]): Promise<void>;
  };
  readonly log: Log;
  readonly nowMs: () => number;
}

/** How the ledger took a call, by the ids of its scopes. */
export interface SettledScopes {
  /** Settled in full by somebody else before, because the hold had expired. */
  readonly died: readonly string[];
  /** Not settled at once. */
  readonly failed: readonly string[];
}

/**
 * Writes down a call that is over and then has it settled: in this order, because a process that dies in between leaves a
 * hold, and a hold that expires corrects what its record says; the other way round it would leave nothing. At last comes
 * the one log line, with everything about the call but what was said, and its metrics. Never throws: where the store does
 * not take the record, the line says so, and it holds all of it.
 */
export async function recordCall(record: CallRecord, settle: () => Promise<SettledScopes>, ports: RecordPorts): Promise<void> {
  const written = await ports.records.write(record, ports.nowMs()).catch((error: unknown) => ({ error }));
  const { died, failed } = await settle();
  const amended = written === false ? await amend(record, died, ports) : written;
  const failure = typeof amended === 'object' ? amended.error : undefined;
  const notRecorded = typeof amended === 'object';
  const metrics = metricFields(metricsOf(record, { settle: failed.length, record: notRecorded }), ports.nowMs());
  const level = notRecorded || failed.length > 0 ? 'error' : record.ending === 'failed' ? 'warn' : 'info';
  ports.log.write(level, 'call', {
    ...callLine(record),
    ...(failed.length > 0 && { unsettled: failed }),
    ...(notRecorded && { not_recorded: describeError(failure) }),
    ...metrics,
  });
}

/**
 * There is a record already: this very one, whose answer was lost, or that of a call held dead, of which some scopes were
 * settled after all. What those were charged is written beside it; where it stands there already, nothing changes.
 */
async function amend(record: CallRecord, died: readonly string[], { records, nowMs }: RecordPorts): Promise<true | { error: unknown }> {
  const charged = [...chargesOf(record)].filter(([scope]) => !died.includes(scope));
  const holds = charged.map(([scopeId, amountNanoUsd]) => ({ requestId: record.id, scopeId, amountNanoUsd, expiredAtMs: nowMs() }));
  return await records.record(holds).then(
    () => true as const,
    (error: unknown) => ({ error }),
  );
}
