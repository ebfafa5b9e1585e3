import type { Principal } from '../control/directory.ts';
import { mayCallModel } from '../control/model-access.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import type { PriceFields } from '../pricing/price-fields.ts';
import { type Plan, type RoutingTable, targetsBehind } from '../routing/plan.ts';

/** A model as OpenAI lists it (https://platform.openai.com/docs/api-reference/models/object), with what the gateway knows beside it. */
export interface ListedModel {
  readonly id: string;
  readonly object: 'model';
  readonly created: number;
  readonly owned_by: string;
  readonly context_length: number | null;
  readonly max_output_tokens: number | null;
  readonly input_modalities: readonly string[] | null;
  readonly capabilities: readonly string[] | null;
  /** In the words and units of `prices` in gateway.yaml, USD per million tokens first of all; null where no price is known. */
  readonly pricing: (Readonly<PriceFields> & { readonly input: number; readonly output: number }) | null;
  /** Who may serve it. */
  readonly providers: readonly string[];
  /** Targets behind a route, in order. */
  readonly targets?: readonly string[];
}

/** What listing needs to know beside the routing table. */
export interface ListOptions {
  readonly pricing: (target: Plan['targets'][number]) => ListedModel['pricing'];
}

/** Every model the principal may call: routes first, then the models of each provider. */
export function listModels(table: RoutingTable, principal: Principal, options: ListOptions): ListedModel[] {
  const names = [
    ...Object.keys(table.routes).filter((name) => !name.includes('*')),
    ...[...table.providers].flatMap(([id, { modelNames }]) => modelNames.map((model) => `${id}/${model}`)),
  ];
  return [...new Set(names)].flatMap((name) => describe(name, table, principal, options) ?? []);
}

/**
 * One model by its name, listed or not.
 * @throws GatewayError `model_not_found`, also where the principal may not call it.
 */
export function findListedModel(name: string, table: RoutingTable, principal: Principal, options: ListOptions): ListedModel {
  const found = describe(name, table, principal, options);
  if (found !== undefined) return found;
  throw new GatewayError(
    'model_not_found',
    `The model '${name}' does not exist, or this key may not call it. GET /v1/models lists what it may call.`,
    { param: 'model' },
  );
}

function describe(name: string, table: RoutingTable, principal: Principal, options: ListOptions): ListedModel | undefined {
  const plan = targetsBehind(name, table);
  const allowed = plan.targets.filter((target) => mayCallModel(principal, [name, target.name]));
  const first = allowed[0];
  if (first === undefined) return undefined;
  const limits = allowed.map((target) => target.provider.limits(target.model));
  const row = first.provider.model(first.model);
  return {
    id: name,
    object: 'model',
    created: 0,
    owned_by: plan.route === undefined ? first.provider.id : 'sluice',
    context_length: least(limits.map(({ contextLength }) => contextLength)),
    max_output_tokens: least(limits.map(({ maxOutputTokens }) => maxOutputTokens)),
    input_modalities: row?.input ?? null,
    capabilities: row?.abilities ?? null,
    pricing: options.pricing(first),
    providers: [...new Set(allowed.map(({ provider }) => provider.id))],
    ...(plan.route !== undefined && { targets: allowed.map((target) => target.name) }),
  };
}

/** What a route can promise is what its weakest target can; unknown when any target's limit is. */
function least(values: readonly (number | undefined)[]): number | null {
  let smallest = Number.POSITIVE_INFINITY;
  for (const value of values) {
    if (value === undefined) return null;
    smallest = Math.min(smallest, value);
  }
  return Number.isFinite(smallest) ? smallest : null;
}
