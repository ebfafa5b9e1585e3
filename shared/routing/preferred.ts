import { GatewayError } from '../errors/gateway-error.ts';
import { type Ability, askedAbilities, askedInputs, type InputKind } from './asked-abilities.ts';
import type { ProviderPreferences } from './preferences.ts';
import type { LeftOut, Plan, PlanView, RoutingTable, Target } from './target.ts';

/**
 * A plan with a request's own wishes laid over it. Names of providers that are configured here mean these; any others
 * are meant for a provider that routes on by itself, and are handed on to it.
 * @throws GatewayError `invalid_request` where they leave nothing to try.
 */
export function applyPreferences(plan: Plan, wishes: ProviderPreferences, table: RoutingTable, view: PlanView): Plan {
  const leftOut: LeftOut[] = [];
  const admitted = (targets: readonly Target[]): Target[] =>
    targets.flatMap((target) => {
      const reason = refusal(target, wishes, table, view);
      if (reason === undefined) return [handedOn(target, wishes, table)];
      leftOut.push({ target: target.name, reason });
      return [];
    });
  let targets = sorted(admitted(plan.targets), wishes, view);
  targets = ordered(targets, wishes.order ?? []);
  if (wishes.allow_fallbacks === false) {
    leftOut.push(...targets.slice(1).map(({ name }) => ({ target: name, reason: 'allow_fallbacks is false' })));
    targets = targets.slice(0, 1);
  }
  if (targets.length === 0) throw nothingLeft(plan.requested, leftOut);
  const fallbacks = wishes.allow_fallbacks === false ? { contextLength: [], contentPolicy: [] } : plan.fallbacks;
  return {
    ...plan,
    targets,
    fallbacks: { contextLength: admitted(fallbacks.contextLength), contentPolicy: admitted(fallbacks.contentPolicy) },
    mirror: plan.mirror && admitted([plan.mirror])[0],
    leftOut: [...plan.leftOut, ...leftOut],
  };
}

/** Why a request does not want a target; undefined where it does. */
function refusal(target: Target, wishes: ProviderPreferences, table: RoutingTable, view: PlanView): string | undefined {
  const { provider } = target;
  if (wishes.only !== undefined && !wishes.only.includes(provider.id)) {
    const handsOn = provider.takesRoutingFields && wishes.only.some((slug) => !table.providers.has(slug));
    if (!handsOn) return 'not among provider.only';
  }
  if (wishes.ignore?.includes(provider.id)) return 'among provider.ignore';
  if (wishes.data_collection === 'deny' && !provider.deniesDataCollection) return 'its provider may collect data';
  const lacking = wishes.require_parameters === true ? lackingAbility(target, view) : undefined;
  if (lacking !== undefined) return `it lacks ${lacking}`;
  return tooDear(target, wishes.max_price, view);
}

function tooDear(target: Target, most: ProviderPreferences['max_price'], view: PlanView): string | undefined {
  if (most?.prompt === undefined && most?.completion === undefined) return undefined;
  const price = view.priceOf(target);
  if (price === undefined) return 'no price is known to compare with max_price';
  if (price.prompt > (most.prompt ?? Number.POSITIVE_INFINITY)) return `$${price.prompt} per million input tokens is above max_price`;
  if (price.completion > (most.completion ?? Number.POSITIVE_INFINITY))
    return `$${price.completion} per million output tokens is above max_price`;
  return undefined;
}

/** What the request asks for and the model is known not to have. Of a model nobody knows, nothing is known to lack. */
function lackingAbility({ provider, model }: Target, { facts }: PlanView): string | undefined {
  const row = provider.model(model);
  if (row === undefined) return undefined;
  const ability = askedAbilities(facts).find((asked) => !row.abilities.includes(asked));
  if (ability !== undefined) return abilityNames[ability];
  const kind = askedInputs(facts).find((asked) => !row.input.includes(asked));
  return kind && inputNames[kind];
}

const abilityNames: Readonly<Record<Ability, string>> = { tools: 'tools', 'json-schema': 'JSON schemas', reasoning: 'reasoning' };
const inputNames: Readonly<Record<InputKind, string>> = { image: 'images', audio: 'audio', pdf: 'files' };

function sorted(targets: Target[], { sort }: ProviderPreferences, view: PlanView): Target[] {
  if (sort === undefined) return targets;
  const figure = (target: Target): number | undefined => {
    if (sort === 'price') return view.estimate(target);
    const speed = view.speed(target);
    return sort === 'latency' ? speed?.firstContentMs : speed && -speed.tokensPerSecond;
  };
  const last = Number.POSITIVE_INFINITY;
  return targets
    .map((target) => ({ target, by: figure(target) ?? last }))
    .sort((one, other) => (one.by === other.by ? 0 : one.by - other.by))
    .map(({ target }) => target);
}

/** Named providers first, in the order they are named; the rest behind them as they were. */
function ordered(targets: Target[], order: readonly string[]): Target[] {
  if (order.length === 0) return targets;
  const place = ({ provider }: Target): number => {
    const index = order.indexOf(provider.id);
    return index === -1 ? order.length : index;
  };
  return targets
    .map((target) => ({ target, at: place(target) }))
    .sort((one, other) => one.at - other.at)
    .map(({ target }) => target);
}

/** For a provider that routes on by itself: the wishes without the names that mean providers of this gateway. */
function handedOn(target: Target, wishes: ProviderPreferences, table: RoutingTable): Target {
  if (!target.provider.takesRoutingFields) return target;
  const provider: Record<string, unknown> = { ...wishes };
  for (const field of ['order', 'only', 'ignore'] as const) {
    const theirs = wishes[field]?.filter((slug) => !table.providers.has(slug));
    if (theirs === undefined || theirs.length === 0) delete provider[field];
    else provider[field] = theirs;
  }
  if (Object.keys(provider).length === 0) return target;
  return { ...target, overrides: { provider: JSON.parse(JSON.stringify(provider)), ...target.overrides } };
}

function nothingLeft(requested: string, leftOut: readonly LeftOut[]): GatewayError {
  return new GatewayError(
    'invalid_request',
    `The request's own routing leaves nothing of '${requested}' to try: ${leftOut.map(({ target, reason }) => `${target}: ${reason}`).join('; ')}.`,
    { param: 'provider', details: { left_out: leftOut } },
  );
}
