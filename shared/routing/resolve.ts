import { unmet } from './conditions.ts';
import { modelNotFound } from './model-names.ts';
import type { GroupSettings, RouteEntry, TargetSettings, TimeoutSettings } from './route-schema.ts';
import { type Candidate, inOrder } from './strategies.ts';
import { type LeftOut, type PlanView, type RoutingTable, type Target, withTimeouts } from './target.ts';

/** What entries of a route are read in. */
export interface ResolveContext {
  readonly table: RoutingTable;
  readonly view: PlanView;
  readonly requested: string;
  /** What the `*` of the route's name stands for. */
  readonly captured: string | undefined;
  /** Routes being read: a name among them means the provider's model, not the route again. */
  readonly names: readonly string[];
  readonly leftOut: LeftOut[];
  readonly reasons: Map<string, string>;
  /** What the groups around an entry say. */
  readonly retries?: number | undefined;
  readonly timeouts?: TimeoutSettings | undefined;
}

/** The targets of a group, best first. */
export function resolveEntries(group: Omit<GroupSettings, 'weight' | 'when'>, outer: ResolveContext): Target[] {
  const context: ResolveContext = {
    ...outer,
    retries: group.retries ?? outer.retries,
    timeouts: { ...outer.timeouts, ...group.timeouts },
  };
  const candidates = group.targets.flatMap((entry, index) => candidateOf(entry, index, context) ?? []);
  const placed = inOrder(candidates, group.strategy, group.sticky, context.view, context.requested);
  for (const { targets, reason } of placed) {
    for (const [index, { name }] of targets.entries()) {
      const inner = context.reasons.get(name);
      if (inner === undefined || index === 0)
        context.reasons.set(name, inner === undefined || targets.length === 1 ? reason : `${reason}; ${inner}`);
    }
  }
  return placed.flatMap(({ targets }) => targets);
}

/** The targets an entry of a route leads to: one, or those of the group or route it names. */
export function resolveEntry(entry: RouteEntry, context: ResolveContext): Target[] {
  if (typeof entry !== 'string' && 'targets' in entry) return resolveEntries(entry, context);
  const settings: TargetSettings = typeof entry === 'string' ? { model: entry } : entry;
  const name = context.captured === undefined ? settings.model : settings.model.replace('*', context.captured);
  const route = Object.hasOwn(context.table.routes, name) && !context.names.includes(name) ? context.table.routes[name] : undefined;
  if (route !== undefined)
    return resolveEntries(route, { ...context, names: [...context.names, name], retries: settings.retries ?? context.retries });
  const merged = { ...settings, model: name, retries: settings.retries ?? context.retries };
  return [targetOf({ ...merged, timeouts: { ...context.timeouts, ...settings.timeouts } }, context.table, context.requested)];
}

function candidateOf(entry: RouteEntry, index: number, context: ResolveContext): Candidate | undefined {
  const settings = typeof entry === 'string' ? { model: entry } : entry;
  const label = 'model' in settings ? settings.model : `group ${index + 1}`;
  const reason = 'when' in settings ? unmet(settings.when, context.view.facts) : undefined;
  if (reason !== undefined && context.view.conditions !== 'ignored') {
    const names = resolveEntry(entry, { ...context, leftOut: [], reasons: new Map() }).map(({ name }) => name);
    context.leftOut.push(...names.map((target) => ({ target, reason })));
    return undefined;
  }
  const targets = resolveEntry(entry, context);
  const weight = ('weight' in settings ? settings.weight : undefined) ?? 1;
  return targets.length === 0 ? undefined : { label, weight, targets };
}

/**
 * The target that settings name.
 * @throws GatewayError `model_not_found`.
 */
export function targetOf(
  settings: Omit<TargetSettings, 'retries'> & { readonly retries?: number | undefined },
  table: RoutingTable,
  requested: string,
): Target {
  const slash = settings.model.indexOf('/');
  const provider = slash === -1 ? undefined : table.providers.get(settings.model.slice(0, slash));
  const model = settings.model.slice(slash + 1);
  // A route goes on to its next target; who names one model has to be told.
  const lacking = settings.model === requested && provider?.lacks(model) === true;
  if (provider === undefined || model === '' || lacking) throw modelNotFound(requested, table);
  return {
    name: settings.model,
    provider,
    model,
    retries: settings.retries ?? table.retries,
    timeouts: withTimeouts(table.timeouts, settings.timeouts),
    overrides: settings.overrides ?? {},
    limits: settings.limits,
  };
}
