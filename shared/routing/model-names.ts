import { GatewayError } from '../errors/gateway-error.ts';
import { bySpecificity, isGlob } from '../pricing/model-pattern.ts';
import { nearest } from '../providers/catalogue.ts';
import { echoId } from '../providers/echo-row.ts';
import type { Route } from './route-schema.ts';
import type { RoutingTable } from './target.ts';

/** The route a name leads to: one of that name, else the most specific one whose `*` it fits. */
export function routeNamed(
  model: string,
  routes: RoutingTable['routes'],
): { readonly name: string; readonly route: Route; readonly captured: string | undefined } | undefined {
  const exact = Object.hasOwn(routes, model) && !isGlob(model) ? routes[model] : undefined;
  if (exact !== undefined) return { name: model, route: exact, captured: undefined };
  for (const name of wildcardsOf(routes)) {
    const star = name.indexOf('*');
    const [before, after] = [name.slice(0, star), name.slice(star + 1)];
    const route = routes[name];
    if (route === undefined || model.length <= before.length + after.length) continue;
    if (model.startsWith(before) && model.endsWith(after))
      return { name, route, captured: model.slice(before.length, model.length - after.length) };
  }
  return undefined;
}

const wildcards = new WeakMap<RoutingTable['routes'], readonly string[]>();

/** Names with a `*`, the most specific first. */
function wildcardsOf(routes: RoutingTable['routes']): readonly string[] {
  let names = wildcards.get(routes);
  if (names === undefined) {
    names = Object.keys(routes).filter(isGlob).sort(bySpecificity);
    wildcards.set(routes, names);
  }
  return names;
}

/**
 * A name without a provider, as clients send it that know only one (`claude-opus-5`): it stands for `provider/model`
 * where exactly one configured provider has such a model, or, for a model newer than the catalogue, one of its family
 * (`claude-`). The built-in provider is no maker of models and left out.
 */
export function qualified(model: string, table: Pick<RoutingTable, 'providers'>): string {
  if (model.includes('/')) return model;
  const providers = [...table.providers.values()].filter(({ row }) => row.id !== echoId);
  const family = `${model.split('-')[0]}-`;
  const having = providers.filter((provider) => provider.model(model) !== undefined || provider.modelNames.includes(model));
  const related = model.startsWith(family) ? providers.filter(({ modelNames }) => modelNames.some((name) => name.startsWith(family))) : [];
  const [only, ...others] = having.length > 0 ? having : related;
  return only !== undefined && others.length === 0 ? `${only.id}/${model}` : model;
}

/** The error for a name that leads nowhere, with names that are near. */
export function modelNotFound(requested: string, table: Pick<RoutingTable, 'providers' | 'routes'>): GatewayError {
  const slash = requested.indexOf('/');
  const provider = slash === -1 ? undefined : requested.slice(0, slash);
  if (provider !== undefined && !table.providers.has(provider)) return providerNotFound(requested, provider, table);
  const candidates = [
    ...Object.keys(table.routes).filter((name) => !isGlob(name)),
    ...[...table.providers].flatMap(([id, { modelNames }]) => modelNames.map((model) => `${id}/${model}`)),
  ];
  const bare = candidates.filter((name) => name.endsWith(`/${requested}`));
  const near = bare.length > 0 ? bare.slice(0, 3) : nearest(requested, candidates);
  const hint =
    near.length > 0
      ? `Did you mean ${near.map((name) => `'${name}'`).join(' or ')}?`
      : "Name a route of the gateway or 'provider/model'; GET /v1/models lists what there is.";
  return new GatewayError('model_not_found', `The model '${requested}' does not exist. ${hint}`, { param: 'model' });
}

function providerNotFound(requested: string, provider: string, table: Pick<RoutingTable, 'providers'>): GatewayError {
  const known = [...table.providers.keys()];
  const near = nearest(provider, known);
  const rest = requested.slice(provider.length + 1);
  const hint =
    near.length > 0 ? `Did you mean ${near.map((id) => `'${id}/${rest}'`).join(' or ')}?` : `Providers here: ${known.join(', ')}.`;
  return new GatewayError('model_not_found', `The model '${requested}' does not exist: no provider '${provider}' is configured. ${hint}`, {
    param: 'model',
  });
}
