import type { AwsCredentials } from '../aws/credentials.ts';
import type { AuthScheme } from './catalogue-schema.ts';
import type { ConfiguredProvider } from './configured-provider.ts';
import type { UpstreamMethod } from './http-client.ts';
import { UpstreamFailure } from './upstream-failure.ts';

/** What is sent to a provider, as far as a signature covers it. */
export interface IdentifiedRequest {
  readonly url: URL;
  readonly method: UpstreamMethod;
  readonly body: string | Uint8Array;
}

/** What showing an identity needs of the world. */
export interface IdentityPorts {
  /** The identity of the function in its cloud account; undefined where it has none. */
  readonly awsCredentials: () => Promise<AwsCredentials | undefined>;
  readonly nowMs: () => number;
}

/** Shows providers who is asking: a key in the header they want, or the function's own role in its cloud account. */
export class ProviderIdentity {
  readonly #ports: IdentityPorts;

  constructor(ports: IdentityPorts) {
    this.#ports = ports;
  }

  /**
   * The headers for one request; none where the provider takes none.
   * @param fresh reads the key past the cache, after the provider refused it.
   * @throws UpstreamFailure `credentials` where the provider needs a key or a role and there is none.
   */
  async headersFor(
    provider: ConfiguredProvider,
    auth: AuthScheme,
    request: IdentifiedRequest,
    fresh: boolean,
  ): Promise<Record<string, string>> {
    const key = await provider.credential.read(fresh);
    if (key === undefined) return await this.#withoutKey(provider, auth, request);
    if (auth === 'none') return {};
    return auth === 'bearer' ? { authorization: `Bearer ${key}` } : { [auth]: key };
  }

  async #withoutKey(provider: ConfiguredProvider, auth: AuthScheme, request: IdentifiedRequest): Promise<Record<string, string>> {
    const { authWithoutKey, keyVariables } = provider.row;
    const variables = keyVariables.join(' or ');
    if (authWithoutKey === 'aws-sigv4') {
      const credentials = await this.#ports.awsCredentials();
      if (credentials === undefined)
        throw new UpstreamFailure('credentials', `no identity for ${provider.id}: run with an AWS role, or set ${variables}`);
      const region = provider.options.region ?? 'us-east-1';
      const { awsSignature } = await import('../aws/signature.ts');
      return awsSignature({ ...request, region, service: 'bedrock', atMs: this.#ports.nowMs() }, credentials);
    }
    if (auth === 'none' || authWithoutKey !== undefined) return {};
    throw new UpstreamFailure('credentials', `no key for ${provider.id}: set ${variables || 'api_key in its configuration'}`);
  }
}
