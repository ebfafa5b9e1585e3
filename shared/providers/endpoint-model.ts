import type { EmbeddingModelV4, ImageModelV4, RerankingModelV4, SpeechModelV4 } from '@ai-sdk/provider';
import type { DialectName } from '../calls/call.ts';
import type { ConfiguredProvider } from './configured-provider.ts';
import type { ModelExchange } from './model-exchange.ts';
import type { Attempt } from './transport.ts';
import { UpstreamFailure } from './upstream-failure.ts';

/** The models of the AI SDK that are no language models, by the dialect they serve. */
export interface EndpointModels {
  readonly embeddings: EmbeddingModelV4;
  readonly images: ImageModelV4;
  readonly speech: SpeechModelV4;
  readonly rerank: RerankingModelV4;
}

/** The dialects without chat that each package can serve for a provider that does not speak them. */
const served: Readonly<Record<string, readonly (keyof EndpointModels)[]>> = {
  '@ai-sdk/google': ['embeddings', 'images', 'speech'],
  '@ai-sdk/amazon-bedrock': ['embeddings', 'images', 'rerank'],
};

/** Whether calls in a dialect without chat can be translated for a provider. */
export function translatesEndpoint({ row }: ConfiguredProvider, dialect: DialectName): dialect is keyof EndpointModels {
  return (served[row.aiSdkPackage ?? ''] ?? []).some((name) => name === dialect);
}

/** Packages demand a key before they send anything; the exchange puts the real one in its place. */
const placeholder = 'sluice';

/**
 * Makes the AI SDK's model for an attempt. Each package is a chunk of its own, loaded by the first call that needs it.
 * @throws UpstreamFailure `unreachable` where the provider has no package for it.
 */
export async function loadEndpointModel<Name extends keyof EndpointModels>(
  name: Name,
  { provider, model }: Attempt,
  exchange: Pick<ModelExchange, 'fetch'>,
): Promise<EndpointModels[Name]> {
  const common = { baseURL: provider.baseUrl, apiKey: placeholder, fetch: exchange.fetch };
  const makers: Partial<{ readonly [Key in keyof EndpointModels]: () => EndpointModels[Key] }> = await makersOf(provider, model, common);
  const make = makers[name];
  if (make === undefined) throw new UpstreamFailure('unreachable', `${provider.id} has nothing that serves ${name}`);
  return make();
}

async function makersOf(
  provider: ConfiguredProvider,
  model: string,
  common: { readonly baseURL: string; readonly apiKey: string; readonly fetch: typeof fetch },
): Promise<Partial<{ readonly [Key in keyof EndpointModels]: () => EndpointModels[Key] }>> {
  switch (provider.row.aiSdkPackage) {
    case '@ai-sdk/google': {
      const google = (await import('@ai-sdk/google')).createGoogle(common);
      return { embeddings: () => google.embeddingModel(model), images: () => google.image(model), speech: () => google.speech(model) };
    }
    case '@ai-sdk/amazon-bedrock': {
      const { createAmazonBedrock } = await import('@ai-sdk/amazon-bedrock');
      const region = provider.options.region ?? 'us-east-1';
      const bedrock = createAmazonBedrock({ ...common, region });
      // Reranking lies with another service of Bedrock's, at a host of its own.
      const agents = createAmazonBedrock({
        ...common,
        region,
        baseURL: common.baseURL.replace('//bedrock-runtime.', '//bedrock-agent-runtime.'),
      });
      return { embeddings: () => bedrock.embeddingModel(model), images: () => bedrock.image(model), rerank: () => agents.reranking(model) };
    }
    default:
      return {};
  }
}
