import { type BuiltInProvider, builtInProviders, type ToolRule } from './built-in-providers.ts';
import { bySpecificity, isGlob, matchesPattern, patternMatcher } from './model-pattern.ts';
import { outputLimitOf } from './output-limits.ts';
import type { Price, PriceVariant } from './price.ts';
import { type PriceFields, ratesFrom, variantFrom } from './price-fields.ts';
import type { PriceOverride, PriceOverrides } from './price-override.ts';
import { type BuiltInPrice, findBuiltInPrice } from './price-table.ts';
import type { Rates } from './rates.ts';

/** What is to be priced. */
export interface PriceQuery {
  /** The provider as `gateway.yaml` names it: overrides are matched against `provider/model`. */
  readonly provider: string;
  /** The catalogue entry it is, when its name is another; built-in prices are looked up under it. */
  readonly catalogueId?: string | undefined;
  /** The model as the provider names it. */
  readonly model: string;
  /** `prices` of `gateway.yaml`. Pass the same object for the same configuration: it is indexed once. */
  readonly overrides?: PriceOverrides | undefined;
  /** Operator's figures for the model; they win over the built-in ones. */
  readonly contextLength?: number | undefined;
  readonly maxOutputTokens?: number | undefined;
}

/**
 * The price of a model: the most specific override of `gateway.yaml` that matches (exact before
 * pattern, longer before shorter), else the built-in one. Undefined when nobody knows it: such a
 * model is unpriced, never free.
 *
 * The answer holds for all times; `costOf` and `costBound` pick what holds at their moment.
 */
export function priceOf(query: PriceQuery): Price | undefined {
  const provider = builtInProviderOf(query.catalogueId ?? query.provider);
  const builtIn = provider === undefined ? undefined : findInTables(provider.tables, query.model);
  const override = query.overrides === undefined ? undefined : findOverride(query.overrides, `${query.provider}/${query.model}`);
  const tiers = provider?.serviceTiers?.find((rule) => matchesPattern(rule.models, query.model))?.multipliers ?? standardTiers;
  const contextLength = query.contextLength ?? builtIn?.contextLength;
  const maxOutputTokens = query.maxOutputTokens ?? outputLimitOf(query.model);
  const unaskedTier = provider?.unaskedTiers?.find((rule) => matchesPattern(rule.models, query.model))?.tier;
  const tools = provider?.tools?.find((rule) => matchesPattern(rule.models, query.model));
  const facts = {
    ...(tools?.searchesByTheCall === true ? { mostSearches: 1 } : {}),
    ...(unaskedTier === undefined ? {} : { unaskedTier }),
    // Anthropic's prompt cache is written only where the request says `cache_control`.
    writesCacheUnasked: !query.model.toLowerCase().includes('claude'),
    ...(contextLength === undefined ? {} : { contextLength }),
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
  };
  if (override !== undefined) {
    const { context, service_tiers: serviceTiers, ...fields } = override.price;
    const variants = [variantFrom(fields, context)];
    return { name: override.pattern, source: 'override', variants, serviceTiers: { ...tiers, ...serviceTiers }, ...facts };
  }
  if (builtIn === undefined || builtIn.variants.length === 0) return undefined;
  return { name: builtIn.id, source: 'built-in', variants: withTools(builtIn, tools), serviceTiers: tiers, ...facts };
}

/** The words for no special tier, whichever tiers there are. */
const standardTiers = { default: 1, standard: 1, auto: 1 };

function builtInProviderOf(id: string): BuiltInProvider | undefined {
  return Object.hasOwn(builtInProviders, id) ? builtInProviders[id] : undefined;
}

function findInTables(tables: readonly string[], model: string): BuiltInPrice | undefined {
  const dated = withDashedDate(model);
  for (const name of dated === model ? [model] : [model, dated]) {
    for (const table of tables) {
      const found = findBuiltInPrice(table, name);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** `-20250514` as `-2025-05-14`: vendors and resellers write the date of a snapshot either way. */
function withDashedDate(model: string): string {
  return model.replace(/-(20\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)/g, '-$1-$2-$3');
}

/** Where the library has another price for a search than the vendor's page, the dearer counts; one that every call makes costs nothing more. */
function withTools(builtIn: BuiltInPrice, tools: ToolRule | undefined): readonly PriceVariant[] {
  if (tools === undefined) return builtIn.variants;
  const own = ratesFrom(toolFields(tools));
  const searchOf = (rates: Rates): number => (tools.perRequest === undefined ? Math.max(own.search ?? 0, rates.search ?? 0) : 0);
  const priced = (rates: Rates): Rates => ({ ...own, ...rates, search: searchOf(rates) });
  return builtIn.variants.map((variant) => ({
    ...variant,
    rates: priced(variant.rates),
    tiers: variant.tiers.map((tier) => ({ ...tier, rates: priced(tier.rates) })),
  }));
}

function toolFields(tools: ToolRule): PriceFields {
  return {
    ...(tools.perSearch !== undefined && { per_search: tools.perSearch }),
    ...(tools.perRequest !== undefined && { per_request: tools.perRequest }),
    ...(tools.perFileSearch !== undefined && { per_file_search: tools.perFileSearch }),
    ...(tools.perContainerGb !== undefined && { per_container_gb: tools.perContainerGb }),
  };
}

interface OverrideIndex {
  readonly exact: ReadonlyMap<string, OverrideMatch>;
  /** The most specific first. */
  readonly patterns: readonly (OverrideMatch & { readonly matches: (name: string) => boolean })[];
}

interface OverrideMatch {
  readonly pattern: string;
  readonly price: PriceOverride;
}

const indexes = new WeakMap<PriceOverrides, OverrideIndex>();

function findOverride(overrides: PriceOverrides, name: string): OverrideMatch | undefined {
  const index = indexes.get(overrides) ?? indexOverrides(overrides);
  return index.exact.get(name.toLowerCase()) ?? index.patterns.find(({ matches }) => matches(name.toLowerCase()));
}

function indexOverrides(overrides: PriceOverrides): OverrideIndex {
  const matches = Object.entries(overrides)
    .map(([pattern, price]) => ({ pattern, price }))
    .sort((a, b) => bySpecificity(a.pattern, b.pattern));
  const index = {
    exact: new Map(matches.filter(({ pattern }) => !isGlob(pattern)).map((match) => [match.pattern.toLowerCase(), match])),
    patterns: matches.filter(({ pattern }) => isGlob(pattern)).map((match) => ({ ...match, matches: patternMatcher(match.pattern) })),
  };
  indexes.set(overrides, index);
  return index;
}
