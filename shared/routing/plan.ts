import type { JsonObject } from '../calls/json.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { nearest } from '../providers/catalogue.ts';
import type { ConfiguredProvider } from '../providers/configured-provider.ts';
import { echoId } from '../providers/echo-row.ts';
import type { Timeouts } from '../providers/transport.ts';
import type { Route, TargetSettings, TimeoutSettings } from './route-schema.ts';

/** One place a call may go, with everything an attempt needs to know. */
export interface Target {
  /** `provider/model`, as receipts and metrics name it. */
  readonly name: string;
  readonly provider: ConfiguredProvider;
  /** The provider's own name of the model. */
  readonly model: string;
  readonly retries: number;
  readonly timeouts: Timeouts;
  readonly overrides: Readonly<JsonObject>;
}

/** Where a call may go, best first. */
export interface Plan {
  /** The model as the caller named it. */
  readonly requested: string;
  /** The route's name, where the caller named one. */
  readonly route: string | undefined;
  readonly targets: readonly Target[];
}

/** The live configuration, as far as routing needs it. */
export interface RoutingTable {
  readonly providers: ReadonlyMap<string, ConfiguredProvider>;
  readonly routes: Readonly<Record<string, Route>>;
  readonly retries: number;
  readonly timeouts: Timeouts;
}

/** What no configuration says otherwise, in milliseconds. Long answers are normal; long silence is not. */
export const defaultTimeouts: Timeouts = { connectMs: 5_000, firstByteMs: 120_000, idleMs: 60_000, totalMs: 840_000 };

/** What no configuration says otherwise: as the OpenAI clients do. */
export const defaultRetries = 2;

/**
 * Finds where a model name leads: a route of the configuration, or `provider/model`.
 * @param random uniform in [0, 1), for weighted routes.
 * @throws GatewayError `model_not_found` with names that are near.
 */
export function planFor(model: string, table: RoutingTable, random: () => number): Plan {
  const route = Object.hasOwn(table.routes, model) ? table.routes[model] : undefined;
  if (route !== undefined) {
    const settings = route.targets.map((target) => (typeof target === 'string' ? { model: target } : target));
    const ordered = route.strategy === 'weighted' ? weightedOrder(settings, random) : settings;
    return { requested: model, route: model, targets: ordered.map((target) => targetOf(target, table, model)) };
  }
  return { requested: model, route: undefined, targets: [targetOf({ model: qualified(model, table) }, table, model)] };
}

/**
 * A name without a provider, as clients send it that know only one (`claude-opus-5`): it stands for `provider/model`
 * where exactly one configured provider has such a model, or, for a model newer than the catalogue, one of its family
 * (`claude-`). The built-in provider is no maker of models and left out.
 */
function qualified(model: string, table: RoutingTable): string {
  if (model.includes('/')) return model;
  const providers = [...table.providers.values()].filter(({ row }) => row.id !== echoId);
  const family = `${model.split('-')[0]}-`;
  const having = providers.filter((provider) => provider.model(model) !== undefined || provider.modelNames.includes(model));
  const related = model.startsWith(family) ? providers.filter(({ modelNames }) => modelNames.some((name) => name.startsWith(family))) : [];
  const [only, ...others] = having.length > 0 ? having : related;
  return only !== undefined && others.length === 0 ? `${only.id}/${model}` : model;
}

function targetOf(settings: TargetSettings, table: RoutingTable, requested: string): Target {
  const slash = settings.model.indexOf('/');
  const provider = slash === -1 ? undefined : table.providers.get(settings.model.slice(0, slash));
  const model = settings.model.slice(slash + 1);
  if (provider === undefined || model === '') throw modelNotFound(requested, table);
  return {
    name: settings.model,
    provider,
    model,
    retries: settings.retries ?? table.retries,
    timeouts: withTimeouts(table.timeouts, settings.timeouts),
    overrides: settings.overrides ?? {},
  };
}

/** Timeouts with those of a configuration laid over them. */
export function withTimeouts(base: Timeouts, settings: TimeoutSettings | undefined): Timeouts {
  return {
    connectMs: settings?.connect_ms ?? base.connectMs,
    firstByteMs: settings?.first_byte_ms ?? base.firstByteMs,
    idleMs: settings?.idle_ms ?? base.idleMs,
    totalMs: settings?.total_ms ?? base.totalMs,
  };
}

/** Draws without replacement, so that the rest stand ready as fallbacks in a fair order. */
function weightedOrder(targets: readonly TargetSettings[], random: () => number): TargetSettings[] {
  const left = [...targets];
  const order: TargetSettings[] = [];
  while (left.length > 0) {
    const total = left.reduce((sum, target) => sum + (target.weight ?? 1), 0);
    let point = random() * total;
    let index = left.findIndex((target) => {
      point -= target.weight ?? 1;
      return point < 0;
    });
    if (index === -1) index = left.length - 1;
    order.push(...left.splice(index, 1));
  }
  return order;
}

function modelNotFound(requested: string, table: RoutingTable): GatewayError {
  const slash = requested.indexOf('/');
  const provider = slash === -1 ? undefined : requested.slice(0, slash);
  if (provider !== undefined && !table.providers.has(provider)) {
    const known = [...table.providers.keys()];
    const near = nearest(provider, known);
    const hint =
      near.length > 0
        ? `Did you mean ${near.map((id) => `'${id}/${requested.slice(slash + 1)}'`).join(' or ')}?`
        : `Providers here: ${known.join(', ')}.`;
    return new GatewayError(
      'model_not_found',
      `The model '${requested}' does not exist: no provider '${provider}' is configured. ${hint}`,
      { param: 'model' },
    );
  }
  const candidates = [
    ...Object.keys(table.routes),
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
