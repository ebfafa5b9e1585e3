import type { Ledger } from '../admission/ledger.ts';
import { limitHeaders, usd } from '../admission/limit-headers.ts';
import { firstSliceTokens, OutputMeter } from '../admission/output-meter.ts';
import { type Quote, quoteCall } from '../admission/quote.ts';
import { type Scope, scopesOf } from '../admission/scopes.ts';
import { settlingMs } from '../admission/settling.ts';
import type { Call } from '../calls/call.ts';
import type { Directory } from '../control/directory.ts';
import { subjectOf } from '../control/subject.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { mayHideOutput } from '../providers/hidden-output.ts';
import { everyTarget, mapTargets, type Plan, type Target } from '../routing/plan.ts';
import { boundedTarget } from '../routing/spending-bounds.ts';
import { admitRequest } from './admit-request.ts';
import { clampFloor } from './clamp-floor.ts';
import { type Exchange, type GatewayMiddleware, known } from './exchange.ts';
import { mayResume } from './may-resume.ts';
import { quotedTarget, refuseUnboundedTools } from './quoted-target.ts';
import { refuse } from './refuse.ts';

/** No amount of nano-USD or tokens is larger: what nothing limits may ask for more than can be counted. */
const mostCounted = Number.MAX_SAFE_INTEGER;

/** What admission needs of the world. */
export interface AdmitOptions {
  readonly ledger: Pick<Ledger, 'admit' | 'extend'>;
  readonly directory: Pick<Directory, 'findUser'>;
  readonly nowMs: () => number;
}

/** Lets a call in on all its scopes or on none, with the most it can cost held on each. */
export function admit(options: AdmitOptions): GatewayMiddleware {
  return {
    before: async function admitBefore(request): Promise<undefined> {
      const { exchange } = request.context;
      if (exchange.call === undefined) return;
      const begunAtMs = options.nowMs();
      await admitCall(exchange, exchange.call, options);
      exchange.timings.admit = options.nowMs() - begunAtMs;
    },
  };
}

async function admitCall(exchange: Exchange, call: Call, options: AdmitOptions): Promise<void> {
  const plan = known(exchange.plan, 'plan');
  const config = known(exchange.config, 'config');
  const callOptions = known(exchange.options, 'options');
  const subject = await subjectOf(options.directory, known(exchange.principal, 'principal'), {
    endUser: callOptions.endUser ?? call.endUser,
    tags: callOptions.tags,
  });
  const targets = everyTarget(plan);
  const scopes = scopesOf(subject, [plan.requested, ...targets.map(({ name }) => name)]);
  const nowMs = options.nowMs();
  // Counting tokens is a request like any other, and costs nothing.
  if (known(exchange.endpoint, 'endpoint').kind === 'count-tokens') {
    return admitRequest(exchange, scopes, { amountNanoUsd: 0, tokens: 0 }, { ledger: options.ledger, nowMs });
  }
  const quoting = { call, dialect: exchange.dialect, config };
  const mindsMoney = callOptions.maxCostNanoUsd !== undefined || scopes.some(({ limits }) => limits.budgets.length > 0);
  const quoted = targets.map((target) => {
    const asked = quotedTarget(target, quoting);
    if (mindsMoney) refuseUnboundedTools(target, call, asked);
    return asked;
  });
  const bounded = (target: Target) =>
    mindsMoney || hasBudget(target) ? boundedTarget(target, call, config.priceOf(target), nowMs) : target;
  if (mindsMoney || targets.some(hasBudget)) exchange.plan = mapTargets(plan, bounded);
  const quote = quoteCall(call, quoted, nowMs);
  exchange.quote = quote;
  const outputTokens = cappedOutput(exchange, quote, { scopes, mindsMoney, maxCostNanoUsd: callOptions.maxCostNanoUsd });
  const { fixedOutput = false } = exchange.dialect;
  // An answer that another target may have to carry on costs twice at most; where that does not fit, it is not carried on.
  const attempts = mayResume(call, plan, exchange.dialect) ? 2 : 1;
  // Where neither money nor tokens are limited nobody waits for what is held, and a slice more would be a write for nothing.
  const slices = !fixedOutput && attempts === 1 && mindsTokens(scopes) && mayBeSliced(call, plan);
  const useful = clampFloor(exchange, scopes);
  const wanted = slices ? Math.min(outputTokens, Math.max(firstSliceTokens, useful)) : outputTokens;
  const floor = fixedOutput ? wanted : Math.min(wanted, useful);
  const ask = (times: number) =>
    options.ledger.admit({
      requestId: exchange.requestId,
      scopes,
      amountNanoUsd: Math.min(
        quote.costWith(wanted) * times,
        Math.max(quote.costWith(wanted), callOptions.maxCostNanoUsd ?? mostCounted),
        mostCounted,
      ),
      floorNanoUsd: quote.costWith(floor),
      tokens: Math.min((quote.inputTokens + wanted * quote.choices) * times, mostCounted),
      floorTokens: quote.inputTokens + floor * quote.choices,
      unpriced: quote.unpriced.length > 0,
      nowMs,
      expiresAtMs: exchange.deadlineAtMs + settlingMs,
    });
  const twice = attempts === 2 ? await ask(2) : undefined;
  const answer = twice?.outcome === 'admitted' ? twice : await ask(1);
  if (answer.outcome === 'refused') refuse(exchange, answer, nowMs);
  exchange.admitted = answer;
  Object.assign(exchange.responseHeaders, limitHeaders(answer.standings, nowMs));
  const heldTokens = answer.clamped ? tokensHeld(quote, answer, wanted) : wanted;
  if (slices) exchange.heldOutputTokens = heldTokens;
  else if (heldTokens < outputTokens) lowerOutput(exchange, heldTokens);
}

/** The most output tokens the call may have before any budget is asked: its own bound, lowered to what the caller will pay for. */
function cappedOutput(
  exchange: Exchange,
  quote: Quote,
  {
    scopes,
    mindsMoney,
    maxCostNanoUsd,
  }: { readonly scopes: readonly Scope[]; readonly mindsMoney: boolean; readonly maxCostNanoUsd: number | undefined },
): number {
  const { fixedOutput = false } = exchange.dialect;
  if (mindsMoney && quote.unpriced.length > 0) throw unpricedModel(quote.unpriced);
  // Neither the caller nor the model bounds the output, so the gateway has to, or the hold would bound nothing.
  if ((mindsMoney || mindsTokens(scopes)) && quote.gatewaySetsOutput && !fixedOutput) lowerOutput(exchange, quote.outputTokens);
  if (maxCostNanoUsd === undefined || quote.costWith(quote.outputTokens) <= maxCostNanoUsd) return quote.outputTokens;
  const affordable = quote.affordable(maxCostNanoUsd);
  const least = fixedOutput ? quote.outputTokens : Math.min(quote.outputTokens, clampFloor(exchange, scopes));
  if (affordable < least || quote.costWith(least) > maxCostNanoUsd) {
    throw new GatewayError(
      'max_cost_exceeded',
      `The call may cost up to $${usd(quote.costWith(quote.outputTokens))}, and x-sluice-max-cost-usd allows $${usd(maxCostNanoUsd)}, which leaves no room for a useful answer. Shorten the request or raise the cap.`,
      { param: 'x-sluice-max-cost-usd' },
    );
  }
  lowerOutput(exchange, affordable);
  return affordable;
}

/** Whether any limit is about what a call uses, and not only about how many there are. */
function mindsTokens(scopes: readonly Scope[]): boolean {
  return scopes.some(({ limits }) => limits.budgets.length > 0 || limits.tokensPerMinute !== undefined);
}

function hasBudget({ limits }: Target): boolean {
  return (limits?.budgets?.length ?? 0) > 0;
}

function unpricedModel(names: readonly string[]): GatewayError {
  return new GatewayError(
    'unpriced_model',
    `No price is known for ${names.join(', ')}, and a call under a budget needs one. The operator can set it under prices in the configuration.`,
    { param: 'model' },
  );
}

/** Held in slices where leaving early stops the bill, so that a large max_tokens pins cents and not dollars. */
function mayBeSliced(call: Call, plan: Plan): boolean {
  return (
    call.stream && everyTarget(plan).every(({ provider, model }) => provider.stopsBillingOnAbort && !mayHideOutput(call, provider, model))
  );
}

function tokensHeld(quote: Quote, admitted: { readonly amountNanoUsd: number; readonly tokens: number }, wanted: number): number {
  const byTokens = Math.floor((admitted.tokens - quote.inputTokens) / quote.choices);
  return Math.max(1, Math.min(wanted, byTokens, quote.affordable(admitted.amountNanoUsd)));
}

function lowerOutput(exchange: Exchange, tokens: number): void {
  exchange.maxOutputTokens = tokens;
  exchange.responseHeaders['x-sluice-max-tokens'] = String(tokens);
}

/** The meter of a stream that is held in slices; undefined where the whole bound is held. */
export function meterFor(exchange: Exchange, options: Pick<AdmitOptions, 'ledger' | 'nowMs'>): OutputMeter | undefined {
  const { admitted, quote, heldOutputTokens } = exchange;
  if (admitted === undefined || quote === undefined || heldOutputTokens === undefined) return undefined;
  return new OutputMeter(
    options.ledger,
    { admitted, quote, heldTokens: heldOutputTokens },
    {
      nowMs: options.nowMs,
      onAdmitted: (next) => {
        exchange.admitted = next;
      },
    },
  );
}
