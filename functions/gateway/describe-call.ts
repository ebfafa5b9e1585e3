import { concernsModel } from '../../shared/admission/scopes.ts';
import type { Call } from '../../shared/calls/call.ts';
import type { Usage } from '../../shared/calls/usage.ts';
import type { Answered, Exchange } from '../../shared/middleware/exchange.ts';
import type { ClosedCall } from '../../shared/middleware/settle.ts';
import { type Cost, costOf } from '../../shared/pricing/cost.ts';
import type { CallRecord } from '../../shared/telemetry/call-record.ts';

/** Names of tools kept of one answer. */
const mostTools = 32;

/** What only the end of a call shows. */
export interface CallFacts {
  /** When the last byte had left. */
  readonly endedAtMs: number;
  readonly bytesOut: number | undefined;
}

/** The record of a call that is over. Nothing that was said is in it. */
export function describeCall(exchange: Exchange, closed: ClosedCall, facts: CallFacts): CallRecord {
  const { call, answered, http, responseHeaders } = exchange;
  const cache = responseHeaders['x-sluice-cache'];
  return {
    id: exchange.requestId,
    startedAtMs: Math.floor(exchange.startedAtMs),
    endedAtMs: Math.floor(facts.endedAtMs),
    ending: endingOf(exchange, closed),
    ...originOf(exchange),
    dialect: exchange.dialect.name,
    ...(call && { model: call.model.slice(0, 256), stream: call.stream }),
    ...(answered && answerOf(answered)),
    attempts: exchange.attempts.map(({ target, startedAtMs, latencyMs, status, outcome }) => ({
      target,
      startedMs: round(Math.max(0, startedAtMs - exchange.startedAtMs)),
      latencyMs: round(latencyMs),
      ...(status !== undefined && { status }),
      outcome,
    })),
    ...(exchange.status !== undefined && { status: exchange.status }),
    ...errorOf(exchange, closed),
    ...moneyOf(exchange, closed),
    ...(cache !== undefined && { cache }),
    ...scopesOf(exchange, closed),
    ...(exchange.maxOutputTokens !== undefined && { maxOutputTokens: exchange.maxOutputTokens }),
    bytesIn: typeof http.body === 'string' ? Buffer.byteLength(http.body) : http.body.length,
    ...(facts.bytesOut !== undefined && { bytesOut: facts.bytesOut }),
    ...timesOf(exchange, closed, facts.endedAtMs),
  };
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
  const tags = { ...principal?.team?.tags, ...principal?.key.tags, ...options?.tags };
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
  const { scope, id, models, limit, reason } = error.details ?? {};
  if (typeof scope !== 'string' || typeof limit !== 'string') return { error: error.code };
  const name = `${scope}#${String(id)}${typeof models === 'string' ? `|model#${models}` : ''}`;
  return { error: error.code, refusedBy: { scope: name, limit, reason: String(reason) } };
}

function moneyOf(exchange: Exchange, { consumption }: ClosedCall): Pick<CallRecord, 'usage' | 'costNanoUsd'> & Partial<CallRecord> {
  const { usage, costNanoUsd, estimated } = consumption;
  const cost = costOfAnswer(exchange, usage);
  return {
    usage: withoutZeros(usage),
    costNanoUsd: costNanoUsd ?? 0,
    ...(estimated && { estimated: true }),
    ...(costNanoUsd === undefined && { unpriced: true }),
    // What was charged in full because nobody knows better has no parts.
    ...(cost !== undefined && cost.totalNanoUsd > 0 && cost.totalNanoUsd === costNanoUsd && { cost: withoutZeros(cost.parts) }),
    ...(exchange.admitted && { heldNanoUsd: exchange.admitted.amountNanoUsd }),
  };
}

function costOfAnswer({ answered, config }: Exchange, usage: Usage): Cost | undefined {
  const price = answered && config?.priceOf(answered.target);
  if (answered === undefined || price === undefined) return undefined;
  return costOf(usage, price, { atMs: Date.now(), serviceTier: answered.facts.serviceTier });
}

/** Scopes the ledger has settled, or will; those where the hold had died are charged by its own entry. */
function scopesOf(exchange: Exchange, { settled, consumption }: ClosedCall): Partial<CallRecord> {
  const { admitted, answered, plan } = exchange;
  if (admitted === undefined) return {};
  const died = new Set(settled?.alreadySettled.map(({ id }) => id));
  const charged = [...admitted.holds.map(({ scope }) => scope), ...admitted.unheld].filter(({ id }) => !died.has(id));
  const scopes = [...new Map(charged.map((scope) => [scope.id, scope])).values()];
  const served = answered && [answered.target.name, plan?.requested ?? ''];
  const uncharged = scopes.filter((scope) => served !== undefined && !concernsModel(scope, served));
  const failed = settled === undefined ? scopes : settled.failed;
  return {
    ...(scopes.length > 0 && { scopes: scopes.map(({ id }) => id) }),
    ...(uncharged.length > 0 && (consumption.costNanoUsd ?? 0) > 0 && { charges: Object.fromEntries(uncharged.map(({ id }) => [id, 0])) }),
    ...(failed.length > 0 && { unsettled: failed.map(({ id }) => id) }),
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
