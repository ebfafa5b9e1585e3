import { modelNotFound, qualified, routeNamed } from './model-names.ts';
import { applyPreferences } from './preferred.ts';
import { type ResolveContext, resolveEntries, resolveEntry, targetOf } from './resolve.ts';
import type { Route } from './route-schema.ts';
import { drawPercent } from './strategies.ts';
import { type Plan, type PlanView, type RoutingTable, type Target, unique } from './target.ts';

export type { Plan, RoutingTable, Target } from './target.ts';

/**
 * Finds where a call goes: the route its model names, or `provider/model`, then the further models it brings.
 * @throws GatewayError `model_not_found` with names that are near.
 */
export function planFor(model: string, table: RoutingTable, view: PlanView): Plan {
  const plans = [model, ...view.models].map((name) => planOne(name, table, view));
  const [first, ...rest] = plans;
  if (first === undefined) throw modelNotFound(model, table);
  const joined: Plan =
    rest.length === 0
      ? first
      : {
          ...first,
          targets: unique(plans.flatMap(({ targets }) => targets)),
          leftOut: plans.flatMap(({ leftOut }) => leftOut),
          reasons: new Map(plans.toReversed().flatMap(({ reasons }) => [...reasons])),
        };
  return view.preferences === undefined ? joined : applyPreferences(joined, view.preferences, table, view);
}

function planOne(model: string, table: RoutingTable, view: PlanView): Plan {
  const found = routeNamed(model, table.routes);
  if (found === undefined) {
    const target = targetOf({ model: qualified(model, table) }, table, model);
    return { ...emptyPlan, requested: model, targets: [target], reasons: new Map([[target.name, 'named by the call']]) };
  }
  const { name, route, captured } = found;
  const context: ResolveContext = { table, view, requested: model, captured, names: [name], leftOut: [], reasons: new Map() };
  const targets = resolveEntries(route, context);
  const list = (entries: Route['context_length_fallbacks']): Target[] => (entries ?? []).flatMap((entry) => resolveEntry(entry, context));
  const fallbacks = { contextLength: list(route.context_length_fallbacks), contentPolicy: list(route.content_policy_fallbacks) };
  const mirror =
    route.mirror !== undefined && view.random() * 100 < route.mirror.percent ? resolveEntry(route.mirror.target, context)[0] : undefined;
  return {
    ...emptyPlan,
    requested: model,
    route: name,
    targets: unique([...canaryFirst(route, context), ...targets]),
    fallbacks,
    resume: route.resume ?? false,
    mirror,
    leftOut: context.leftOut,
    reasons: context.reasons,
  };
}

function canaryFirst(route: Route, context: ResolveContext): Target[] {
  const { canary } = route;
  if (canary === undefined || drawPercent(canary.sticky, context.view, context.requested) >= canary.percent) return [];
  const targets = resolveEntry(canary.target, context);
  for (const { name } of targets) context.reasons.set(name, `canary for ${canary.percent} % of the calls`);
  return targets;
}

const emptyPlan: Omit<Plan, 'requested' | 'targets'> = {
  route: undefined,
  fallbacks: { contextLength: [], contentPolicy: [] },
  resume: false,
  mirror: undefined,
  leftOut: [],
  reasons: new Map(),
};

/** Every target that may serve a call, its fallbacks included: what its cost has to be bounded over. */
export function everyTarget(plan: Pick<Plan, 'targets' | 'fallbacks'>): readonly Target[] {
  const { contextLength, contentPolicy } = plan.fallbacks;
  if (contextLength.length === 0 && contentPolicy.length === 0) return plan.targets;
  return unique([...plan.targets, ...contextLength, ...contentPolicy]);
}

/** The plan with each of its targets changed, the mirror too. */
export function mapTargets(plan: Plan, change: (target: Target) => Target): Plan {
  const { contextLength, contentPolicy } = plan.fallbacks;
  return {
    ...plan,
    targets: plan.targets.map(change),
    fallbacks: { contextLength: contextLength.map(change), contentPolicy: contentPolicy.map(change) },
    mirror: plan.mirror && change(plan.mirror),
  };
}

/**
 * Every target behind a name, whatever the conditions on it, in the order of the configuration.
 * @throws GatewayError `model_not_found`.
 */
export function targetsBehind(
  model: string,
  table: RoutingTable,
): { readonly route: string | undefined; readonly targets: readonly Target[] } {
  const plan = planOne(model, table, unconditional);
  return { route: plan.route, targets: plan.targets };
}

const unconditional: PlanView = {
  facts: {
    nowMs: 0,
    tags: {},
    key: '',
    keyName: '',
    team: undefined,
    user: undefined,
    organization: undefined,
    session: undefined,
    dialect: '',
    stream: false,
    body: {},
    content: { textBytes: 0, images: [], audio: [], files: [] },
  },
  random: () => 0,
  estimate: () => undefined,
  priceOf: () => undefined,
  speed: () => undefined,
  load: () => 0,
  models: [],
  preferences: undefined,
  conditions: 'ignored',
};
