import type { Call } from '../calls/call.ts';
import { defaultsOf, type KeyDefaults } from '../config/config-defaults.ts';
import type { ConfigSource, LiveConfig } from '../config/live-config.ts';
import { tagsOfCall } from '../control/call-tags.ts';
import type { Principal } from '../control/directory.ts';
import { mayCallModel } from '../control/model-access.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import type { CallFacts } from '../routing/call-facts.ts';
import { estimatedCost, listPrice, loadOf, speedOf } from '../routing/estimate.ts';
import type { LaneHealth } from '../routing/health.ts';
import { lanesOf } from '../routing/lanes.ts';
import { everyTarget, type Plan, planFor, type Target } from '../routing/plan.ts';
import { type RequestRouting, readRequestRouting } from '../routing/request-routing.ts';
import { withTimeouts } from '../routing/target.ts';
import type { CallOptions } from './call-options.ts';
import { type GatewayMiddleware, known } from './exchange.ts';

/** What planning needs of the world. */
export interface PlanOptions {
  readonly config: Pick<ConfigSource, 'current'>;
  readonly random: () => number;
  readonly nowMs: () => number;
  readonly health: () => Promise<LaneHealth>;
}

/** Finds where the call may go, and leaves out what its key may not call. */
export function plan(options: PlanOptions): GatewayMiddleware {
  return {
    before: async function planBefore(request): Promise<undefined> {
      const { exchange } = request.context;
      const { call } = exchange;
      if (call === undefined) return;
      const principal = known(exchange.principal, 'principal');
      const [config, health] = await Promise.all([options.config.current(), options.health()]);
      const defaults = defaultsOfPrincipal(principal);
      const routing = readRequestRouting(call.body, defaults);
      exchange.config = config;
      exchange.call = routing.body === call.body ? call : { ...call, body: routing.body };
      const caller = { principal, options: known(exchange.options, 'options') };
      const found = planCall(exchange.call, caller, { config, health, routing, defaults, random: options.random, nowMs: options.nowMs() });
      exchange.plan = allowed(found, (names) => mayCallModel(principal, names));
      health.prepare(
        everyTarget(exchange.plan).flatMap((target) => lanesOf(target).map(({ id }) => id)),
        options.nowMs(),
      );
    },
  };
}

/** What the key of a call and the groups it belongs to say of its routing. */
export function defaultsOfPrincipal({ key, user, team, organization }: Principal): KeyDefaults {
  return defaultsOf([key, user, team, organization]);
}

/** What a plan is made from, beside the call and its caller. */
export interface PlanParts {
  readonly config: LiveConfig;
  readonly health: LaneHealth;
  readonly routing: Omit<RequestRouting, 'body'>;
  readonly defaults: KeyDefaults;
  readonly random: () => number;
  readonly nowMs: number;
}

/** The plan of a call, before anything is left out that its key may not call. */
export function planCall(
  call: Call,
  caller: { readonly principal: Principal; readonly options: Pick<CallOptions, 'tags' | 'endUser' | 'session'> },
  parts: PlanParts,
): Plan {
  const { config, health, routing, defaults, nowMs } = parts;
  const facts = factsOf(call, caller.principal, caller.options, nowMs);
  const table = {
    ...config,
    retries: defaults.retries ?? config.retries,
    timeouts: withTimeouts(config.timeouts, defaults.timeouts),
  };
  return planFor(call.model, table, {
    facts,
    random: parts.random,
    estimate: estimatedCost(facts, call.maxOutputTokens, config.priceOf),
    priceOf: listPrice(facts, config.priceOf),
    speed: speedOf(health, nowMs),
    load: loadOf(health, nowMs),
    models: routing.models,
    preferences: routing.preferences,
  });
}

function factsOf(call: Call, principal: Principal, options: Pick<CallOptions, 'tags' | 'endUser' | 'session'>, nowMs: number): CallFacts {
  const { key } = principal;
  return {
    nowMs,
    tags: tagsOfCall(principal, options.tags),
    key: key.id,
    keyName: key.name,
    team: key.team,
    user: options.endUser ?? call.endUser ?? key.user,
    organization: key.organization,
    session: options.session,
    dialect: call.dialect,
    stream: call.stream,
    body: call.body,
    content: call.content,
  };
}

/** A key may be allowed a route by its name, or only some of the models it leads to. */
function allowed(found: Plan, mayCall: (names: readonly string[]) => boolean): Plan {
  const permitted = (targets: readonly Target[]): Target[] => targets.filter(({ name }) => mayCall([found.requested, name]));
  const targets = permitted(found.targets);
  const { contextLength, contentPolicy } = found.fallbacks;
  if (targets.length > 0)
    return { ...found, targets, fallbacks: { contextLength: permitted(contextLength), contentPolicy: permitted(contentPolicy) } };
  if (found.targets.length === 0) throw noneForThis(found);
  throw new GatewayError('model_not_allowed', `This key may not call '${found.requested}'. GET /v1/models lists what it may call.`, {
    param: 'model',
  });
}

function noneForThis(found: Plan): GatewayError {
  const reasons = found.leftOut.map(({ target, reason }) => `${target}: ${reason}`).join('; ');
  return new GatewayError('invalid_request', `The route '${found.requested}' has no target for this call. ${reasons}.`, {
    param: 'model',
    details: { left_out: found.leftOut },
  });
}
