import type { Call } from '../calls/call.ts';
import { inputTokenBound } from '../pricing/input-bound.ts';
import { claudeVersion, isBefore } from '../providers/claude-version.ts';
import type { Transport } from '../providers/transport.ts';
import { UpstreamFailure } from '../providers/upstream-failure.ts';
import { routeCall } from '../routing/attempts.ts';
import type { Target } from '../routing/plan.ts';
import { type Exchange, type GatewayResponse, known } from './exchange.ts';
import { safeHeaders } from './safe-headers.ts';

/** What counting needs of the world. */
export interface CountTokensPorts {
  readonly routing: Parameters<typeof routeCall>[1];
  readonly nowMs: () => number;
}

/**
 * Answers how many tokens a prompt has. The provider counts where the first target of the plan speaks the dialect
 * itself and offers to count; else the gateway estimates, and says so in `x-sluice-estimated: true`.
 */
export async function countTokens(exchange: Exchange, ports: CountTokensPorts): Promise<GatewayResponse> {
  const call = known(exchange.call, 'call');
  const [target] = known(exchange.plan, 'plan').targets;
  if (target === undefined) return estimate(exchange, call, undefined);
  const transport = ports.routing.transportFor(target, exchange.dialect, call);
  if (transport === undefined || !target.provider.countsTokens(call.dialect, target.model)) return estimate(exchange, call, target);
  const counting = new Counting(transport, known(exchange.dialect.counting, 'way to count').pathOf);
  const begunAtMs = ports.nowMs();
  try {
    const routed = await routeCall(
      {
        call,
        dialect: exchange.dialect,
        plan: { ...known(exchange.plan, 'plan'), targets: [target] },
        deadlineAtMs: exchange.deadlineAtMs,
        signal: exchange.clientGone,
        maxOutputTokens: undefined,
        headers: exchange.traceparent === undefined ? {} : { traceparent: exchange.traceparent },
        onAttempt: (record) => exchange.attempts.push(record),
      },
      { ...ports.routing, transportFor: () => counting },
    );
    exchange.timings.upstream = ports.nowMs() - begunAtMs;
    if (routed.kind !== 'json') return estimate(exchange, call, target);
    Object.assign(exchange.responseHeaders, routed.headers);
    return answer(exchange, target, routed.answer.body.toString('utf8'));
  } catch (error) {
    // Many who speak Messages have no count to offer.
    if (counting.isMissing) return estimate(exchange, call, target);
    throw error;
  }
}

/** Carries the question to the path where the provider counts. */
class Counting implements Transport {
  readonly #transport: Transport;
  readonly #pathOf: (path: string) => string;
  isMissing = false;

  constructor(transport: Transport, pathOf: (path: string) => string) {
    this.#transport = transport;
    this.#pathOf = pathOf;
  }

  async send(attempt: Parameters<Transport['send']>[0]): ReturnType<Transport['send']> {
    try {
      return await this.#transport.send({ ...attempt, pathOf: this.#pathOf });
    } catch (error) {
      if (error instanceof UpstreamFailure && [404, 405, 501].includes(error.facts.status ?? 0)) this.isMissing = true;
      throw error;
    }
  }
}

/** Bytes of a JSON body that make a token, on the low side: English text has more than four, code about three. */
const bytesPerToken = 3;

/**
 * From version 4.7 on Claude makes up to 35 % more tokens of the same text
 * (https://platform.claude.com/docs/en/about-claude/pricing#model-pricing).
 */
const bytesPerTokenOfNewClaude = 2.2;

function bytesPerTokenOf(model: string | undefined): number {
  if (model === undefined || !/claude/i.test(model)) return bytesPerToken;
  const version = claudeVersion(model);
  const isOld = version !== undefined && isBefore(version, { major: 4, minor: 7 });
  return isOld ? bytesPerToken : bytesPerTokenOfNewClaude;
}

/**
 * About how many tokens a prompt has: text by its length, media by the documented formulas of the model's maker at
 * their maximum. It errs on the high side for European languages and code.
 */
function estimateTokens(call: Call, target: Pick<Target, 'provider' | 'model'> | undefined): number {
  const { contextLength } = target?.provider.limits(target.model) ?? {};
  const options = { model: target?.model, contextLength };
  const provider = target?.provider.row.id ?? '';
  const nothing = { textBytes: 0, messages: 0, tools: 0, images: [], files: [], audio: [], promptCache: 'none' } as const;
  const media = { ...nothing, images: call.content.images, files: call.content.files, audio: call.content.audio };
  const mediaTokens = inputTokenBound(media, provider, options) - inputTokenBound(nothing, provider, options);
  return Math.ceil(call.content.textBytes / bytesPerTokenOf(target?.model)) + mediaTokens;
}

function estimate(exchange: Exchange, call: Call, target: Target | undefined): GatewayResponse {
  exchange.responseHeaders['x-sluice-estimated'] = 'true';
  return answer(exchange, target, JSON.stringify(known(exchange.dialect.counting, 'way to count').answerOf(estimateTokens(call, target))));
}

function answer(exchange: Exchange, target: Target | undefined, body: string): GatewayResponse {
  exchange.status = 200;
  const from = target === undefined ? {} : { 'x-sluice-provider': target.provider.id, 'x-sluice-model': target.name };
  return {
    statusCode: 200,
    headers: safeHeaders({ 'content-type': 'application/json', 'cache-control': 'no-store', ...exchange.responseHeaders, ...from }),
    body,
  };
}
