import { setTimeout as pause } from 'node:timers/promises';
import middy from '@middy/core';
import { executionModeStreamifyResponse } from '@middy/core/StreamifyResponse';
import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import type { Ledger } from '../../shared/admission/ledger.ts';
import { admitPatiently } from '../../shared/admission/patient-admission.ts';
import { admit } from '../../shared/middleware/admit.ts';
import { authenticate } from '../../shared/middleware/authenticate.ts';
import { cache } from '../../shared/middleware/cache.ts';
import type { Endpoint } from '../../shared/middleware/endpoints.ts';
import { errors } from '../../shared/middleware/errors.ts';
import { type Exchange, type GatewayContext, type GatewayResponse, known } from '../../shared/middleware/exchange.ts';
import { idempotency } from '../../shared/middleware/idempotency.ts';
import { parse } from '../../shared/middleware/parse.ts';
import { plan } from '../../shared/middleware/plan.ts';
import { trace } from '../../shared/middleware/trace.ts';
import { uploadedBody } from '../../shared/middleware/uploaded-body.ts';
import { answerCall, answerWith } from './answer-call.ts';
import { closeBooks } from './close-call.ts';
import { keepAnswers } from './keep-answers.ts';
import { measureSpeed } from './measure-speed.ts';
import { type GatewayParts, nowMs, wireGateway } from './wiring.ts';

let wiring: Promise<GatewayParts> | undefined;

/** The parts, made by the first request; a failure is not kept, so that the next request tries anew. */
function parts(): Promise<GatewayParts> {
  wiring ??= wireGateway().catch((error: unknown) => {
    wiring = undefined;
    throw error;
  });
  return wiring;
}

/**
 * The data plane as Lambda runs it. The order of the chain is the order of the lines: errors first, because it has to
 * catch what the others throw; settling last, after the last byte has left.
 */
export const handler = middy<APIGatewayProxyEvent, GatewayResponse, Error, GatewayContext>({
  executionMode: executionModeStreamifyResponse,
  // The deadline of a call is kept by routing, which can still answer; Middy's own would only cut.
  timeoutEarlyInMillis: 0,
  requestEnd: async ({ context, response }) => finish(context, response),
})
  .use(
    errors({
      log: {
        write: (...line) =>
          void parts().then(
            ({ log }) => log.write(...line),
            () => undefined,
          ),
      },
    }),
  )
  .use(trace({ nowMs }))
  .use(authenticate({ directory: { find: async (hash) => findPrincipal(await parts(), hash) }, nowMs }))
  .use(uploadedBody({ parts, nowMs }))
  .use(parse())
  .use(
    plan({
      config: { current: async () => (await parts()).config.current() },
      random: Math.random,
      nowMs,
      health: async () => (await parts()).health,
    }),
  )
  .use(
    idempotency({
      parts: async () => (await parts()).idempotency,
      respondWith: async (exchange, routed) => answerWith(exchange, await parts(), routed()),
    }),
  )
  .use(
    cache({
      parts: async () => (await parts()).cache,
      respondWith: async (exchange, routed) => answerWith(exchange, await parts(), routed()),
    }),
  )
  .use(
    admit({
      ledger: {
        admit: async (ask) => admitPatiently((await parts()).ledger, ask, waiting),
        extend: async (admitted, ask) => (await parts()).ledger.extend(admitted, ask),
      },
      directory: { findUser: async (id) => (await parts()).directory.findUser(id) },
      nowMs,
    }),
  )
  .handler(async (_event, context) => answer(context.exchange));

const waiting = { pause, nowMs };

/** The ledger as callers meet it: it waits a moment for calls that are being settled. */
function patient(ledger: Ledger): Pick<Ledger, 'admit'> {
  return { admit: (ask) => admitPatiently(ledger, ask, waiting) };
}

/** Looks a key up, and meanwhile whether the configuration has changed: two questions to the store at once. */
function findPrincipal({ config, directory }: GatewayParts, keyHash: string) {
  config.touch();
  return directory.find(keyHash);
}

/** Calls are what a function is started for; what answers anything else is loaded when it is asked for. */
async function answer(exchange: Exchange): Promise<GatewayResponse> {
  const endpoint = known(exchange.endpoint, 'endpoint');
  if (endpoint.kind === 'call') return answerCall(exchange, await parts());
  if (endpoint.kind === 'pass-through') return forward(exchange, endpoint);
  if (endpoint.kind === 'count-tokens') {
    const { countTokens } = await import('../../shared/middleware/count-tokens.ts');
    return countTokens(exchange, { routing: (await parts()).routing, nowMs });
  }
  const { answerResource, jsonResponse } = await import('./resources.ts');
  if (endpoint.kind !== 'uploads') return answerResource(exchange, endpoint, parts);
  const { offerUpload } = await import('../../shared/middleware/offer-upload.ts');
  const wired = await parts();
  return jsonResponse(exchange, await offerUpload(exchange, { ...wired, ledger: patient(wired.ledger), nowMs }));
}

async function forward(exchange: Exchange, endpoint: { readonly provider: string; readonly path: string }): Promise<GatewayResponse> {
  const { passThrough } = await import('../../shared/middleware/pass-through.ts');
  const { passThrough: client, config, directory, ledger } = await parts();
  return passThrough(exchange, endpoint, { client, config: await config.current(), directory, ledger: patient(ledger), nowMs });
}

/** What is limited and recorded; the rest only reads what the gateway knows. */
const recordedKinds: readonly Endpoint['kind'][] = ['call', 'count-tokens', 'pass-through', 'uploads'];

/** Runs when the last byte has left, and before the function is frozen. */
async function finish(context: Context & { readonly exchange?: Exchange }, response: GatewayResponse | null | undefined): Promise<void> {
  const { exchange } = context;
  const kind = exchange?.endpoint?.kind;
  if (exchange === undefined || kind === undefined || !recordedKinds.includes(kind)) return;
  const wired = await parts();
  const body = typeof response?.body === 'string' ? response.body : undefined;
  const facts = { endedAtMs: nowMs(), bytesOut: body === undefined ? undefined : Buffer.byteLength(body), body };
  const closed = await keepAnswers(exchange, wired, () => closeBooks(exchange, wired, facts));
  // As it was when the answer was over: closing the books says nothing of the provider.
  measureSpeed(exchange, closed, wired.health, facts.endedAtMs);
  await Promise.all([exchange.mirrored, wired.health.flush(nowMs())]);
}
