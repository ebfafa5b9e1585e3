import { usd } from '../admission/limit-headers.ts';
import type { JsonObject } from '../calls/json.ts';
import type { Usage } from '../calls/usage.ts';
import { BinaryDelivery } from '../delivery/binary-delivery.ts';
import { type OutputMeter, StreamDelivery } from '../delivery/stream-delivery.ts';
import type { StreamFraming } from '../dialects/dialect.ts';
import { emptyFacts } from '../dialects/empty-facts.ts';
import { type GatewayError, toGatewayError } from '../errors/gateway-error.ts';
import { factsOf } from '../providers/transport.ts';
import type { UpstreamFailure } from '../providers/upstream-failure.ts';
import { routeCall } from '../routing/attempts.ts';
import { finalError } from '../routing/final-error.ts';
import type { Journey, Routed, RoutingPorts } from '../routing/journey.ts';
import type { Target } from '../routing/plan.ts';
import { attemptList } from './attempt-list.ts';
import { type Answered, type Exchange, type GatewayResponse, known } from './exchange.ts';
import { rescueFor } from './resume.ts';
import { safeHeaders } from './safe-headers.ts';
import { noteBreak } from './served-attempt.ts';

/** What answering needs of the world. */
export interface RespondPorts {
  readonly routing: RoutingPorts;
  readonly nowMs: () => number;
  readonly keepAliveMs: number;
  /** How long the status of a stream is held back while a failure could still be told by it. */
  readonly commitAfterMs: number;
  /** What a call cost at a target, in nano-USD; undefined where no price is known. */
  readonly costOf: (target: Target, usage: Usage, serviceTier: string | undefined) => number | undefined;
  /** Watches a stream's output against its hold; undefined where the whole bound is held. */
  readonly meterFor: (exchange: Exchange) => OutputMeter | undefined;
  /** Stands between the call and the providers: what is stored may take the place of their answer. */
  readonly through?: (exchange: Exchange, route: () => Promise<Routed>) => Promise<Routed>;
}

/** Routes a call and answers it: a body whole, a stream as it flows. */
export async function respond(exchange: Exchange, ports: RespondPorts): Promise<GatewayResponse> {
  const call = known(exchange.call, 'call');
  const begunAtMs = ports.nowMs();
  const route = (): Promise<Routed> => routeCall(journeyOf(exchange), ports.routing);
  const routing = ports.through === undefined ? route() : ports.through(exchange, route);
  if (!call.stream) return whole(exchange, await routing, ports, begunAtMs);
  const first = await firstOf(routing, ports.commitAfterMs, exchange.dialect.allowsComments);
  if (first !== undefined)
    return first.kind === 'stream' ? opened(exchange, first, ports, begunAtMs) : whole(exchange, first, ports, begunAtMs);
  return committed(exchange, routing, ports, begunAtMs);
}

/** The way of a call to the providers. */
export function journeyOf(exchange: Exchange): Journey {
  const { traceparent } = exchange;
  return {
    call: known(exchange.call, 'call'),
    dialect: exchange.dialect,
    plan: known(exchange.plan, 'plan'),
    deadlineAtMs: exchange.deadlineAtMs,
    signal: exchange.clientGone,
    maxOutputTokens: exchange.maxOutputTokens,
    headers: traceparent === undefined ? {} : { traceparent },
    limiter: exchange.targetHolds,
    onAbandoned: (left) => {
      exchange.abandoned = left;
    },
    onAttempt: (record) => {
      exchange.attempts.push(record);
      exchange.responseHeaders['x-sluice-attempts'] = String(exchange.attempts.length);
      exchange.responseHeaders['x-sluice-attempt-list'] = attemptList(exchange.attempts);
    },
  };
}

/** The routed call, or undefined when it takes longer than the status can wait. */
async function firstOf(routing: Promise<Routed>, waitMs: number, mayCommit: boolean): Promise<Routed | undefined> {
  if (!mayCommit) return await routing;
  let timer: NodeJS.Timeout | undefined;
  const wait = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), waitMs);
  });
  try {
    return await Promise.race([routing, wait]);
  } finally {
    clearTimeout(timer);
  }
}

function whole(exchange: Exchange, routed: Routed, ports: RespondPorts, begunAtMs: number): GatewayResponse {
  noteTarget(exchange, routed, ports, begunAtMs);
  if (routed.kind === 'json') return json(exchange, routed, ports);
  if (routed.kind === 'binary') return binary(exchange, routed, ports);
  return opened(exchange, routed, ports, begunAtMs);
}

function json(exchange: Exchange, routed: Extract<Routed, { kind: 'json' }>, ports: RespondPorts): GatewayResponse {
  const { answer, target } = routed;
  const facts = factsOf(exchange.dialect, answer);
  const usage = answer.usage ?? facts.usage;
  exchange.answered = {
    target,
    lane: routed.lane,
    sentAtMs: routed.sentAtMs,
    facts,
    usage: answer.usage === undefined ? undefined : () => answer.usage,
    answeredAtMs: ports.nowMs(),
  };
  const cost = usage === undefined ? undefined : ports.costOf(target, usage, facts.serviceTier);
  if (cost !== undefined) {
    exchange.responseHeaders['x-sluice-cost-usd'] = usd(cost);
    if (routed.attempts > 0) exchange.responseHeaders['x-sluice-attempt-list'] = attemptList(exchange.attempts, usd(cost));
  }
  exchange.status = answer.status;
  return {
    statusCode: answer.status,
    headers: headersFor(exchange, 'application/json', ports.nowMs()),
    body: answer.body.toString('utf8'),
  };
}

function binary(exchange: Exchange, routed: Extract<Routed, { kind: 'binary' }>, ports: RespondPorts): GatewayResponse {
  const call = known(exchange.call, 'call');
  const { target } = routed;
  const body = new BinaryDelivery(routed.source, {
    idleMs: target.timeouts.idleMs,
    nowMs: ports.nowMs,
    errorOf: (failure) => brokenOff(exchange, failure, ports.nowMs()),
    onPiece: (piece) => exchange.recorder?.piece(piece),
  });
  const answered: Answered = {
    target,
    lane: routed.lane,
    sentAtMs: routed.sentAtMs,
    facts: { ...emptyFacts(), finishReason: 'stop', outputBytes: call.maxOutputTokens ?? 0 },
    usage: () => exchange.dialect.usageOfBytes?.(call, body.bytes),
    estimated: true,
    answeredAtMs: ports.nowMs(),
  };
  exchange.answered = answered;
  exchange.delivery = body.done.then((report) => {
    const outline = report.ending === 'complete' ? routed.outline?.() : undefined;
    if (outline !== undefined) exchange.answered = outlined(exchange, answered, outline);
    return report;
  });
  exchange.status = 200;
  return {
    statusCode: 200,
    headers: headersFor(exchange, routed.headers['content-type'] ?? 'application/octet-stream', ports.nowMs()),
    body,
  };
}

/** What an answer said of itself, known at its end. */
function outlined({ dialect }: Exchange, answered: Answered, outline: JsonObject): Answered {
  const facts = dialect.readAnswer(outline);
  return { ...answered, facts, usage: undefined, estimated: facts.usage === undefined };
}

function opened(exchange: Exchange, routed: Extract<Routed, { kind: 'stream' }>, ports: RespondPorts, begunAtMs: number): GatewayResponse {
  noteTarget(exchange, routed, ports, begunAtMs);
  const delivery = deliveryFor(exchange, ports);
  const response = streamResponse(exchange, delivery, ports);
  begin(exchange, delivery, routed, ports);
  return response;
}

/** The status goes out before anybody has answered; from here on only the stream itself can tell of a failure. */
function committed(exchange: Exchange, routing: Promise<Routed>, ports: RespondPorts, begunAtMs: number): GatewayResponse {
  const delivery = deliveryFor(exchange, ports);
  const response = streamResponse(exchange, delivery, ports);
  // A caller who leaves now has used what the attempt under way has used, which is known once it has stopped.
  exchange.delivery = delivery.done.then(async (report) => {
    if (exchange.clientGone.aborted) await routing.catch(() => undefined);
    return report;
  });
  delivery.commit();
  routing.then(
    (routed) => {
      noteTarget(exchange, routed, ports, begunAtMs);
      if (routed.kind === 'stream') begin(exchange, delivery, routed, ports);
      else delivery.fail(finalError({ failed: [] }));
    },
    (error: unknown) => {
      exchange.error = toGatewayError(error);
      delivery.fail(exchange.error);
    },
  );
  return response;
}

function begin(exchange: Exchange, delivery: StreamDelivery, routed: Extract<Routed, { kind: 'stream' }>, ports: RespondPorts): void {
  exchange.answered = {
    target: routed.target,
    lane: routed.lane,
    sentAtMs: routed.sentAtMs,
    facts: routed.stream.state,
    usage: routed.usage,
    answeredAtMs: ports.nowMs(),
  };
  delivery.attach(routed.stream);
}

function deliveryFor(exchange: Exchange, ports: RespondPorts): StreamDelivery {
  const delivery = new StreamDelivery({
    dialect: exchange.dialect,
    keepAliveMs: ports.keepAliveMs,
    nowMs: ports.nowMs,
    costUsd: (usage) => costText(exchange, usage, ports),
    errorOf: (failure) => brokenOff(exchange, failure, ports.nowMs()),
    meter: ports.meterFor(exchange),
    onFrame: (frame) => {
      exchange.recorder?.event(frame);
      exchange.payload?.event(frame);
    },
    framing: framingOf(exchange),
    rescue: rescueFor(exchange, { ...ports, journey: () => journeyOf(exchange) }),
  });
  exchange.delivery = delivery.done;
  return delivery;
}

function framingOf(exchange: Exchange): StreamFraming | undefined {
  return exchange.dialect.framing?.(known(exchange.call, 'call'));
}

/** The error of an answer that broke off; the attempt, written down as answered, is from now on known to have failed. */
function brokenOff(exchange: Exchange, failure: UpstreamFailure, nowMs: number): GatewayError {
  const target = exchange.answered?.target.name ?? known(exchange.plan, 'plan').requested;
  const record = noteBreak(exchange, failure, nowMs) ?? {
    target,
    startedAtMs: nowMs,
    latencyMs: 0,
    status: undefined,
    outcome: 'connection',
  };
  return finalError({ failed: [{ failure, record }] });
}

function costText(exchange: Exchange, usage: Usage, ports: RespondPorts): string | undefined {
  if (exchange.answered === undefined) return undefined;
  const { target, facts } = exchange.answered;
  const cost = ports.costOf(target, usage, facts.serviceTier);
  return cost === undefined ? undefined : usd(cost + (exchange.resumed?.consumption.costNanoUsd ?? 0));
}

function streamResponse(exchange: Exchange, body: StreamDelivery, ports: RespondPorts): GatewayResponse {
  exchange.status = 200;
  return { statusCode: 200, headers: headersFor(exchange, framingOf(exchange)?.contentType ?? 'text/event-stream', ports.nowMs()), body };
}

function noteTarget(exchange: Exchange, routed: Routed, ports: RespondPorts, begunAtMs: number): void {
  exchange.timings.upstream = ports.nowMs() - begunAtMs;
  Object.assign(exchange.responseHeaders, routed.headers, {
    'x-sluice-provider': routed.target.provider.id,
    'x-sluice-model': routed.target.name,
    'x-sluice-attempts': String(routed.attempts),
  });
}

function headersFor(exchange: Exchange, contentType: string, nowMs: number): Record<string, string> {
  return safeHeaders({
    'content-type': contentType,
    'cache-control': 'no-store',
    // Proxies on the way must not hold a stream back (https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_buffering).
    ...(contentType === 'text/event-stream' && { 'x-accel-buffering': 'no' }),
    ...exchange.responseHeaders,
    'server-timing': serverTiming(exchange, nowMs),
  });
}

/** https://www.w3.org/TR/server-timing/ */
function serverTiming(exchange: Exchange, nowMs: number): string {
  const stages = Object.entries(exchange.timings).map(([name, ms]) => `${name};dur=${ms.toFixed(1)}`);
  return [...stages, `total;dur=${(nowMs - exchange.startedAtMs).toFixed(1)}`].join(', ');
}
