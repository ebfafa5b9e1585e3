import { nearest } from '../providers/catalogue.ts';
import { echoId } from '../providers/echo-row.ts';
import type { Route, RouteEntry } from '../routing/route-schema.ts';
import type { GatewayConfig } from './gateway-config.ts';

/** A mistake in a configuration, and where it stands. */
export interface ConfigProblem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Mistakes of routes that their shape does not show: targets that lead nowhere, circles, wildcards that capture nothing. */
export function routeProblems(config: Pick<GatewayConfig, 'models' | 'providers'>): ConfigProblem[] {
  return Object.entries(config.models).flatMap(([name, route]) => [
    ...namedOf(name, route).flatMap(({ model, path }) => {
      const message = referenceProblem(model, name, config) ?? circle(model, name, config);
      return message === undefined ? [] : [{ path: ['models', name, ...path], message }];
    }),
    ...(name.split('*').length > 2 ? [{ path: ['models', name], message: 'has more than one * in its name; one is enough.' }] : []),
  ]);
}

interface Named {
  readonly model: string;
  readonly path: readonly PropertyKey[];
}

/** Every target a route names, wherever in it. */
function namedOf(name: string, route: Route): Named[] {
  const list = (entries: readonly RouteEntry[] | undefined, at: string): Named[] =>
    (entries ?? []).flatMap((entry, index) => inEntry(entry, [at, index]));
  return [
    ...list(route.targets, 'targets'),
    ...list(route.context_length_fallbacks, 'context_length_fallbacks'),
    ...list(route.content_policy_fallbacks, 'content_policy_fallbacks'),
    ...(route.canary === undefined ? [] : inEntry(route.canary.target, ['canary', 'target'])),
    ...(route.mirror === undefined ? [] : inEntry(route.mirror.target, ['mirror', 'target'])),
  ].filter(({ model }) => model !== name || !name.includes('/'));
}

function inEntry(entry: RouteEntry, path: readonly PropertyKey[]): Named[] {
  if (typeof entry === 'string') return [{ model: entry, path }];
  if ('targets' in entry) return entry.targets.flatMap((inner, index) => inEntry(inner, [...path, 'targets', index]));
  return [{ model: entry.model, path }];
}

function referenceProblem(model: string, route: string, config: Pick<GatewayConfig, 'models' | 'providers'>): string | undefined {
  if (model.includes('*') && !route.includes('*'))
    return `'${model}' holds a * for what the route's own name captures, and '${route}' has none.`;
  if (Object.hasOwn(config.models, model) && model !== route) return undefined;
  const slash = model.indexOf('/');
  const provider = model.slice(0, Math.max(0, slash));
  if (slash > 0 && (Object.hasOwn(config.providers, provider) || provider === echoId)) return undefined;
  if (slash > 0) return `names the provider '${provider}', which is not under providers. Add it there.`;
  const near = nearest(
    model,
    Object.keys(config.models).filter((name) => name !== route),
  );
  const hint = near.length > 0 ? ` Did you mean ${near.map((name) => `'${name}'`).join(' or ')}?` : '';
  return `names '${model}', which is neither provider/model nor another route.${hint}`;
}

/** A route that leads back to itself through others. */
function circle(model: string, route: string, config: Pick<GatewayConfig, 'models'>): string | undefined {
  const seen = new Set<string>();
  const ahead = [model];
  for (let name = ahead.pop(); name !== undefined; name = ahead.pop()) {
    const next = Object.hasOwn(config.models, name) ? config.models[name] : undefined;
    if (next === undefined || seen.has(name)) continue;
    seen.add(name);
    for (const { model: further } of namedOf(name, next)) {
      if (further === route) return `leads back to '${route}' through '${name}'.`;
      ahead.push(further);
    }
  }
  return undefined;
}
