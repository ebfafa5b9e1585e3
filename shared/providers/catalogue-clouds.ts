import type { ProviderRow } from './catalogue-schema.ts';

/** Models of many makers inside a cloud account of the operator's own. */
export const cloudRows = [
  {
    id: 'azure',
    name: 'Azure OpenAI (v1 API)',
    source: 'https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle',
    baseUrl: 'https://{resource}.openai.azure.com/openai/v1',
    auth: 'api-key',
    keyVariables: ['AZURE_OPENAI_API_KEY', 'AZURE_API_KEY'],
    options: [{ name: 'resource', description: 'Name of the Azure OpenAI or Foundry resource', environment: ['AZURE_RESOURCE_NAME'] }],
    dialects: {
      'chat-completions': { path: '/chat/completions' },
      responses: { path: '/responses' },
      completions: { path: '/completions' },
      embeddings: { path: '/embeddings' },
    },
    aiSdkPackage: '@ai-sdk/openai',
    quirks: { maxTokensField: 'max_completion_tokens', stopsBillingOnAbort: true },
  },
  {
    id: 'vertex',
    name: 'Google Vertex AI (API key)',
    source: 'https://cloud.google.com/vertex-ai/generative-ai/docs/start/express-mode/vertex-ai-express-mode-api-reference',
    baseUrl: 'https://aiplatform.googleapis.com/v1/publishers/google',
    auth: 'x-goog-api-key',
    keyVariables: ['GOOGLE_VERTEX_API_KEY'],
    dialects: {
      gemini: { path: '/models/{model}:generateContent', streamPath: '/models/{model}:streamGenerateContent?alt=sse' },
    },
    aiSdkPackage: '@ai-sdk/google',
    quirks: { errorShape: 'google' },
  },
  {
    id: 'bedrock',
    name: 'Amazon Bedrock',
    source: 'https://docs.aws.amazon.com/bedrock/latest/userguide/inference-chat-completions.html',
    baseUrl: 'https://bedrock-runtime.{region}.amazonaws.com',
    auth: 'bearer',
    authWithoutKey: 'aws-sigv4',
    keyVariables: ['AWS_BEARER_TOKEN_BEDROCK'],
    options: [
      { name: 'region', description: 'AWS region of the models', environment: ['AWS_REGION', 'AWS_DEFAULT_REGION'], default: 'us-east-1' },
    ],
    dialects: {
      // Only OpenAI's models are served here; all others go through Converse, which is a translated call.
      'chat-completions': { path: '/openai/v1/chat/completions', models: ['openai.*', '*.openai.*'] },
    },
    aiSdkPackage: '@ai-sdk/amazon-bedrock',
    quirks: { maxTokensField: 'both', errorShape: 'message' },
  },
] as const satisfies readonly ProviderRow[];
