import { concernsModel } from '../../shared/admission/scopes.ts';
import { savedMsBy } from '../../shared/cache/cached-answer.ts';
import type { Call } from '../../shared/calls/call.ts';
import { countsOf, type Usage } from '../../shared/calls/usage.ts';
import { tagsOfCall } from '../../shared/control/call-tags.ts';
import type { Answered, Exchange } from '../../shared/middleware/exchange.ts';
import type { MirroredCall } from '../../shared/middleware/mirror.ts';
import { type ClosedCall, servedModels } from '../../shared/middleware/settle.ts';
import type { Charge } from '../../shared/pricing/charge.ts';
import type { Target } from '../../shared/routing/plan.ts';
import type { CallRecord } from '../../shared/telemetry/call-record.ts';
import { callingClient } from './calling-client.ts';
import { describeAttempts, describeOwnAttempts } from './describe-attempts.ts';
import { chargeAt } from './wiring.ts';

/** Names of tools kept of one answer. */
const mostTools = 32;

/** What only the end of a call shows. */
export interface CallFacts {
  /** When the last byte had left. */
  readonly endedAtMs: number;
  readonly bytesOut: number | undefined;
  /** The answer, where it went out in one piece. */
  readonly body?: string | undefined;
}

/** The record of a call that is over. Nothing that was said is in it. */
export function describeCall(exchange: Exchange, closed: ClosedCall, facts: CallFacts): CallRecord {
  const { call, answered, http } = exchange;
  return {
    id: exchange.requestId,
    startedAtMs: Math.floor(exchange.startedAtMs),
    endedAtMs: Math.floor(facts.endedAtMs),
    ending: endingOf(exchange, closed),
    ...originOf(exchange),
    dialect: dialectOf(exchange),
    ...(call && { model: call.model.slice(0, 256), stream: call.stream }),
    ...(answered && answerOf(answered)),
    ...(exchange.resumed && { resumed: { from: exchange.resumed.from.name, atOutputBytes: exchange.resumed.atOutputBytes } }),
    attempts: describeAttempts(exchange, closed),
    ...(exchange.status !== undefined && { status: exchange.status }),
    ...errorOf(exchange, closed),
    ...moneyOf(exchange, closed),
    ...cacheOf(exchange, facts.endedAtMs),
    ...scopesOf(exchange, closed),
    ...(exchange.maxOutputTokens !== undefined && { maxOutputTokens: exchange.maxOutputTokens }),
    bytesIn: typeof http.body === 'string' ? Buffer.byteLength(http.body) : http.body.length,
    ...(facts.bytesOut !== undefined && { bytesOut: facts.bytesOut }),
    ...timesOf(exchange, closed, facts.endedAtMs),
  };
}

/** What is no call in a dialect goes by what it is. */
function dialectOf({ endpoint, dialect }: Exchange): string {
  return endpoint?.kind === 'pass-through' || endpoint?.kind === 'uploads' ? endpoint.kind : dialect.name;
}

function endingOf(exchange: Exchange, { delivery }: ClosedCall): CallRecord['ending'] {
  if (delivery?.ending === 'client_gone' || delivery?.ending === 'truncated') return delivery.ending;
  const error = exchange.error ?? delivery?.error;
  if (error === undefined && delivery?.ending !== 'failed') return 'answered';
  if (error?.code === 'client_closed_request') return 'client_gone';
  const ours = error === undefined || error.code === 'internal_error' || error.code === 'store_unavailable';
  return exchange.attempts.length === 0 && exchange.answered === undefined && !ours ? 'refused' : 'failed';
}

function originOf(exchange: Exchange): Partial<CallRecord> {
  const { principal, options, call } = exchange;
  const endUser = options?.endUser ?? call?.endUser;
  const tags = principal === undefined ? { ...options?.tags } : tagsOfCall(principal, options?.tags);
  const session = options?.session ?? bodySession(call);
  const traceId = exchange.traceparent?.split('-')[1];
  return {
    ...(principal && { keyId: principal.key.id }),
    ...(principal?.key.team !== undefined && { team: principal.key.team }),
    ...(principal?.key.user !== undefined && { user: principal.key.user }),
    ...(principal?.key.organization !== undefined && { organization: principal.key.organization }),
    ...(endUser !== undefined && { endUser: endUser.slice(0, 256) }),
    ...(Object.keys(tags).length > 0 && { tags }),
    ...(session !== undefined && { session }),
    ...(traceId !== undefined && exchange.http.headers.traceparent !== undefined && { traceId }),
    ...callingClient(exchange.http.headers),
  };
}

/** OpenRouter takes the session in the body too (https://openrouter.ai/docs/guides/features/broadcast/overview). */
function bodySession(call: Call | undefined): string | undefined {
  const session = call?.body.session_id;
  return typeof session === 'string' && session !== '' ? session.slice(0, 256) : undefined;
}

function answerOf({ target, facts }: Answered): Partial<CallRecord> {
  return {
    servedBy: target.name,
    provider: target.provider.id,
    ...(facts.id !== undefined && { providerAnswerId: facts.id.slice(0, 128) }),
    ...(facts.finishReason !== undefined && { finishReason: facts.finishReason }),
    ...(facts.toolNames.length > 0 && { tools: facts.toolNames.slice(0, mostTools).map((name) => name.slice(0, 128)) }),
  };
}

function errorOf(exchange: Exchange, { delivery }: ClosedCall): Partial<CallRecord> {
  const error = exchange.error ?? delivery?.error;
  if (error === undefined) return {};
  if (exchange.refused === undefined) return { error: error.code };
  const { scope, limit, reason } = exchange.refused;
  return { error: error.code, refusedBy: { scope: scope.id, limit, reason } };
}

function moneyOf(exchange: Exchange, { consumption }: ClosedCall): Pick<CallRecord, 'usage' | 'costNanoUsd'> & Partial<CallRecord> {
  const { usage, costNanoUsd, estimated } = consumption;
  const charge = chargeOfAnswer(exchange, usage);
  // What was charged in full because nobody knows better has no parts, nor has what two targets charged.
  const tells = charge !== undefined && exchange.resumed === undefined && charge.totalNanoUsd > 0 && charge.totalNanoUsd === costNanoUsd;
  return {
    usage: countsOf(usage),
    costNanoUsd: costNanoUsd ?? 0,
    ...(estimated && { estimated: true }),
    ...(costNanoUsd === undefined && { unpriced: true }),
    ...(tells && charge.parts && { cost: withoutZeros(charge.parts) }),
    ...(tells && charge.isStated && { costStated: true }),
    ...(exchange.admitted && { heldNanoUsd: exchange.admitted.amountNanoUsd }),
  };
}

function chargeOfAnswer({ answered, config }: Exchange, usage: Usage): Charge | undefined {
  return answered && chargeAt((target) => config?.priceOf(target))(answered.target, usage, answered.facts.serviceTier);
}

/** Repeating a call by its `Idempotency-Key` is told apart from the cache, which saves what somebody else paid for. */
function cacheOf({ replayed, responseHeaders, startedAtMs }: Exchange, endedAtMs: number): Partial<CallRecord> {
  const source = replayed?.answer.sourceId;
  const cacheSource = source === undefined ? {} : { cacheSource: source };
  if (replayed?.from === 'idempotency') return { cache: 'idempotent', ...cacheSource };
  const cache = responseHeaders['x-sluice-cache'];
  const saved = replayed?.answer.costNanoUsd ?? 0;
  const savedMs = replayed === undefined ? 0 : savedMsBy(replayed.answer, endedAtMs - startedAtMs);
  return {
    ...(cache !== undefined && { cache }),
    ...cacheSource,
    ...(saved > 0 && { savedNanoUsd: saved }),
    ...(savedMs > 0 && { savedMs }),
  };
}

/** A copy of a call that the operator had made: charged to the gateway, and to nobody's key. */
export function describeMirrored(exchange: Exchange, mirror: Target, mirrored: MirroredCall, nowMs: number): CallRecord {
  const { id, startedAtMs, attempts, facts, failed, usage, costNanoUsd, scopes } = mirrored;
  return {
    id,
    startedAtMs: Math.floor(startedAtMs),
    endedAtMs: Math.floor(nowMs),
    ending: failed ? 'failed' : 'answered',
    tags: { mirror_of: exchange.requestId },
    dialect: exchange.dialect.name,
    ...(exchange.call && { model: exchange.call.model.slice(0, 256), stream: exchange.call.stream }),
    ...(!failed && { servedBy: mirror.name, provider: mirror.provider.id }),
    ...(facts?.finishReason !== undefined && { finishReason: facts.finishReason }),
    attempts: describeOwnAttempts(attempts, startedAtMs, costNanoUsd),
    usage: countsOf(usage),
    costNanoUsd: costNanoUsd ?? 0,
    ...(costNanoUsd === undefined && { unpriced: true }),
    ...(scopes.length > 0 && { scopes: [...scopes] }),
    durationMs: round(nowMs - startedAtMs),
  };
}

/** What the ledger is going to charge, and whom. */
function scopesOf(exchange: Exchange, { consumption }: ClosedCall): Partial<CallRecord> {
  const { admitted, answered, targetHolds } = exchange;
  const held = admitted === undefined ? [] : [...admitted.holds.map(({ scope }) => scope), ...admitted.unheld];
  const scopes = [...new Map(held.map((scope) => [scope.id, scope])).values()];
  const served = answered && servedModels(exchange);
  const spared = scopes.filter((scope) => served !== undefined && !concernsModel(scope, served));
  const ids = [...scopes.map(({ id }) => id), ...(targetHolds?.charged ?? [])];
  return {
    ...(ids.length > 0 && { scopes: ids }),
    ...(spared.length > 0 && (consumption.costNanoUsd ?? 0) > 0 && { charges: Object.fromEntries(spared.map(({ id }) => [id, 0])) }),
  };
}

function timesOf(exchange: Exchange, { delivery }: ClosedCall, nowMs: number): Partial<CallRecord> {
  const { startedAtMs, answered, timings } = exchange;
  const since = (atMs: number): number => round(Math.max(0, atMs - startedAtMs));
  const firstByteAtMs = delivery === undefined ? answered?.answeredAtMs : delivery.firstByteAtMs;
  const answeredAtMs = answered?.answeredAtMs ?? (exchange.attempts.length === 0 ? nowMs : undefined);
  return {
    durationMs: since(nowMs),
    ...(firstByteAtMs !== undefined && { firstByteMs: since(firstByteAtMs) }),
    ...(delivery?.firstContentAtMs !== undefined && { firstTokenMs: since(delivery.firstContentAtMs) }),
    ...(answeredAtMs !== undefined && { overheadMs: round(Math.max(0, answeredAtMs - startedAtMs - (timings.upstream ?? 0))) }),
  };
}

function withoutZeros<Name extends string>(counts: Readonly<Record<Name, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries<number>(counts).filter(([, value]) => value !== 0));
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}
