import type { ProviderRow } from './catalogue-schema.ts';

/** Servers on the operator's own machine or network, at the address they use when nobody tells them otherwise. */
export const localRows = [
  {
    id: 'ollama',
    name: 'Ollama',
    source: 'https://docs.ollama.com/api/openai-compatibility',
    baseUrl: 'http://localhost:11434/v1',
    auth: 'bearer',
    authWithoutKey: 'none',
    keyVariables: ['OLLAMA_API_KEY'],
    dialects: {
      'chat-completions': { path: '/chat/completions' },
      responses: { path: '/responses' },
      messages: { path: '/messages' },
      completions: { path: '/completions' },
      embeddings: { path: '/embeddings' },
    },
    aiSdkPackage: '@ai-sdk/openai-compatible',
    local: true,
  },
] as const satisfies readonly ProviderRow[];
