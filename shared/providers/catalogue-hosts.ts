import type { ProviderRow } from './catalogue-schema.ts';

/** Those who run open models and sell calls to them. */
export const hostRows = [
  {
    id: 'groq',
    name: 'Groq',
    source: 'https://console.groq.com/docs/openai',
    baseUrl: 'https://api.groq.com/openai/v1',
    auth: 'bearer',
    keyVariables: ['GROQ_API_KEY'],
    dialects: {
      'chat-completions': { path: '/chat/completions' },
      responses: { path: '/responses' },
      speech: { path: '/audio/speech' },
      transcriptions: { path: '/audio/transcriptions' },
    },
    aiSdkPackage: '@ai-sdk/openai-compatible',
    quirks: { maxTokensField: 'both' },
  },
  {
    id: 'together',
    name: 'Together AI',
    source: 'https://docs.together.ai/docs/inference/openai-compatibility',
    baseUrl: 'https://api.together.ai/v1',
    auth: 'bearer',
    keyVariables: ['TOGETHER_API_KEY', 'TOGETHER_AI_API_KEY'],
    dialects: {
      'chat-completions': { path: '/chat/completions' },
      completions: { path: '/completions' },
      embeddings: { path: '/embeddings' },
      rerank: { path: '/rerank' },
      images: { path: '/images/generations' },
      speech: { path: '/audio/speech' },
      transcriptions: { path: '/audio/transcriptions' },
    },
    aiSdkPackage: '@ai-sdk/openai-compatible',
    quirks: { stopsBillingOnAbort: true },
  },
] as const satisfies readonly ProviderRow[];
