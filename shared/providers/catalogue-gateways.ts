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
    quirks: { reportsStreamUsage: 'always', maxTokensField: 'both', statesCost: true },
  },
  {
    id: 'vercel',
    name: 'Vercel AI Gateway',
    source: 'https://vercel.com/docs/ai-gateway/sdks-and-apis/openai-chat-completions',
    baseUrl: 'https://ai-gateway.vercel.sh/v1',
    auth: 'bearer',
    keyVariables: ['AI_GATEWAY_API_KEY'],
    dialects: {
      'chat-completions': { path: '/chat/completions' },
      responses: { path: '/responses' },
      messages: { path: '/messages' },
      embeddings: { path: '/embeddings' },
    },
    aiSdkPackage: '@ai-sdk/openai-compatible',
    quirks: { maxTokensField: 'both' },
  },
  {
    id: 'huggingface',
    name: 'Hugging Face Inference Providers',
    source: 'https://huggingface.co/docs/inference-providers/index',
    baseUrl: 'https://router.huggingface.co/v1',
    auth: 'bearer',
    keyVariables: ['HF_TOKEN', 'HUGGINGFACE_API_KEY'],
    dialects: {
      'chat-completions': { path: '/chat/completions' },
    },
    aiSdkPackage: '@ai-sdk/openai-compatible',
  },
] as const satisfies readonly ProviderRow[];
