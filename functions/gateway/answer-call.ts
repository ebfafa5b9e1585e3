import { randomBytes } from 'node:crypto';
import { sortableId } from '../../shared/control/sortable-id.ts';
import { meterFor } from '../../shared/middleware/admit.ts';
import type { Embed } from '../../shared/middleware/cache-parts.ts';
import { throughCache } from '../../shared/middleware/cache-through.ts';
import { type Exchange, type GatewayResponse, known } from '../../shared/middleware/exchange.ts';
import { type RespondPorts, respond } from '../../shared/middleware/respond.ts';
import { boundUsage } from '../../shared/middleware/settle.ts';
import { TargetHolds } from '../../shared/middleware/target-holds.ts';
import type { Routed } from '../../shared/routing/journey.ts';
import type { Target } from '../../shared/routing/plan.ts';
import { describeMirrored } from './describe-call.ts';
import { beginPayload } from './keep-payload.ts';
import { recordCall, type SettledScopes } from './record-call.ts';
import { costAt, type GatewayParts, nowMs } from './wiring.ts';

/** Answers a call: from what is stored, or from a provider. */
export function answerCall(exchange: Exchange, parts: GatewayParts): Promise<GatewayResponse> {
  beginPayload(exchange);
  const toProvider = (route: () => Promise<Routed>): Promise<Routed> => {
    prepareTargets(exchange, parts);
    return route();
  };
  return respond(exchange, {
    ...respondPorts(exchange, parts),
    through: (_exchange, route) => throughCache(exchange, () => toProvider(route), parts.cache, embedLazily(parts)),
  });
}

/** Embeds questions for the semantic cache; loaded by the first call whose route compares by meaning. */
function embedLazily(parts: GatewayParts): Embed {
  return async (...question) => (await import('./embed-call.ts')).embedOver(parts)(...question);
}

/** Before a call goes out: room at targets with limits of their own is kept by the ledger, and a mirror gets its copy. */
function prepareTargets(exchange: Exchange, parts: GatewayParts): void {
  const { ledger, log } = parts;
  const [call, plan, config] = [known(exchange.call, 'call'), known(exchange.plan, 'plan'), known(exchange.config, 'config')];
  const { requestId, deadlineAtMs } = exchange;
  const holds = TargetHolds.for({ requestId, call, dialect: exchange.dialect, plan, config, deadlineAtMs }, { ledger, nowMs, log });
  if (holds !== undefined) exchange.targetHolds = holds;
  if (plan.mirror !== undefined) exchange.mirrored = copyTo(plan.mirror, exchange, parts);
}

/** Sends the mirror its copy; loaded by the first call of a route that has one. */
async function copyTo(mirror: Target, exchange: Exchange, { ledger, log, records, routing }: GatewayParts): Promise<void> {
  const { mirrorCall } = await import('../../shared/middleware/mirror.ts');
  await mirrorCall(exchange, mirror, {
    routing,
    ledger,
    log,
    nowMs,
    costOf: costAt(known(exchange.config, 'config').priceOf),
    newId: (atMs) => sortableId('req_', Math.floor(atMs), randomBytes),
    record: (mirrored, settle) =>
      recordCall(describeMirrored(exchange, mirror, mirrored, nowMs()), settledBy(settle), { records, log, nowMs }),
  });
}

/** What goes wrong with a copy's settling is for whoever asked for it to tell. */
function settledBy(settle: () => Promise<void>): () => Promise<SettledScopes> {
  return async () => {
    await settle();
    return { died: [], failed: [] };
  };
}

/** Answers a call with what took the place of a provider's answer. */
export function answerWith(
  exchange: Exchange,
  parts: GatewayParts,
  routed: ReturnType<NonNullable<RespondPorts['through']>>,
): Promise<GatewayResponse> {
  beginPayload(exchange);
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
