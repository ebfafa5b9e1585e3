import type { Ledger, Settled } from '../admission/ledger.ts';
import { sumOfUsage, type Usage, usageOf } from '../calls/usage.ts';
import type { DeliveryReport } from '../delivery/stream-delivery.ts';
import type { AnswerFacts } from '../dialects/dialect.ts';
import { fastestTokensPerSecond, mayHideOutput } from '../providers/hidden-output.ts';
import type { Target } from '../routing/plan.ts';
import { describeError, type Log } from '../telemetry/log.ts';
import type { Answered, Consumption, Exchange } from './exchange.ts';

/** What settling needs of the world. */
export interface SettleOptions {
  readonly ledger: Pick<Ledger, 'settle'>;
  readonly log: Log;
  readonly nowMs: () => number;
}

/** What a call cost at a target, in nano-USD; undefined where no price is known. */
type CostOf = (target: Target, usage: Usage, serviceTier: string | undefined) => number | undefined;

/** A call of which nothing more will be heard. */
export interface ClosedCall {
  readonly consumption: Consumption;
  /** The part of it that the attempt used which answered last: all of it, unless the answer was carried on. */
  readonly lastPart: Consumption;
  /** How the stream to the caller ended, where there was one. */
  readonly delivery: DeliveryReport | undefined;
}

/** Waits for the last word of a call, and adds up what it used. Never throws. */
export async function closeCall(exchange: Exchange, costOf: CostOf, nowMs: () => number): Promise<ClosedCall> {
  const delivery = await exchange.delivery;
  const lastPart = consumptionOf(exchange, delivery, costOf, nowMs());
  return { consumption: withFirstPart(lastPart, exchange), lastPart, delivery };
}

/**
 * Closes the books on a call: what was held becomes what was spent. Never throws, because nobody is left to tell; what the
 * ledger did not take, it settles in full by itself once the hold expires. Undefined where nothing was held, or nothing is
 * known of how it went.
 */
export async function settle(exchange: Exchange, consumption: Consumption, options: SettleOptions): Promise<Settled | undefined> {
  const { admitted } = exchange;
  if (admitted === undefined) return undefined;
  warnOfExcess(exchange, consumption, options.log);
  const settled = await options.ledger
    .settle(admitted, {
      actualNanoUsd: consumption.costNanoUsd ?? 0,
      actualTokens: consumption.usage.inputTokens + consumption.usage.outputTokens,
      ...(exchange.answered && { servedModels: servedModels(exchange) }),
      nowMs: options.nowMs(),
    })
    .catch((error: unknown) => {
      options.log.write('error', 'settle failed', { request_id: exchange.requestId, ...describeError(error) });
      return undefined;
    });
  if (settled) warnOfRest(settled, exchange, options.log);
  return settled;
}

/** A provider that bills more than was held has dearer prices than are known here; its budgets may be passed by as much. */
function warnOfExcess({ admitted, answered, requestId }: Exchange, { costNanoUsd, estimated }: Consumption, log: Log): void {
  const held = admitted?.amountNanoUsd ?? 0;
  if (held === 0 || estimated || costNanoUsd === undefined || costNanoUsd <= held) return;
  log.write('warn', 'billed beyond the hold', {
    request_id: requestId,
    target: answered?.target.name,
    held_nano_usd: held,
    cost_nano_usd: costNanoUsd,
  });
}

function warnOfRest(settled: Settled, exchange: Exchange, log: Log): void {
  if (settled.failed.length > 0) {
    log.write('error', 'settle failed', { request_id: exchange.requestId, scopes: settled.failed.map(({ id }) => id) });
  }
  if (settled.alreadySettled.length > 0) {
    log.write('warn', 'hold had expired', { request_id: exchange.requestId, scopes: settled.alreadySettled.map(({ id }) => id) });
  }
}

function consumptionOf(exchange: Exchange, delivery: DeliveryReport | undefined, costOf: CostOf, nowMs: number): Consumption {
  const { answered } = exchange;
  // Whoever asked first has paid for it.
  if (exchange.replayed !== undefined) return { usage: usageOf({}), costNanoUsd: 0, estimated: false };
  if (answered === undefined) {
    // Providers do not bill what they did not answer; what failed before its first content has cost nothing.
    if (exchange.abandoned === undefined) return { usage: usageOf({}), costNanoUsd: 0, estimated: false };
    return consumptionLeft(exchange, exchange.abandoned, costOf, nowMs);
  }
  const reported = answered.usage?.() ?? answered.facts.usage;
  if (leftEarly(delivery)) return consumptionLeft(exchange, answered, costOf, nowMs);
  if (reported !== undefined) return priced(reported, answered, costOf, isBound(answered));
  return withinHold(priced(boundUsage(exchange, answered.facts), answered, costOf, true), boundingHold(exchange));
}

/** What makes an answer, or a part of one, cost what it does. */
type Making = Pick<Answered, 'target' | 'sentAtMs' | 'facts'>;

/** What a stream used whose reader left, or was cut off, before its end. */
function consumptionLeft(exchange: Exchange, left: Making, costOf: CostOf, nowMs: number): Consumption {
  const seen = boundUsage(exchange, left.facts);
  const usage = { ...seen, outputTokens: Math.max(seen.outputTokens, hiddenBound(exchange, left, nowMs)) };
  const consumption = priced(usage, left, costOf, true);
  const held = boundingHold(exchange);
  // A provider that bills on regardless of who listens may bill all that was held for it.
  const billsOn = exchange.dialect.fixedOutput === true || !left.target.provider.stopsBillingOnAbort;
  return billsOn && held !== undefined ? { ...consumption, costNanoUsd: held } : withinHold(consumption, held);
}

/** An estimate counts every byte for a token; what it says beyond the hold is its own excess, not the provider's. */
function withinHold(consumption: Consumption, held: number | undefined): Consumption {
  if (consumption.costNanoUsd === undefined) return consumption;
  return { ...consumption, costNanoUsd: Math.min(consumption.costNanoUsd, held ?? Number.POSITIVE_INFINITY) };
}

/** The most that a model can have thought unseen by the time its caller left: within what was asked of it, no faster than any writes. */
function hiddenBound({ call, quote, maxOutputTokens }: Exchange, { target, sentAtMs, facts }: Making, nowMs: number): number {
  const isCounted = facts.finishReason !== undefined && facts.usage !== undefined && facts.outputBounded !== true;
  if (isCounted || call === undefined || sentAtMs === undefined || !mayHideOutput(call, target.provider, target.model)) return 0;
  const most = (maxOutputTokens ?? quote?.outputTokens ?? call.maxOutputTokens ?? Number.POSITIVE_INFINITY) * call.choices;
  return Math.min(most, Math.ceil((Math.max(0, nowMs - sentAtMs) / 1000) * fastestTokensPerSecond));
}

/** What is held for a call, where that is the most it can cost: an output that nothing caps may cost more than was assumed of it. */
function boundingHold({ admitted, dialect, maxOutputTokens, quote, resumed }: Exchange): number | undefined {
  const uncapped = quote?.gatewaySetsOutput === true && maxOutputTokens === undefined && dialect.fixedOutput !== true;
  if (admitted === undefined || uncapped) return undefined;
  return Math.max(0, admitted.amountNanoUsd - (resumed?.consumption.costNanoUsd ?? 0));
}

/** The names under which a call was served: as the caller named the model, and every target that made a part of the answer. */
export function servedModels({ answered, resumed, plan }: Pick<Exchange, 'answered' | 'resumed' | 'plan'>): string[] {
  return [...(resumed ? [resumed.from.name] : []), ...(answered ? [answered.target.name] : []), plan?.requested ?? ''];
}

/** What an answer used that broke off: as its provider reported, else its bound, within what was asked of the provider. */
export function settleBroken(exchange: Exchange, answered: Answered, costOf: CostOf): Consumption {
  const reported = answered.usage?.() ?? answered.facts.usage;
  if (reported !== undefined) return priced(reported, answered, costOf, isBound(answered));
  const bound = boundUsage(exchange, answered.facts);
  const most = exchange.maxOutputTokens ?? exchange.quote?.outputTokens ?? bound.outputTokens;
  return priced({ ...bound, outputTokens: Math.min(bound.outputTokens, most) }, answered, costOf, true);
}

function withFirstPart(consumption: Consumption, { resumed }: Exchange): Consumption {
  if (resumed === undefined) return consumption;
  const { usage, costNanoUsd, estimated } = resumed.consumption;
  const unpriced = costNanoUsd === undefined || consumption.costNanoUsd === undefined;
  return {
    usage: sumOfUsage(usage, consumption.usage),
    costNanoUsd: unpriced ? (costNanoUsd ?? consumption.costNanoUsd) : costNanoUsd + consumption.costNanoUsd,
    estimated: estimated || consumption.estimated,
  };
}

function isBound({ estimated, facts }: Answered): boolean {
  return estimated === true || facts.outputBounded === true;
}

function leftEarly(delivery: DeliveryReport | undefined): boolean {
  return delivery?.ending === 'client_gone' || delivery?.ending === 'truncated';
}

/** Never less than the provider can have counted: what was sent bounds the input, what was made the output. */
export function boundUsage(exchange: Exchange, facts: Pick<AnswerFacts, 'usage' | 'outputBytes'>): Usage {
  return usageOf({
    ...facts.usage,
    inputTokens: facts.usage?.inputTokens ?? exchange.quote?.inputTokens ?? 0,
    ...(facts.usage === undefined && exchange.quote?.units),
    outputTokens: Math.max(facts.usage?.outputTokens ?? 0, facts.outputBytes),
  });
}

function priced(usage: Usage, { target, facts }: Making, costOf: CostOf, estimated: boolean): Consumption {
  return { usage, costNanoUsd: costOf(target, usage, facts.serviceTier), estimated };
}
