import { metricNamespace } from './call-metrics.ts';

/** Metrics of the sweeper, told once a minute. What calls under way hold is a level, not a count: read its maximum or average. */
export const sweepMetrics = {
  'sluice.sweeps': 'Count',
  'sluice.holds.calls': 'Count',
  /** US dollars. */
  'sluice.holds.amount': 'None',
} as const;

export type SweepMetric = keyof typeof sweepMetrics;

/** What one run of the sweeper did. */
export interface SweepFacts {
  readonly dead: readonly { readonly requestId: string; readonly scopeId: string; readonly amountNanoUsd: number }[];
  /** Calls and late items added to the sums of usage. */
  readonly calls: number;
  readonly late: number;
  /** What calls under way hold; undefined where the ledger is too large to be gone through at once. */
  readonly underWay?: { readonly calls: number; readonly amountNanoUsd: number } | undefined;
}

/** So many dead holds are named in the line; the rest is counted. */
const mostNamed = 50;

/** The log line of a run, its metrics among it. `sluice.sweeps` missing is what an alarm can watch. */
export function sweepLine({ dead, calls, late, underWay }: SweepFacts, nowMs: number): Record<string, unknown> {
  const crashes = new Set(dead.map(({ requestId }) => requestId)).size;
  return {
    _aws: {
      Timestamp: nowMs,
      CloudWatchMetrics: [
        {
          Namespace: metricNamespace,
          Dimensions: [[]],
          Metrics: [
            { Name: 'sluice.sweeps', Unit: 'Count' },
            // A unit of None is what CloudWatch assumes.
            ...(underWay === undefined ? [] : [{ Name: 'sluice.holds.calls', Unit: 'Count' }, { Name: 'sluice.holds.amount' }]),
            ...(crashes > 0 ? [{ Name: 'sluice.crashes', Unit: 'Count' }] : []),
          ],
        },
      ],
    },
    'sluice.sweeps': 1,
    ...(underWay && { 'sluice.holds.calls': underWay.calls, 'sluice.holds.amount': underWay.amountNanoUsd / 1e9 }),
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
