import type { ProviderRow } from './catalogue-schema.ts';

/** Gateways in front of others' models. Whether an abort stops the bill depends on who serves the call. */
export const gatewayRows = [
  {
    id: 'openrouter',
    name: 'OpenRouter',
    source: 'https://openrouter.ai/docs/api/reference/overview',
    baseUrl: 'https://openrouter.ai/api/v1',
    auth: 'bearer',
    keyVariables: ['OPENROUTER_API_KEY'],
    dialects: {
      'chat-completions': { path: '/chat/completions' },
      responses: { path: '/responses' },
      messages: { path: '/messages' },
      completions: { path: '/completions' },
      embeddings: { path: '/embeddings' },
    },
    aiSdkPackage: '@ai-sdk/openai-compatible',
    quirks: { reportsStreamUsage: 'always', maxTokensField: 'both' },
  },
] as const satisfies readonly ProviderRow[];
