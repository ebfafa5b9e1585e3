import { Buffer } from 'node:buffer';
import { type Quote, quoteCall } from '../admission/quote.ts';
import type { Call } from '../calls/call.ts';
import type { JsonObject } from '../calls/json.ts';
import type { Usage } from '../calls/usage.ts';
import type { StreamRescue } from '../delivery/stream-delivery.ts';
import type { Dialect } from '../dialects/dialect.ts';
import type { AnswerSoFar, Rest } from '../dialects/resuming.ts';
import { mayHideOutput } from '../providers/hidden-output.ts';
import type { UpstreamFailure } from '../providers/upstream-failure.ts';
import { routeCall } from '../routing/attempts.ts';
import type { Journey, Routed, RoutingPorts } from '../routing/journey.ts';
import type { OpenedStream } from '../routing/opened-stream.ts';
import type { Target } from '../routing/plan.ts';
import { clampFloor } from './clamp-floor.ts';
import { type Answered, type Exchange, known } from './exchange.ts';
import { continues, mayResume, styleAt } from './may-resume.ts';
import { quotedTarget } from './quoted-target.ts';
import { settleBroken } from './settle.ts';

/** What carrying a broken answer on needs of the world. */
export interface ResumePorts {
  readonly routing: RoutingPorts;
  readonly nowMs: () => number;
  /** What a call cost at a target, in nano-USD; undefined where no price is known. */
  readonly costOf: (target: Target, usage: Usage, serviceTier: string | undefined) => number | undefined;
  /** The way of the call to the providers. */
  readonly journey: () => Journey;
}

/** Stands ready to carry the call's stream on, once; undefined where the route or the call does not allow it. */
export function rescueFor(exchange: Exchange, ports: ResumePorts): StreamRescue | undefined {
  const [call, plan] = [known(exchange.call, 'call'), known(exchange.plan, 'plan')];
  if (!mayResume(call, plan, exchange.dialect)) return undefined;
  const soFar = exchange.dialect.resuming?.begin(call);
  if (soFar === undefined) return undefined;
  let rest: Rest | undefined;
  return {
    saw: (frame) => soFar.add(frame),
    joined: (frame) => rest?.join(frame) ?? [],
    carryOn: async (failure, signal) => {
      const found = await carryOn(exchange, soFar, { failure, signal }, ports);
      rest = found?.rest;
      return found?.stream;
    },
  };
}

interface Breakage {
  readonly failure: UpstreamFailure;
  /** Fires when nobody waits for the rest any more. */
  readonly signal: AbortSignal;
}

interface CarriedOn {
  readonly stream: OpenedStream;
  readonly rest: Rest;
}

async function carryOn(exchange: Exchange, soFar: AnswerSoFar, breakage: Breakage, ports: ResumePorts): Promise<CarriedOn | undefined> {
  const { answered, dialect } = exchange;
  const call = known(exchange.call, 'call');
  const { text } = soFar;
  if (answered === undefined || text === undefined || exchange.replayed !== undefined || answered.target.limits !== undefined)
    return undefined;
  // What it thought unseen is neither known to whoever carries on nor bounded by what was shown.
  if (mayHideOutput(call, answered.target.provider, answered.target.model)) return undefined;
  const consumption = settleBroken(exchange, answered, ports.costOf);
  const way = restOf(exchange, text, { answered, spentNanoUsd: consumption.costNanoUsd ?? 0, usage: consumption.usage }, ports.nowMs());
  if (way === undefined) return undefined;
  const routed = await routeCall({ ...ports.journey(), ...way, signal: breakage.signal }, ports.routing).catch(() => undefined);
  if (routed?.kind !== 'stream') return undefined;
  if (breakage.signal.aborted) {
    routed.stream.cancel();
    return undefined;
  }
  exchange.quote = way.quote;
  exchange.resumed = { from: answered.target, sentAtMs: answered.sentAtMs, atOutputBytes: answered.facts.outputBytes, consumption };
  exchange.answered = answeredBy(routed, ports.nowMs());
  const style = dialect.resuming && styleAt(routed.target, call, dialect.resuming);
  return { stream: routed.stream, rest: soFar.carriedOn(style ?? 'assistant_message', consumption.usage) };
}

function answeredBy(routed: Extract<Routed, { kind: 'stream' }>, nowMs: number): Answered {
  const { target, sentAtMs, stream, usage } = routed;
  // Without its lane, because a part of an answer says nothing of how fast one is.
  return { target, sentAtMs, facts: stream.state, usage, answeredAtMs: nowMs };
}

/** What the first part of the answer came to. */
interface FirstPart {
  readonly answered: Answered;
  readonly spentNanoUsd: number;
  readonly usage: Usage;
}

/**
 * The way to the rest of an answer; undefined where no target is left, or where what is held for the call does not pay for a
 * second attempt with its worst case, or leaves no room for a useful rest.
 */
function restOf(exchange: Exchange, text: string, first: FirstPart, nowMs: number) {
  const [call, plan, config] = [known(exchange.call, 'call'), known(exchange.plan, 'plan'), known(exchange.config, 'config')];
  const targets = plan.targets
    .filter((target) => target.name !== first.answered.target.name && continues(call, exchange.dialect)(target))
    .map((target) => ({ ...target, overrides: { ...target.overrides, ...continuationAt(target, call, exchange.dialect, text) } }));
  if (targets.length === 0) return undefined;
  const { content } = call;
  const more = Buffer.byteLength(JSON.stringify({ role: 'assistant', content: text, prefix: true }));
  const longer = { ...call, content: { ...content, textBytes: content.textBytes + more, messages: content.messages + 1 } };
  const quote = quoteCall(
    longer,
    targets.map((target) => quotedTarget(target, { call: longer, dialect: exchange.dialect, config })),
    nowMs,
  );
  const most = mostOutput(exchange, quote, first);
  if (most < 1) return undefined;
  return {
    quote,
    plan: { ...plan, targets, fallbacks: { contextLength: [], contentPolicy: [] }, mirror: undefined },
    maxOutputTokens: most < quote.outputTokens || exchange.maxOutputTokens !== undefined ? most : undefined,
  };
}

function continuationAt(target: Target, call: Call, { resuming }: Dialect, text: string): JsonObject {
  const style = resuming && styleAt(target, call, resuming);
  return style === undefined ? {} : (resuming?.continuation(call, text, style) ?? {});
}

/** The most output the second attempt may have: the caller's cap less what there is, and what the hold still pays for. */
function mostOutput(exchange: Exchange, quote: Quote, first: FirstPart): number {
  const { admitted, call, options, maxOutputTokens: own } = exchange;
  const cap = own ?? call?.maxOutputTokens;
  // Where nobody counted, four bytes are about one token; the money does not rest on it.
  const { facts } = first.answered;
  const counted = facts.outputBounded ? undefined : facts.usage?.outputTokens;
  const made = counted ?? Math.ceil(facts.outputBytes / 4);
  const wanted = Math.min(quote.outputTokens, cap === undefined ? quote.outputTokens : cap - made);
  const scopes = admitted === undefined ? [] : [...admitted.holds.map(({ scope }) => scope), ...admitted.unheld];
  const limits = scopes.map((scope) => scope.limits);
  const rooms = [wanted];
  if (admitted !== undefined && limits.some(({ budgets }) => budgets.length > 0)) {
    rooms.push(quote.affordable(Math.max(0, admitted.amountNanoUsd - first.spentNanoUsd)));
  }
  if (options?.maxCostNanoUsd !== undefined) rooms.push(quote.affordable(Math.max(0, options.maxCostNanoUsd - first.spentNanoUsd)));
  if (admitted !== undefined && limits.some(({ tokensPerMinute }) => tokensPerMinute !== undefined)) {
    rooms.push(admitted.tokens - first.usage.inputTokens - first.usage.outputTokens - quote.inputTokens);
  }
  const room = Math.min(...rooms);
  return room < Math.min(wanted, clampFloor(exchange, scopes)) ? 0 : room;
}
