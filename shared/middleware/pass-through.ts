import type { Ledger } from '../admission/ledger.ts';
import { type Scope, scopesOf } from '../admission/scopes.ts';
import { usageOf } from '../calls/usage.ts';
import type { LiveConfig } from '../config/live-config.ts';
import type { Directory } from '../control/directory.ts';
import { mayPassThrough } from '../control/model-access.ts';
import { subjectOf } from '../control/subject.ts';
import { BinaryDelivery } from '../delivery/binary-delivery.ts';
import { emptyFacts } from '../dialects/empty-facts.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { fixedCost } from '../pricing/fixed-cost.ts';
import { echoId } from '../providers/echo-row.ts';
import type { PassThroughClient } from '../providers/pass-through.ts';
import { withoutVersion } from '../providers/pass-through-url.ts';
import { UpstreamFailure } from '../providers/upstream-failure.ts';
import { classify } from '../routing/classify.ts';
import { type AttemptRecord, finalError } from '../routing/final-error.ts';
import type { Target } from '../routing/plan.ts';
import { reasonOf } from '../routing/reason.ts';
import { admitRequest } from './admit-request.ts';
import { readCallOptions } from './call-options.ts';
import { type Exchange, type GatewayResponse, known } from './exchange.ts';
import { safeHeaders } from './safe-headers.ts';

/** What passing through needs of the world. */
export interface PassThroughPorts {
  readonly client: Pick<PassThroughClient, 'send'>;
  readonly config: LiveConfig;
  readonly ledger: Pick<Ledger, 'admit'>;
  readonly directory: Pick<Directory, 'findUser'>;
  readonly nowMs: () => number;
}

/** Methods that ask for nothing to be made (RFC 9110 section 9.2.1), and so for nothing to be billed. */
const safeMethods: readonly string[] = ['GET', 'HEAD'];

/**
 * Forwards a request to any other endpoint of a configured provider: under the same key, the same limits and the same
 * log as every call, and with the provider's key in the place of the caller's. Under a budget only what has a known
 * cost may pass, because nothing else is known of such a request.
 */
export async function passThrough(
  exchange: Exchange,
  { provider: id, path }: { readonly provider: string; readonly path: string },
  ports: PassThroughPorts,
): Promise<GatewayResponse> {
  const { config } = ports;
  exchange.config = config;
  exchange.options = readCallOptions(exchange.http.headers);
  const { timeoutMs } = exchange.options;
  if (timeoutMs !== undefined) exchange.deadlineAtMs = Math.min(exchange.deadlineAtMs, exchange.startedAtMs + timeoutMs);
  const target = targetOf(id, path, config);
  if (!mayPassThrough(known(exchange.principal, 'principal'), id)) {
    throw new GatewayError(
      'model_not_allowed',
      `This key may call only some models. What passes through to '${id}' names no model, so the key has to be allowed '${id}/*', and none of its models forbidden.`,
      { param: 'path' },
    );
  }
  await admitTo(exchange, target, ports);
  return await forward(exchange, target, ports);
}

function targetOf(id: string, path: string, config: LiveConfig): Target {
  const provider = config.providers.get(id);
  if (provider === undefined || provider.row.id === echoId) {
    const names = [...config.providers.keys()].filter((name) => name !== echoId);
    const known = names.length === 0 ? 'None is configured.' : `Configured: ${names.join(', ')}.`;
    throw new GatewayError('not_found', `There is no provider ${JSON.stringify(id.slice(0, 64))} to pass through to. ${known}`);
  }
  const model = withoutVersion(provider.baseUrl, path);
  return { name: `${id}/${model}`.slice(0, 256), provider, model, retries: 0, timeouts: config.timeouts, overrides: {} };
}

async function admitTo(exchange: Exchange, target: Target, ports: PassThroughPorts): Promise<void> {
  const { http } = exchange;
  const begunAtMs = ports.nowMs();
  const subject = await subjectOf(ports.directory, known(exchange.principal, 'principal'), known(exchange.options, 'options'));
  const scopes = scopesOf(subject, [`${target.provider.id}/*`, target.name]);
  const amountNanoUsd = costOf(http.method, target, ports.config);
  if (amountNanoUsd === undefined && mindsMoney(scopes, exchange)) {
    throw new GatewayError(
      'unpriced_model',
      `What ${http.method} ${target.name} costs is not known, and a request under a budget needs a known cost. The operator can set it as per_request under prices in the configuration.`,
      { param: 'path' },
    );
  }
  // Nothing is known of tokens but that what is sent may be read: a byte is at least a token.
  await admitRequest(
    exchange,
    scopes,
    { amountNanoUsd: amountNanoUsd ?? 0, tokens: http.body.length, unpriced: amountNanoUsd === undefined },
    { ledger: ports.ledger, nowMs: begunAtMs },
  );
  exchange.timings.admit = ports.nowMs() - begunAtMs;
}

function mindsMoney(scopes: readonly Scope[], exchange: Exchange): boolean {
  return exchange.options?.maxCostNanoUsd !== undefined || scopes.some(({ limits }) => limits.budgets.length > 0);
}

/** What a request costs, in nano-USD; undefined where nobody knows. */
function costOf(method: string, target: Target, config: LiveConfig): number | undefined {
  const price = config.priceOf(target);
  const fixed = price === undefined ? undefined : fixedCost(price, Date.now());
  return fixed ?? (safeMethods.includes(method) ? 0 : undefined);
}

async function forward(exchange: Exchange, target: Target, ports: PassThroughPorts): Promise<GatewayResponse> {
  const { http, deadlineAtMs, clientGone } = exchange;
  const startedAtMs = ports.nowMs();
  const deadline = AbortSignal.timeout(Math.max(1, Math.ceil(Math.min(target.timeouts.totalMs, deadlineAtMs - startedAtMs))));
  const attempt = (end: Pick<AttemptRecord, 'status' | 'outcome' | 'reason'>) => {
    const record = { target: target.name, startedAtMs, latencyMs: ports.nowMs() - startedAtMs, ...end };
    exchange.attempts.push(record);
    return record;
  };
  try {
    const answer = await ports.client.send({
      provider: target.provider,
      method: http.method,
      path: target.model,
      query: http.queryPairs.filter(([name]) => name !== 'key'),
      headers: exchange.traceparent === undefined ? http.headers : { ...http.headers, traceparent: exchange.traceparent },
      body: http.body,
      timeouts: target.timeouts,
      signal: AbortSignal.any([clientGone, deadline]),
    });
    const record = attempt({ status: answer.status, outcome: 'answered' });
    const body = new BinaryDelivery(answer.source, {
      idleMs: target.timeouts.idleMs,
      nowMs: ports.nowMs,
      errorOf: (failure) => finalError({ failed: [{ failure, record }] }),
    });
    // Providers do not bill what they refuse.
    if (answer.status < 400)
      exchange.answered = { target, sentAtMs: startedAtMs, facts: emptyFacts(), usage: () => usageOf({}), answeredAtMs: ports.nowMs() };
    exchange.timings.upstream = ports.nowMs() - startedAtMs;
    exchange.delivery = body.done;
    exchange.status = answer.status;
    const headers = {
      'cache-control': 'no-store',
      ...answer.headers,
      ...exchange.responseHeaders,
      'x-sluice-provider': target.provider.id,
    };
    return { statusCode: answer.status, headers: safeHeaders(headers), body };
  } catch (error) {
    if (!(error instanceof UpstreamFailure)) throw error;
    const timedOut = deadline.aborted ? new UpstreamFailure('total_timeout', 'the deadline of the request passed') : error;
    const record = attempt({ status: timedOut.facts.status, outcome: classify(timedOut), reason: reasonOf(timedOut) });
    throw finalError({ failed: [{ failure: timedOut, record }] });
  }
}
