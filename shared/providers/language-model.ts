import type { LanguageModelV4 } from '@ai-sdk/provider';
import { EchoLanguageModel } from './echo-language-model.ts';
import { echoId } from './echo-row.ts';
import { withoutContinuation } from './google-continuation.ts';
import type { ModelExchange } from './model-exchange.ts';
import type { Attempt } from './transport.ts';
import { UpstreamFailure } from './upstream-failure.ts';

/** Packages demand a key before they send anything; the exchange puts the real one in its place. */
const placeholder = 'sluice';

/**
 * Makes the AI SDK's model for an attempt. Each package is a chunk of its own, loaded by the first call that needs it.
 * @throws UpstreamFailure `unreachable` for a provider without a package.
 */
export async function loadLanguageModel(attempt: Attempt, exchange: Pick<ModelExchange, 'fetch'>): Promise<LanguageModelV4> {
  const { provider, model } = attempt;
  if (provider.row.id === echoId) return new EchoLanguageModel(attempt);
  const common = { baseURL: provider.baseUrlFor(model), apiKey: placeholder, fetch: exchange.fetch };
  switch (provider.row.aiSdkPackage) {
    case '@ai-sdk/anthropic':
      return (await import('@ai-sdk/anthropic')).createAnthropic(common)(model);
    case '@ai-sdk/google':
      return (await import('@ai-sdk/google')).createGoogle({ ...common, fetch: withoutContinuation(exchange.fetch) })(model);
    case '@ai-sdk/amazon-bedrock':
      // The exchange signs, because only there is the body final; the package is told of a key and leaves it alone.
      return (await import('@ai-sdk/amazon-bedrock')).createAmazonBedrock({ ...common, region: provider.options.region ?? 'us-east-1' })(
        model,
      );
    case '@ai-sdk/openai':
      return (await import('@ai-sdk/openai')).createOpenAI(common).responses(model);
    case '@ai-sdk/openai-compatible':
      return await compatibleModel(attempt, common);
    case undefined:
      throw new UpstreamFailure('unreachable', `${provider.id} does not speak ${attempt.call.dialect}, and nothing translates to it`);
  }
}

async function compatibleModel(
  attempt: Attempt,
  common: { baseURL: string; apiKey: string; fetch: typeof fetch },
): Promise<LanguageModelV4> {
  const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible');
  const { provider, model } = attempt;
  const renamesCap = provider.maxTokensField === 'max_completion_tokens';
  return createOpenAICompatible({
    ...common,
    name: 'openaiCompatible',
    includeUsage: provider.row.quirks.acceptsStreamOptions,
    supportsStructuredOutputs: true,
    supportsMultiPartToolContent: true,
    transformRequestBody: ({ max_tokens, ...body }) => ({
      ...body,
      ...(max_tokens !== undefined && { [renamesCap ? 'max_completion_tokens' : 'max_tokens']: max_tokens }),
    }),
  }).chatModel(model);
}
