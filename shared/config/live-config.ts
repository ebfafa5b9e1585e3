import type { Price } from '../pricing/price.ts';
import { priceOf } from '../pricing/price-of.ts';
import type { PriceOverrides } from '../pricing/price-override.ts';
import { ConfiguredProvider, type SecretReader } from '../providers/configured-provider.ts';
import { echoId, echoPrices } from '../providers/echo-row.ts';
import { defaultRetries, defaultTimeouts, type RoutingTable, type Target, withTimeouts } from '../routing/target.ts';
import type { GatewayConfig } from './gateway-config.ts';

/** A version of the configuration, ready for use. */
export interface LiveConfig extends RoutingTable {
  /** 0 is the file that came with the deployment. */
  readonly version: number;
  readonly settings: GatewayConfig;
  /** The price of a target; undefined where nobody knows one. */
  readonly priceOf: (target: Pick<Target, 'provider' | 'model'>) => Price | undefined;
}

/** The configuration as it changes. */
export interface ConfigSource {
  /** The version that holds now; a call keeps the one it began with. */
  current(): Promise<LiveConfig>;
  /** Begins to look for a newer one where it is time to; never waits. */
  touch(): void;
}

/** Makes a checked configuration ready for use. */
export function liveConfig(
  settings: GatewayConfig,
  context: {
    readonly secrets: SecretReader;
    readonly environment?: Readonly<Record<string, string | undefined>>;
    readonly version?: number;
  },
): LiveConfig {
  const environment = context.environment ?? process.env;
  const entries = { [echoId]: {}, ...settings.providers };
  const providers = new Map(
    Object.entries(entries).map(([id, provider]) => [id, new ConfiguredProvider(id, provider, { secrets: context.secrets, environment })]),
  );
  const prices: PriceOverrides = { [`${echoId}/*`]: echoPrices, ...settings.prices };
  return {
    version: context.version ?? 0,
    settings,
    providers,
    routes: settings.models,
    retries: settings.defaults.retries ?? defaultRetries,
    timeouts: withTimeouts(defaultTimeouts, settings.defaults.timeouts),
    priceOf: rememberedPrices(prices),
  };
}

/** More names than any deployment calls; callers can make up more. */
const rememberedNames = 2_000;

/** Looks prices up, each once: the look-up walks patterns and tables, and every call asks several times. */
function rememberedPrices(overrides: PriceOverrides): LiveConfig['priceOf'] {
  const remembered = new Map<string, Price | undefined>();
  return ({ provider, model }) => {
    const name = `${provider.id}/${model}`;
    if (remembered.has(name)) return remembered.get(name);
    const limits = provider.limits(model);
    const price = priceOf({
      provider: provider.id,
      catalogueId: provider.row.id,
      model,
      overrides,
      ...(limits.contextLength !== undefined && { contextLength: limits.contextLength }),
      ...(limits.maxOutputTokens !== undefined && { maxOutputTokens: limits.maxOutputTokens }),
    });
    if (remembered.size >= rememberedNames) remembered.clear();
    remembered.set(name, price);
    return price;
  };
}
