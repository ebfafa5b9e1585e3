import { createHash } from 'node:crypto';
import { requestDigest } from '../cache/cache-key.ts';
import { type IdempotencyClaim, type IdempotencyStore, idempotencyMs, type KeptFailure } from '../cache/idempotency.ts';
import { Lead, leaseMs } from '../cache/single-flight.ts';
import type { Call } from '../calls/call.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import type { Routed } from '../routing/journey.ts';
import { describeError, type Log } from '../telemetry/log.ts';
import { finishedAnswer, type KeepPorts } from './cache-keep.ts';
import { replay } from './cache-replay.ts';
import { type Exchange, type GatewayMiddleware, type GatewayResponse, known } from './exchange.ts';

/** What idempotency keys need of the world. */
export interface IdempotencyParts {
  readonly store: IdempotencyStore;
  readonly log: Log;
  readonly nowMs: () => number;
}

export interface IdempotencyOptions {
  readonly parts: () => Promise<IdempotencyParts>;
  readonly respondWith: (exchange: Exchange, routed: () => Promise<Routed>) => Promise<GatewayResponse>;
}

/** When to ask again for a call that is under way, in milliseconds. */
const askAgainMs = 2_000;

/**
 * Sees to it that a call which is repeated under the same `Idempotency-Key` within a day is made once: the repetition
 * gets the same answer, is not admitted anew and costs nothing. Stands before admission, so that a budget that the
 * first call used up does not refuse its repetition. A call without the header costs no access to the store.
 */
export function idempotency(options: IdempotencyOptions): GatewayMiddleware {
  return {
    before: async function idempotencyBefore(request): Promise<GatewayResponse | undefined> {
      const { exchange } = request.context;
      const { call, endpoint } = exchange;
      const idempotencyKey = exchange.options?.idempotencyKey;
      if (call === undefined || endpoint?.kind !== 'call' || idempotencyKey === undefined) return undefined;
      const parts = await options.parts();
      const id = createHash('sha256')
        .update(`${known(exchange.principal, 'principal').key.id}\n${idempotencyKey}`)
        .digest('hex');
      const claim = await claimed(exchange, call, id, parts);
      return claim === undefined ? undefined : await repeated(exchange, claim, options, parts);
    },
  };
}

/** Takes the key for this call; what is in the way otherwise. */
async function claimed(exchange: Exchange, call: Call, id: string, parts: IdempotencyParts): Promise<IdempotencyClaim | undefined> {
  const { requestId } = exchange;
  const nowMs = Math.floor(parts.nowMs());
  let claim: IdempotencyClaim;
  try {
    claim = await parts.store.claim(id, requestId, digestOf(exchange, call), { nowMs, leaseUntilMs: nowMs + leaseMs });
  } catch (cause) {
    parts.log.write('error', 'idempotency failed', { request_id: requestId, cause: describeError(cause) });
    if (exchange.config?.settings.on_store_failure === 'open') return undefined;
    throw new GatewayError(
      'store_unavailable',
      'The gateway cannot tell at this moment whether this call was made before. Try again shortly.',
      {
        retryAfterMs: 1_000,
        cause,
      },
    );
  }
  if (claim.kind !== 'first') return claim;
  exchange.idempotency = new Lead(id, requestId, {
    store: parts.store,
    nowMs: parts.nowMs,
    onStoreFailure: (error) => parts.log.write('error', 'idempotency failed', { request_id: requestId, cause: describeError(error) }),
  });
  return undefined;
}

/** A form's own text differs each time it is sent, so that its parts are gone by; JSON is gone by as it came. */
function digestOf({ http }: Exchange, call: Call): string {
  return requestDigest(call, call.form === undefined ? http.body.toString() : undefined);
}

async function repeated(
  exchange: Exchange,
  claim: IdempotencyClaim,
  options: IdempotencyOptions,
  parts: IdempotencyParts,
): Promise<GatewayResponse | undefined> {
  switch (claim.kind) {
    case 'first':
      return undefined;
    case 'conflict':
      throw new GatewayError(
        'idempotency_conflict',
        'This Idempotency-Key was used for another request. Use a new key for a new request.',
        {
          param: 'idempotency-key',
        },
      );
    case 'in-progress':
      throw new GatewayError(
        'idempotency_in_progress',
        'The call with this Idempotency-Key is still under way. Its answer can be had when it is over.',
        {
          param: 'idempotency-key',
          retryAfterMs: askAgainMs,
        },
      );
    case 'failed':
      exchange.responseHeaders['x-sluice-idempotent-replayed'] = 'true';
      throw new GatewayError(claim.failure.code, claim.failure.message, {
        status: claim.failure.status,
        headers: { 'x-should-retry': 'false' },
      });
    case 'answered':
      exchange.responseHeaders['x-sluice-idempotent-replayed'] = 'true';
      return await options.respondWith(exchange, () => replay(exchange, { answer: claim.answer, from: 'idempotency' }, parts.nowMs()));
  }
}

/**
 * Keeps how the call ended, for its repetitions. A failure before the provider began to answer frees the key, so that
 * the repetition is a fresh try; one after that is kept as it is, because the answer was paid for and trying again would
 * be paid for again. Never throws.
 */
export async function keepIdempotent(
  exchange: Exchange,
  parts: IdempotencyParts,
  ports: Pick<KeepPorts, 'cache' | 'costOf'>,
): Promise<void> {
  const { idempotency: lead } = exchange;
  if (lead === undefined) return;
  const delivery = await exchange.delivery;
  const answer = exchange.replayed?.answer ?? (await finishedAnswer(exchange, ports))?.answer;
  if (answer !== undefined) {
    const storedAtMs = Math.floor(parts.nowMs());
    await lead.keep({ ...answer, storedAtMs, freshUntilMs: storedAtMs + idempotencyMs, keptUntilMs: storedAtMs + idempotencyMs });
    return;
  }
  const wasAnswered = exchange.answered !== undefined && delivery !== undefined && delivery.ending !== 'complete';
  if (!wasAnswered) {
    await lead.abandon();
    return;
  }
  const error = exchange.error ?? delivery.error;
  await lead.end(() => parts.store.fail(lead.key, exchange.requestId, failureOf(error)));
}

function failureOf(error: GatewayError | undefined): KeptFailure {
  const { code, status, message } =
    error ??
    new GatewayError(
      'client_closed_request',
      'The first call with this Idempotency-Key was cut off within its answer. Use a new key to try again.',
    );
  return { code, status, message };
}
