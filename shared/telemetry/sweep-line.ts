import { metricNamespace } from './call-metrics.ts';

/** What one run of the sweeper did. */
export interface SweepFacts {
  readonly dead: readonly { readonly requestId: string; readonly scopeId: string; readonly amountNanoUsd: number }[];
  /** Calls and late items added to the sums of usage. */
  readonly calls: number;
  readonly late: number;
}

/** So many dead holds are named in the line; the rest is counted. */
const mostNamed = 50;

/** The log line of a run, its metrics among it. `sluice.sweeps` missing is what an alarm can watch. */
export function sweepLine({ dead, calls, late }: SweepFacts, nowMs: number): Record<string, unknown> {
  const crashes = new Set(dead.map(({ requestId }) => requestId)).size;
  return {
    _aws: {
      Timestamp: nowMs,
      CloudWatchMetrics: [
        {
          Namespace: metricNamespace,
          Dimensions: [[]],
          Metrics: [{ Name: 'sluice.sweeps', Unit: 'Count' }, ...(crashes > 0 ? [{ Name: 'sluice.crashes', Unit: 'Count' }] : [])],
        },
      ],
    },
    'sluice.sweeps': 1,
    ...(crashes > 0 && { 'sluice.crashes': crashes }),
    usage_calls: calls,
    usage_late: late,
    ...(dead.length > 0 && {
      dead_holds: dead.length,
      dead: dead.slice(0, mostNamed).map(({ requestId, scopeId, amountNanoUsd }) => ({
        request_id: requestId,
        scope: scopeId,
        cost_nano_usd: amountNanoUsd,
      })),
    }),
  };
}
