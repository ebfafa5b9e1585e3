import type { Exchange } from '../../shared/middleware/exchange.ts';
import type { ClosedCall } from '../../shared/middleware/settle.ts';
import type { LaneHealth } from '../../shared/routing/health.ts';

/** Fewer output tokens than this say nothing of a throughput. */
const leastTokens = 16;

/** Tells the health of a lane how fast a call down it was, from a whole answer whose last byte left at `endedAtMs`. */
export function measureSpeed(exchange: Exchange, closed: ClosedCall, health: LaneHealth, endedAtMs: number): void {
  const { answered } = exchange;
  const { delivery, consumption } = closed;
  if (exchange.replayed !== undefined) return;
  if (answered?.lane === undefined || answered.sentAtMs === undefined || consumption.estimated) return;
  if (delivery !== undefined && delivery.ending !== 'complete') return;
  // Of an answer that came whole, its first content is not known; its end stands for it.
  const firstContentMs = (delivery?.firstContentAtMs ?? answered.answeredAtMs) - answered.sentAtMs;
  const durationMs = (delivery === undefined ? answered.answeredAtMs : endedAtMs) - answered.sentAtMs;
  const { outputTokens } = consumption.usage;
  if (durationMs <= 0 || outputTokens < leastTokens) return;
  const writingMs = delivery === undefined ? durationMs : Math.max(1, durationMs - firstContentMs);
  health.measured(answered.lane, { firstContentMs, durationMs, tokensPerSecond: (outputTokens / writingMs) * 1000 }, endedAtMs);
}
