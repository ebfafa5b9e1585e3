import { randomBytes } from 'node:crypto';
import { countsOf } from '../../shared/calls/usage.ts';
import { sortableId } from '../../shared/control/sortable-id.ts';
import { type EmbeddingCall, embedQuestion } from '../../shared/middleware/cache-embed.ts';
import type { Embed } from '../../shared/middleware/cache-parts.ts';
import { type Exchange, known } from '../../shared/middleware/exchange.ts';
import type { CallRecord } from '../../shared/telemetry/call-record.ts';
import { describeOwnAttempts } from './describe-attempts.ts';
import { recordCall } from './record-call.ts';
import { costAt, type GatewayParts, nowMs } from './wiring.ts';

/** Embeds questions over the gateway's own providers, each a call with a record of its own. */
export function embedOver({ routing, health, ledger, records, log }: GatewayParts): Embed {
  return (exchange, settings, text) =>
    embedQuestion(exchange, settings, text, {
      routing,
      health,
      ledger,
      nowMs,
      random: Math.random,
      costOf: costAt(known(exchange.config, 'config').priceOf),
      newId: (atMs) => sortableId('req_', Math.floor(atMs), randomBytes),
      record: (made, settle) =>
        recordCall(
          describeEmbedding(exchange, made, nowMs()),
          async () => {
            await settle();
            return { died: [], failed: [] };
          },
          { records, log, nowMs },
        ),
    });
}

function describeEmbedding(exchange: Exchange, made: EmbeddingCall, endedAtMs: number): CallRecord {
  const { id, startedAtMs, call, attempts, target, usage, costNanoUsd, scopes } = made;
  return {
    id,
    startedAtMs: Math.floor(startedAtMs),
    endedAtMs: Math.floor(endedAtMs),
    ending: target === undefined ? 'failed' : 'answered',
    tags: { embedding_for: exchange.requestId },
    dialect: call.dialect,
    model: call.model.slice(0, 256),
    stream: false,
    ...(target && { servedBy: target.name, provider: target.provider.id }),
    attempts: describeOwnAttempts(attempts, startedAtMs, costNanoUsd),
    usage: countsOf(usage),
    costNanoUsd: costNanoUsd ?? 0,
    ...(costNanoUsd === undefined && { unpriced: true }),
    ...(scopes.length > 0 && { scopes: [...scopes] }),
    durationMs: rounded(endedAtMs - startedAtMs),
  };
}

function rounded(ms: number): number {
  return Math.max(0, Math.round(ms * 100) / 100);
}
