import type { ProviderRow } from './catalogue-schema.ts';

// Abort: OpenRouter lists the providers whose streams stop, and stop costing, when the connection closes:
// https://openrouter.ai/docs/api-reference/streaming#stream-cancellation. No other row claims it.

/** Those who make models and sell calls to them. */
export const labRows = [
  {
    id: 'openai',
    name: 'OpenAI',
    source: 'https://platform.openai.com/docs/api-reference/introduction',
    baseUrl: 'https://api.openai.com/v1',
    auth: 'bearer',
    keyVariables: ['OPENAI_API_KEY'],
    dialects: {
      'chat-completions': { path: '/chat/completions' },
      responses: { path: '/responses' },
      completions: { path: '/completions' },
      embeddings: { path: '/embeddings' },
      images: { path: '/images/generations' },
      speech: { path: '/audio/speech' },
      transcriptions: { path: '/audio/transcriptions' },
      moderations: { path: '/moderations' },
    },
    aiSdkPackage: '@ai-sdk/openai',
    // max_tokens is deprecated and refused by the reasoning models: https://platform.openai.com/docs/api-reference/chat/create
    quirks: { maxTokensField: 'max_completion_tokens', stopsBillingOnAbort: true },
  },
  {
    id: 'anthropic',
    name: 'Anthropic',
    source: 'https://platform.claude.com/docs/en/api/overview',
    baseUrl: 'https://api.anthropic.com/v1',
    auth: 'x-api-key',
    headers: { 'anthropic-version': '2023-06-01' },
    keyVariables: ['ANTHROPIC_API_KEY'],
    dialects: {
      messages: { path: '/messages' },
      // Drops prompt caching, strict tools and thinking; meant for trying out: https://platform.claude.com/docs/en/api/openai-sdk
      'chat-completions': { path: '/chat/completions', auth: 'bearer', fidelity: 'reduced' },
    },
    aiSdkPackage: '@ai-sdk/anthropic',
    quirks: { maxTokensField: 'both', stopsBillingOnAbort: true, errorShape: 'anthropic' },
  },
  {
    id: 'google',
    name: 'Google Gemini API',
    source: 'https://ai.google.dev/gemini-api/docs/openai',
    baseUrl: 'https://generativelanguage.googleapis.com/v1beta',
    auth: 'x-goog-api-key',
    keyVariables: ['GEMINI_API_KEY', 'GOOGLE_API_KEY', 'GOOGLE_GENERATIVE_AI_API_KEY'],
    dialects: {
      gemini: { path: '/models/{model}:generateContent', streamPath: '/models/{model}:streamGenerateContent?alt=sse' },
      'chat-completions': { path: '/openai/chat/completions', auth: 'bearer' },
      embeddings: { path: '/openai/embeddings', auth: 'bearer' },
      images: { path: '/openai/images/generations', auth: 'bearer' },
    },
    aiSdkPackage: '@ai-sdk/google',
    quirks: { maxTokensField: 'both', errorShape: 'google' },
  },
  {
    id: 'mistral',
    name: 'Mistral AI',
    source: 'https://docs.mistral.ai/api/',
    baseUrl: 'https://api.mistral.ai/v1',
    auth: 'bearer',
    keyVariables: ['MISTRAL_API_KEY'],
    dialects: {
      'chat-completions': { path: '/chat/completions' },
      embeddings: { path: '/embeddings' },
      moderations: { path: '/moderations' },
      transcriptions: { path: '/audio/transcriptions' },
    },
    aiSdkPackage: '@ai-sdk/openai-compatible',
    quirks: { reportsStreamUsage: 'always', acceptsStreamOptions: false, errorShape: 'message' },
  },
  {
    id: 'xai',
    name: 'xAI',
    source: 'https://docs.x.ai/developers/rest-api-reference/inference',
    baseUrl: 'https://api.x.ai/v1',
    auth: 'bearer',
    keyVariables: ['XAI_API_KEY'],
    dialects: {
      'chat-completions': { path: '/chat/completions' },
      responses: { path: '/responses' },
      images: { path: '/images/generations' },
    },
    aiSdkPackage: '@ai-sdk/openai-compatible',
    quirks: { maxTokensField: 'both', stopsBillingOnAbort: true },
  },
  {
    id: 'deepseek',
    name: 'DeepSeek',
    source: 'https://api-docs.deepseek.com/quick_start/your_first_api_call',
    baseUrl: 'https://api.deepseek.com',
    auth: 'bearer',
    keyVariables: ['DEEPSEEK_API_KEY'],
    dialects: {
      'chat-completions': { path: '/chat/completions' },
      // https://api-docs.deepseek.com/guides/anthropic_api
      messages: { path: '/anthropic/v1/messages', auth: 'x-api-key' },
    },
    aiSdkPackage: '@ai-sdk/openai-compatible',
    quirks: { stopsBillingOnAbort: true },
  },
] as const satisfies readonly ProviderRow[];
