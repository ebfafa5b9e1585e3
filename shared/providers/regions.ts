import type { ProviderSettings, RegionSettings } from './provider-settings.ts';

/** One way to a provider: in which of its regions and with which of its keys, as far as there are several. */
export interface WaySettings {
  readonly region: string | undefined;
  /** The reference of the key. */
  readonly key: string | undefined;
  /** Region and place of the key in its list, for receipts: which variable holds a key is nobody else's business. */
  readonly label: string;
  /** The provider as it is on this way alone. */
  readonly settings: ProviderSettings;
}

/** The regions of a provider; one that is a name alone has nothing else of its own. */
export function regionsOf({ regions = [] }: Pick<ProviderSettings, 'regions'>): readonly RegionSettings[] {
  return regions.map((region) => (typeof region === 'string' ? { name: region } : region));
}

/** Every way to a provider, in the order of its regions and keys; one where it has neither. */
export function waysTo(provider: ProviderSettings): readonly WaySettings[] {
  const { regions, ...settings } = provider;
  if (regions === undefined) return byKey(undefined, settings);
  return regionsOf(provider).flatMap((own) => {
    const { api_key, api_keys, ...rest } = settings;
    const named: Readonly<Record<string, string>> = own.base_url === undefined ? { region: own.name } : {};
    const keys = own.api_key === undefined && own.api_keys === undefined ? { api_key, api_keys } : own;
    return byKey(own.name, {
      ...rest,
      base_url: own.base_url ?? rest.base_url,
      options: { ...rest.options, ...named, ...own.options },
      api_key: keys.api_key,
      api_keys: keys.api_keys,
    });
  });
}

function byKey(region: string | undefined, settings: ProviderSettings): WaySettings[] {
  const { api_keys: several, ...one } = settings;
  const labelled = (key?: string): string => [region, key].filter((part) => part !== undefined).join(', ');
  if (several === undefined) return [{ region, key: undefined, label: labelled(), settings: one }];
  return several.map((api_key, index) => ({
    region,
    key: several.length > 1 ? api_key : undefined,
    label: labelled(several.length > 1 ? `key ${index + 1}` : undefined),
    settings: { ...one, api_key },
  }));
}
