import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { Ledger } from '../admission/ledger.ts';
import { quoteCall } from '../admission/quote.ts';
import { ownScopesOf } from '../admission/scopes.ts';
import { settlingMs } from '../admission/settling.ts';
import type { JsonObject } from '../calls/json.ts';
import { type Usage, usageOf } from '../calls/usage.ts';
import type { AnswerFacts } from '../dialects/dialect.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { factsOf } from '../providers/transport.ts';
import { UpstreamFailure } from '../providers/upstream-failure.ts';
import { routeCall } from '../routing/attempts.ts';
import type { AttemptRecord } from '../routing/final-error.ts';
import type { Routed, RoutingPorts } from '../routing/journey.ts';
import type { OpenedStream } from '../routing/opened-stream.ts';
import type { Target } from '../routing/plan.ts';
import { describeError, type Log } from '../telemetry/log.ts';
import { type Exchange, known } from './exchange.ts';
import { quotedTarget } from './quoted-target.ts';
import { journeyOf } from './respond.ts';

/** What mirroring needs of the world. */
export interface MirrorPorts {
  readonly routing: RoutingPorts;
  readonly ledger: Pick<Ledger, 'admit' | 'settle'>;
  readonly costOf: (target: Target, usage: Usage, serviceTier: string | undefined) => number | undefined;
  readonly nowMs: () => number;
  readonly log: Log;
  /** A copy is a call of its own: it needs an id, and is written down once it is over, just before it is settled. */
  readonly newId: (atMs: number) => string;
  readonly record: (mirrored: MirroredCall, settle: () => Promise<void>) => Promise<void>;
}

/** A copy of a call that is over. */
export interface MirroredCall {
  readonly id: string;
  readonly startedAtMs: number;
  readonly attempts: readonly AttemptRecord[];
  readonly facts: AnswerFacts | undefined;
  readonly failed: boolean;
  readonly usage: Usage;
  /** Undefined where no price is known. */
  readonly costNanoUsd: number | undefined;
  /** Ids of the scopes it was charged to. */
  readonly scopes: readonly string[];
}

interface MirrorAnswer {
  readonly facts: AnswerFacts;
  readonly usage: Usage | undefined;
  readonly failure: UpstreamFailure | undefined;
}

/**
 * Sends a copy of a call to the mirror of its route, in the same form, once, and writes down what came of it: nothing of
 * it reaches the caller. The operator pays for it, so it counts against the limits for all traffic and not against those
 * of the key; where these have no room there is no copy. Never throws.
 */
export async function mirrorCall(exchange: Exchange, mirror: Target, ports: MirrorPorts): Promise<void> {
  const { log, nowMs } = ports;
  const startedAtMs = nowMs();
  const id = ports.newId(startedAtMs);
  const attempts: AttemptRecord[] = [];
  const line = (fields: object): void =>
    log.write('info', 'mirrored call', {
      request_id: exchange.requestId,
      model: known(exchange.plan, 'plan').requested,
      target: mirror.name,
      ...fields,
      duration_ms: Math.round(nowMs() - startedAtMs),
    });
  try {
    const room = await admitted(exchange, mirror, id, ports);
    if (room === undefined) return line({ outcome: 'no_room' });
    const { settle, scopes } = room;
    const over = { id, startedAtMs, attempts, scopes };
    const answer = await sent(exchange, mirror, ports, attempts).catch(async (error: unknown) => {
      const none = usageOf({});
      await ports.record({ ...over, facts: undefined, failed: true, usage: none, costNanoUsd: 0 }, () => settle(none, 0));
      throw error;
    });
    const usage = answer.usage ?? answer.facts.usage ?? usageOf({ outputTokens: answer.facts.outputBytes });
    const cost = ports.costOf(mirror, usage, answer.facts.serviceTier);
    const ended = { ...over, facts: answer.facts, failed: answer.failure !== undefined, usage, costNanoUsd: cost };
    await ports.record(ended, () => settle(usage, cost ?? 0));
    line({
      outcome: answer.failure === undefined ? 'answered' : answer.failure.kind,
      finish_reason: answer.facts.finishReason,
      output_bytes: answer.facts.outputBytes,
      input_tokens: usage.inputTokens,
      output_tokens: usage.outputTokens,
      cost_nano_usd: cost,
    });
  } catch (error) {
    const known = error instanceof GatewayError ? { error: error.code } : describeError(error);
    line({ outcome: 'failed', status: attempts[0]?.status, failure: attempts[0]?.outcome, ...known });
  }
}

/** Holds the worst case, within the limits for all traffic. Undefined where there is no room. */
async function admitted(exchange: Exchange, mirror: Target, requestId: string, { ledger, nowMs }: MirrorPorts) {
  const { gateway } = known(exchange.principal, 'principal');
  const scopes = ownScopesOf('mirror', gateway, [mirror.name]);
  const price = known(exchange.config, 'config').priceOf(mirror);
  if (price === undefined && scopes.some(({ limits }) => limits.budgets.length > 0)) return undefined;
  const call = known(exchange.call, 'call');
  const quoting = { call, dialect: exchange.dialect, config: known(exchange.config, 'config') };
  const quote = quoteCall(call, [quotedTarget(mirror, quoting)], nowMs());
  const answer = await ledger.admit({
    requestId,
    scopes,
    amountNanoUsd: quote.costWith(quote.outputTokens),
    tokens: quote.inputTokens + quote.outputTokens * quote.choices,
    unpriced: price === undefined,
    nowMs: nowMs(),
    expiresAtMs: exchange.deadlineAtMs + settlingMs,
  });
  if (answer.outcome === 'refused') return undefined;
  const settle = async (usage: Usage, actualNanoUsd: number): Promise<void> => {
    await ledger.settle(answer, { actualNanoUsd, actualTokens: usage.inputTokens + usage.outputTokens, nowMs: nowMs() });
  };
  return { settle, scopes: scopes.map(({ id }) => id) };
}

async function sent(exchange: Exchange, mirror: Target, ports: MirrorPorts, attempts: AttemptRecord[]): Promise<MirrorAnswer> {
  const journey = journeyOf(exchange);
  const routed = await routeCall(
    {
      ...journey,
      plan: { ...journey.plan, targets: [{ ...mirror, retries: 0 }], fallbacks: { contextLength: [], contentPolicy: [] } },
      limiter: undefined,
      signal: new AbortController().signal,
      onAttempt: (record) => attempts.push(record),
    },
    ports.routing,
  );
  return await readToEnd(routed, exchange);
}

async function readToEnd(routed: Routed, exchange: Exchange): Promise<MirrorAnswer> {
  if (routed.kind === 'json') {
    const facts = factsOf(exchange.dialect, routed.answer);
    return { facts, usage: routed.answer.usage, failure: undefined };
  }
  if (routed.kind === 'binary') {
    if (routed.outline !== undefined) return await readOutline(routed.source, routed.outline, exchange);
    routed.source.destroy();
    return { facts: exchange.dialect.readAnswer({}), usage: undefined, failure: undefined };
  }
  const failure = await drained(routed.stream);
  return { facts: routed.stream.state, usage: routed.usage?.(), failure };
}

/** A body with media is read for what it says of itself at its end; the media go nowhere. */
async function readOutline(source: Readable, outline: () => JsonObject | undefined, { dialect }: Exchange): Promise<MirrorAnswer> {
  const failure = await finished(source.resume()).then(
    () => undefined,
    (cause: unknown) => new UpstreamFailure('cut', 'the answer broke off', { cause }),
  );
  return { facts: dialect.readAnswer(outline() ?? {}), usage: undefined, failure };
}

function drained(stream: OpenedStream): Promise<UpstreamFailure | undefined> {
  return new Promise((resolve) => {
    stream.attach({ frame: () => {}, end: () => resolve(undefined), fail: (failure) => resolve(failure) });
  });
}
