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
      'chat-completions': {
        path: '/chat/completions',
        // As at OpenAI; here for deployments that bear the name of their model. Other makers have models called pro.
        exceptModels: ['gpt-*-pro', 'gpt-*-codex', 'gpt-*-codex-*', 'o1-pro', 'o3-pro', '*-deep-research', 'computer-use-*'],
        toolsWithoutReasoning: {
          reasoningByDefault: ['gpt-5.5*', 'gpt-5.6*', 'gpt-6*'],
          reasoningWhenAsked: ['gpt-5.4*'],
          never: ['gpt-6.1-terra*'],
        },
      },
      responses: { path: '/responses' },
      completions: { path: '/completions' },
      embeddings: { path: '/embeddings' },
    },
    aiSdkPackage: '@ai-sdk/openai',
    quirks: { maxTokensField: 'max_completion_tokens', stopsBillingOnAbort: true },
  },
  {
    id: 'azure-claude',
    name: 'Claude in Microsoft Foundry',
    source: 'https://platform.claude.com/docs/en/build-with-claude/claude-in-microsoft-foundry',
    baseUrl: 'https://{resource}.services.ai.azure.com/anthropic/v1',
    auth: 'api-key',
    headers: { 'anthropic-version': '2023-06-01' },
    keyVariables: ['ANTHROPIC_FOUNDRY_API_KEY', 'AZURE_API_KEY'],
    options: [
      {
        name: 'resource',
        description: 'Name of the Foundry resource',
        environment: ['ANTHROPIC_FOUNDRY_RESOURCE', 'AZURE_RESOURCE_NAME'],
      },
    ],
    dialects: {
      messages: { path: '/messages' },
    },
    aiSdkPackage: '@ai-sdk/anthropic',
    quirks: { maxTokensField: 'both', errorShape: 'anthropic' },
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
      // OpenAI's models and Claude are served in their makers' formats; all others go through Converse, which is a translated call.
      'chat-completions': {
        path: '/openai/v1/chat/completions',
        models: ['openai.*', '*.openai.*'],
        // As at OpenAI, and Converse takes both: https://github.com/BerriAI/litellm-docs/pull/1583
        toolsWithoutReasoning: {
          reasoningByDefault: ['*openai.gpt-5.5*', '*openai.gpt-5.6*', '*openai.gpt-6*'],
          reasoningWhenAsked: ['*openai.gpt-5.4*'],
          never: ['*openai.gpt-6.1-terra*'],
        },
      },
      // Of gpt-oss at the other endpoint alone: https://docs.aws.amazon.com/bedrock/latest/userguide/inference-responses-api.html
      responses: { path: '/openai/v1/responses', models: ['openai.*', '*.openai.*'], exceptModels: ['*openai.gpt-oss-*'] },
      // https://docs.aws.amazon.com/bedrock/latest/userguide/inference-messages-api.html
      messages: {
        path: '/anthropic/v1/messages',
        models: ['anthropic.*', '*.anthropic.*'],
        auth: 'x-api-key',
        // A later version is served for Claude 4.7 and up alone, and takes nothing that this one does not take too
        // (https://platform.claude.com/docs/en/api/versioning).
        headers: { 'anthropic-version': '2023-06-01' },
        // Schemas and strict tools are refused from Claude 4.7 on ("Extra inputs are not permitted"); the others nowhere served.
        refuses: ['json-schema', 'strict-tools', 'media-by-url', 'server-tools', 'mcp-servers', 'fast-mode'],
        plainUserIds: true,
        countsTokens: false,
      },
    },
    aiSdkPackage: '@ai-sdk/amazon-bedrock',
    quirks: { maxTokensField: 'both', errorShape: 'message' },
  },
  {
    id: 'bedrock-mantle',
    name: 'Amazon Bedrock (OpenAI-compatible, by API key)',
    source: 'https://docs.aws.amazon.com/bedrock/latest/userguide/inference-chat-completions-mantle.html',
    baseUrl: 'https://bedrock-mantle.{region}.api.aws/v1',
    // The path varies by model, and a model is refused at the wrong one
    // (https://docs.aws.amazon.com/bedrock/latest/userguide/inference-responses-api.html). Which are where, nothing tells but
    // the card of each; these are those that https://www.npmjs.com/package/@ai-sdk/amazon-bedrock knows in version 5.0.101.
    elsewhere: [
      {
        models: ['openai.gpt-*', 'google.gemma-4*', 'xai.*'],
        exceptModels: ['openai.gpt-oss-*'],
        baseUrl: 'https://bedrock-mantle.{region}.api.aws/openai/v1',
      },
    ],
    auth: 'bearer',
    keyVariables: ['AWS_BEARER_TOKEN_BEDROCK'],
    options: [
      { name: 'region', description: 'AWS region of the models', environment: ['AWS_REGION', 'AWS_DEFAULT_REGION'], default: 'us-east-1' },
    ],
    dialects: {
      'chat-completions': { path: '/chat/completions' },
      responses: { path: '/responses' },
      // https://docs.aws.amazon.com/bedrock/latest/userguide/inference-messages-api.html
      messages: {
        baseUrl: 'https://bedrock-mantle.{region}.api.aws/anthropic',
        path: '/v1/messages',
        models: ['anthropic.*'],
        auth: 'x-api-key',
        headers: { 'anthropic-version': '2023-06-01' },
        plainUserIds: true,
      },
    },
    aiSdkPackage: '@ai-sdk/openai-compatible',
    quirks: { maxTokensField: 'both' },
  },
  {
    id: 'databricks',
    name: 'Databricks',
    source: 'https://docs.databricks.com/en/machine-learning/foundation-models/query-foundation-model-apis',
    baseUrl: 'https://{workspace}/serving-endpoints',
    auth: 'bearer',
    options: [{ name: 'workspace', description: 'Host of the workspace, such as dbc-a1b2c3d4-e5f6.cloud.databricks.com' }],
    keyVariables: ['DATABRICKS_TOKEN'],
    dialects: {
      'chat-completions': { path: '/chat/completions' },
      completions: { path: '/completions' },
      embeddings: { path: '/embeddings' },
      // Of Claude alone: https://docs.databricks.com/aws/en/machine-learning/model-serving/query-anthropic-messages
      messages: { path: '/anthropic/v1/messages', models: ['databricks-claude-*'] },
    },
    aiSdkPackage: '@ai-sdk/openai-compatible',
    quirks: { errorShape: 'message' },
  },
  {
    id: 'cloudflare',
    name: 'Cloudflare Workers AI',
    source: 'https://developers.cloudflare.com/workers-ai/configuration/open-ai-compatibility',
    baseUrl: 'https://api.cloudflare.com/client/v4/accounts/{account_id}/ai/v1',
    auth: 'bearer',
    options: [{ name: 'account_id', description: 'Id of the Cloudflare account', environment: ['CLOUDFLARE_ACCOUNT_ID'] }],
    keyVariables: ['CLOUDFLARE_API_TOKEN', 'CLOUDFLARE_API_KEY'],
    dialects: {
      'chat-completions': { path: '/chat/completions' },
      embeddings: { path: '/embeddings' },
      responses: { path: '/responses', models: ['@cf/openai/*'] },
    },
    aiSdkPackage: '@ai-sdk/openai-compatible',
    quirks: { stopsBillingOnAbort: true, errorShape: 'errors' },
  },
  {
    id: 'digitalocean',
    name: 'DigitalOcean Serverless Inference',
    source: 'https://docs.digitalocean.com/reference/doctl/reference/serverless-inference/',
    baseUrl: 'https://inference.do-ai.run/v1',
    auth: 'bearer',
    keyVariables: ['MODEL_ACCESS_KEY', 'GRADIENT_MODEL_ACCESS_KEY'],
    dialects: {
      'chat-completions': { path: '/chat/completions' },
      // Which models it has these two for is said of OpenAI's and of Claude alone:
      // https://docs.digitalocean.com/products/inference/how-to/use-responses-api/
      responses: { path: '/responses', models: ['openai-*'] },
      // https://docs.digitalocean.com/reference/dots/reference/serverless-inference/, with a model access key as a bearer's:
      // https://github.com/digitalocean/openapi/blob/main/specification/resources/inference/inference_create_messages.yml
      messages: { path: '/messages', models: ['anthropic-*'], headers: { 'anthropic-version': '2023-06-01' } },
      embeddings: { path: '/embeddings' },
      images: { path: '/images/generations' },
      speech: { path: '/audio/speech' },
    },
    aiSdkPackage: '@ai-sdk/openai-compatible',
  },
  {
    id: 'nvidia',
    name: 'NVIDIA API Catalog (NIM)',
    source: 'https://build.nvidia.com/',
    baseUrl: 'https://integrate.api.nvidia.com/v1',
    auth: 'bearer',
    keyVariables: ['NVIDIA_API_KEY'],
    dialects: {
      'chat-completions': { path: '/chat/completions' },
      embeddings: { path: '/embeddings' },
    },
    aiSdkPackage: '@ai-sdk/openai-compatible',
    quirks: { errorShape: 'detail' },
  },
  {
    id: 'scaleway',
    name: 'Scaleway',
    source: 'https://www.scaleway.com/en/developers/api/generative-apis/',
    baseUrl: 'https://api.scaleway.ai/v1',
    auth: 'bearer',
    keyVariables: ['SCW_SECRET_KEY'],
    dialects: {
      'chat-completions': { path: '/chat/completions' },
      embeddings: { path: '/embeddings' },
      responses: { path: '/responses' },
      // https://www.scaleway.com/en/docs/generative-apis/how-to/query-reranking-models
      rerank: { path: '/rerank' },
      transcriptions: { path: '/audio/transcriptions' },
    },
    aiSdkPackage: '@ai-sdk/openai-compatible',
  },
  {
    id: 'ovhcloud',
    name: 'OVHcloud AI Endpoints',
    source: 'https://docs.ovhcloud.com/en/guides/public-cloud/ai-machine-learning/ai-endpoints-getting-started',
    baseUrl: 'https://oai.endpoints.kepler.ai.cloud.ovh.net/v1',
    auth: 'bearer',
    // The last two are what its guides and its integrations call it:
    // https://docs.ovhcloud.com/en/guides/public-cloud/ai-machine-learning/ai-endpoints-responses-api
    // and https://developers.llamaindex.ai/typescript/framework/modules/models/llms/ovhcloud
    keyVariables: ['OVH_AI_ENDPOINTS_ACCESS_TOKEN', 'OVHCLOUD_API_KEY', 'AI_ENDPOINT_API_KEY'],
    dialects: {
      'chat-completions': { path: '/chat/completions' },
      embeddings: { path: '/embeddings' },
      // https://docs.ovhcloud.com/en/guides/public-cloud/ai-machine-learning/ai-endpoints-audio-models
      transcriptions: { path: '/audio/transcriptions' },
    },
    aiSdkPackage: '@ai-sdk/openai-compatible',
  },
] as const satisfies readonly ProviderRow[];
