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
      // `ResponsesOnlyModel` of https://github.com/openai/openai-node/blob/master/src/resources/shared.ts, and their successors.
      'chat-completions': {
        path: '/chat/completions',
        exceptModels: [
          ...['*-pro', '*-pro-20*', '*-codex', '*-codex-*', '*-deep-research', '*-deep-research-20*', 'computer-use-*'],
          ...['*-cyber', '*-rosalind', '*-rosalind-*', 'gpt-daybreak-*'],
        ],
        // https://github.com/openai/openai-openapi/issues/541 and https://github.com/BerriAI/litellm/pull/34569
        // and https://developers.openai.com/api/docs/models/gpt-6.1-terra, which takes no tools here at all.
        toolsWithoutReasoning: {
          reasoningByDefault: ['gpt-5.5*', 'gpt-5.6*', 'gpt-6*'],
          reasoningWhenAsked: ['gpt-5.4*'],
          never: ['gpt-6.1-terra*'],
        },
      },
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
      // In beta, and without caches, safety settings and half of the media: https://ai.google.dev/gemini-api/docs/openai
      'chat-completions': { path: '/openai/chat/completions', auth: 'bearer', fidelity: 'reduced' },
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
    quirks: { maxTokensField: 'both', stopsBillingOnAbort: true, statesCost: true },
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
  {
    id: 'moonshot',
    name: 'Moonshot AI (Kimi)',
    source: 'https://platform.kimi.ai/docs/api/overview',
    baseUrl: 'https://api.moonshot.ai/v1',
    auth: 'bearer',
    keyVariables: ['MOONSHOT_API_KEY'],
    dialects: {
      'chat-completions': { path: '/chat/completions' },
      responses: { path: '/responses' },
      messages: { baseUrl: 'https://api.moonshot.ai/anthropic', path: '/v1/messages' },
    },
    aiSdkPackage: '@ai-sdk/openai-compatible',
  },
  {
    id: 'zai',
    name: 'Z.ai (GLM)',
    source: 'https://docs.z.ai/guides/develop/openai/python',
    baseUrl: 'https://api.z.ai/api/paas/v4',
    auth: 'bearer',
    keyVariables: ['ZAI_API_KEY'],
    dialects: {
      'chat-completions': { path: '/chat/completions' },
      messages: { baseUrl: 'https://api.z.ai/api/anthropic', path: '/v1/messages' },
    },
    aiSdkPackage: '@ai-sdk/openai-compatible',
  },
  {
    id: 'qwen',
    name: 'Alibaba Cloud Model Studio (Qwen)',
    source: 'https://www.alibabacloud.com/help/en/model-studio/base-url',
    baseUrl: 'https://{host}.aliyuncs.com/compatible-mode/v1',
    auth: 'bearer',
    options: [
      {
        name: 'host',
        // A host of each workspace's own is what Alibaba advises since June 2026; those of whole regions go on:
        // https://www.alibabacloud.com/help/en/model-studio/regions
        description:
          'Region of the key: dashscope-intl (Singapore), dashscope (Beijing), dashscope-us (Virginia), cn-hongkong.dashscope; or the host of a workspace, such as <workspace id>.ap-southeast-1.maas',
        default: 'dashscope-intl',
      },
    ],
    keyVariables: ['DASHSCOPE_API_KEY'],
    dialects: {
      'chat-completions': { path: '/chat/completions' },
      embeddings: { path: '/embeddings' },
      messages: { baseUrl: 'https://{host}.aliyuncs.com/apps/anthropic', path: '/v1/messages', auth: 'x-api-key' },
    },
    aiSdkPackage: '@ai-sdk/openai-compatible',
  },
  {
    id: 'minimax',
    name: 'MiniMax',
    source: 'https://platform.minimax.io/docs/api-reference/text-openai-api',
    baseUrl: 'https://api.minimax.io/v1',
    auth: 'bearer',
    keyVariables: ['MINIMAX_API_KEY'],
    dialects: {
      'chat-completions': { path: '/chat/completions' },
      responses: { path: '/responses' },
      messages: { baseUrl: 'https://api.minimax.io/anthropic', path: '/v1/messages' },
    },
    aiSdkPackage: '@ai-sdk/openai-compatible',
    quirks: { maxTokensField: 'both' },
  },
  {
    id: 'xiaomi',
    name: 'Xiaomi MiMo',
    source: 'https://platform.xiaomimimo.com/docs/zh-CN/quick-start/first-api-call',
    baseUrl: 'https://api.xiaomimimo.com/v1',
    auth: 'bearer',
    keyVariables: ['MIMO_API_KEY', 'XIAOMI_API_KEY', 'XIAOMI_MIMO_API_KEY'],
    dialects: {
      'chat-completions': { path: '/chat/completions' },
      messages: { baseUrl: 'https://api.xiaomimimo.com/anthropic', path: '/v1/messages' },
    },
    aiSdkPackage: '@ai-sdk/openai-compatible',
    quirks: { maxTokensField: 'max_completion_tokens' },
  },
  {
    id: 'perplexity',
    name: 'Perplexity',
    source: 'https://docs.perplexity.ai/docs/agent-api/migrate-from-sonar/overview',
    baseUrl: 'https://api.perplexity.ai/v1',
    auth: 'bearer',
    keyVariables: ['PERPLEXITY_API_KEY'],
    dialects: {
      responses: { path: '/responses' },
    },
    aiSdkPackage: '@ai-sdk/openai',
    // Sonar chat completions ended on 27 September 2026; other dialects are translated to the Agent API, which speaks Responses.
    quirks: { maxTokensField: 'both', statesCost: true },
  },
  {
    id: 'cohere',
    name: 'Cohere',
    source: 'https://docs.cohere.com/docs/compatibility-api',
    baseUrl: 'https://api.cohere.ai/compatibility/v1',
    auth: 'bearer',
    keyVariables: ['COHERE_API_KEY', 'CO_API_KEY'],
    dialects: {
      'chat-completions': { path: '/chat/completions' },
      embeddings: { path: '/embeddings' },
      transcriptions: { path: '/audio/transcriptions' },
      // https://docs.cohere.com/reference/rerank
      rerank: { baseUrl: 'https://api.cohere.com', path: '/v2/rerank' },
    },
    aiSdkPackage: '@ai-sdk/openai-compatible',
    quirks: { stopsBillingOnAbort: true, errorShape: 'message' },
  },
  {
    id: 'inception',
    name: 'Inception',
    source: 'https://docs.inceptionlabs.ai/get-started/models',
    baseUrl: 'https://api.inceptionlabs.ai/v1',
    auth: 'bearer',
    keyVariables: ['INCEPTION_API_KEY'],
    dialects: {
      'chat-completions': { path: '/chat/completions' },
    },
    aiSdkPackage: '@ai-sdk/openai-compatible',
  },
  {
    id: 'upstage',
    name: 'Upstage',
    source: 'https://console.upstage.ai/docs/models',
    baseUrl: 'https://api.upstage.ai/v1',
    auth: 'bearer',
    keyVariables: ['UPSTAGE_API_KEY'],
    dialects: {
      'chat-completions': { path: '/chat/completions' },
      embeddings: { path: '/embeddings' },
    },
    aiSdkPackage: '@ai-sdk/openai-compatible',
  },
] as const satisfies readonly ProviderRow[];
