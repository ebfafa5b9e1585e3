import { startGateway, type TestGateway } from '../support/gateway.ts';

const names = ['anthropic', 'google', 'openai', 'openai-compatible'];

/** A gateway for which one upstream is every provider that speaks its own dialect, and that never asks twice. */
export function startNativeGateway(upstreamUrl: string): Promise<TestGateway> {
  const provider = { base_url: new URL(upstreamUrl).origin, api_key: 'env:KEY', allow_private_address: true };
  return startGateway({
    config: { providers: Object.fromEntries(names.map((name) => [name, provider])), defaults: { retries: 0 } },
    environment: { KEY: 'k' },
  });
}
