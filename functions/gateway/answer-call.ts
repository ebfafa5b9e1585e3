import { meterFor } from '../../shared/middleware/admit.ts';
import { throughCache } from '../../shared/middleware/cache-through.ts';
import { type Exchange, type GatewayResponse, known } from '../../shared/middleware/exchange.ts';
import { type RespondPorts, respond } from '../../shared/middleware/respond.ts';
import { boundUsage } from '../../shared/middleware/settle.ts';
import { costAt, type GatewayParts, nowMs } from './wiring.ts';

/** Answers a call: from what is stored, or from a provider. */
export function answerCall(exchange: Exchange, parts: GatewayParts): Promise<GatewayResponse> {
  return respond(exchange, { ...respondPorts(exchange, parts), through: (_exchange, route) => throughCache(exchange, route, parts.cache) });
}

/** Answers a call with what took the place of a provider's answer. */
export function answerWith(
  exchange: Exchange,
  parts: GatewayParts,
  routed: ReturnType<NonNullable<RespondPorts['through']>>,
): Promise<GatewayResponse> {
  return respond(exchange, { ...respondPorts(exchange, parts), through: () => routed });
}

function respondPorts(exchange: Exchange, { routing, ledger }: GatewayParts): RespondPorts {
  const { settings, priceOf } = known(exchange.config, 'config');
  const costOf = costAt(priceOf);
  return {
    routing,
    nowMs,
    keepAliveMs: settings.streaming.keep_alive_ms,
    commitAfterMs: settings.streaming.commit_after_ms,
    costOf: (...consumed) => (exchange.replayed === undefined ? costOf(...consumed) : 0),
    meterFor: () => {
      const meter = meterFor(exchange, { ledger, nowMs });
      return (
        meter && {
          check: (state, onDecided) => (exchange.replayed === undefined ? meter.check(state, onDecided) : 'go'),
          usageSoFar: (state) => boundUsage(exchange, state),
        }
      );
    },
  };
}
