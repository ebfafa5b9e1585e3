import { GatewayError } from '../errors/gateway-error.ts';
import { ConfiguredProvider } from '../providers/configured-provider.ts';
import { namesPrivateHost } from '../providers/private-address.ts';
import type { ProviderSettings } from '../providers/provider-settings.ts';
import { regionsOf } from '../providers/regions.ts';
import type { ConfigProblem } from './config-routes.ts';
import type { GatewayConfig } from './gateway-config.ts';

/** Mistakes of providers that their shape does not show: names nobody knows, options that are missing, addresses that are refused. */
export function providerProblems({ providers }: Pick<GatewayConfig, 'providers'>): ConfigProblem[] {
  return Object.entries(providers).flatMap(([id, settings]) => {
    const path = ['providers', id];
    const made = makeProvider(id, settings);
    if (!(made instanceof ConfiguredProvider)) return [made, ...placeProblems(path, settings, settings)];
    return [...placeProblems(path, settings, settings), ...regionProblems(path, made, settings)];
  });
}

function makeProvider(id: string, settings: ProviderSettings): ConfiguredProvider | ConfigProblem {
  try {
    const provider = new ConfiguredProvider(id, settings, { secrets: { read: async () => undefined }, environment: process.env });
    // Each region has to be complete by itself.
    void provider.ways;
    return provider;
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return { path: error.param?.split('.') ?? ['providers', id], message: error.message };
  }
}

function regionProblems(path: readonly PropertyKey[], { row }: ConfiguredProvider, settings: ProviderSettings): ConfigProblem[] {
  const regions = regionsOf(settings);
  return regions.flatMap((region, index) => {
    const at = [...path, 'regions', index];
    const problems = placeProblems(at, region, settings);
    if (regions.findIndex(({ name }) => name === region.name) < index)
      problems.push({ path: at, message: `is a second region of the name '${region.name}'.` });
    const hasOwn = Object.keys(region).length > 1 || row.options.some(({ name }) => name === 'region');
    if (!hasOwn)
      problems.push({
        path: at,
        message: 'is nowhere: this provider has no {region} in its base URL. Add a base_url, options or an api_key.',
      });
    return problems;
  });
}

function placeProblems(
  path: readonly PropertyKey[],
  place: Pick<ProviderSettings, 'api_key' | 'api_keys' | 'base_url'>,
  { allow_private_address: allowed }: ProviderSettings,
): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  if (place.api_key !== undefined && place.api_keys !== undefined)
    problems.push({ path: [...path, 'api_keys'], message: 'stands beside api_key. Put all keys under api_keys.' });
  if (place.base_url !== undefined && allowed !== true && namesPrivateHost(new URL(place.base_url)))
    problems.push({
      path: [...path, 'base_url'],
      message: 'leads to a private address, which is refused. If that is meant, add allow_private_address: true.',
    });
  return problems;
}
