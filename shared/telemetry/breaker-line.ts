import { metricNamespace, modelMetrics } from './call-metrics.ts';

/** A lane that gets no calls for a while. */
export interface OpenedBreaker {
  /** `provider/model`, and region and the reference of a key where there are several. */
  readonly lane: string;
  readonly reason: string;
  readonly untilMs: number;
  /** How often a probe has failed since the first opening. */
  readonly streak: number;
}

const opened = 'sluice.breaker.openings' satisfies keyof typeof modelMetrics;

/** The log line of a breaker's opening, its metric among it: a line of its own, because a call's is about who answered. */
export function breakerLine({ lane, reason, untilMs, streak }: OpenedBreaker, nowMs: number): Record<string, unknown> {
  const target = lane.replace(/(#at:[\w.-]+)?(#(env|secret):[^#]*)?$/, '').replace(/\?.*$/s, '');
  const slash = target.indexOf('/');
  return {
    _aws: {
      Timestamp: Math.floor(nowMs),
      CloudWatchMetrics: [
        { Namespace: metricNamespace, Dimensions: [['provider', 'model']], Metrics: [{ Name: opened, Unit: modelMetrics[opened] }] },
      ],
    },
    provider: slash === -1 ? target : target.slice(0, slash),
    model: slash === -1 ? target : target.slice(slash + 1),
    [opened]: 1,
    lane,
    reason,
    open_for_ms: Math.max(0, Math.round(untilMs - nowMs)),
    failed_probes: streak,
  };
}
