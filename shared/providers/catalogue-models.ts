import type { ModelRow } from './catalogue-schema.ts';

const text = ['text'] as const;
const textImage = ['text', 'image'] as const;
const textPdf = ['text', 'pdf'] as const;
const textImagePdf = ['text', 'image', 'pdf'] as const;
const textImageVideo = ['text', 'image', 'video'] as const;
const textImageVideoPdf = ['text', 'image', 'video', 'pdf'] as const;
const everything = ['text', 'image', 'audio', 'video', 'pdf'] as const;

const none = [] as const;
const tools = ['tools'] as const;
const toolsReasoning = ['tools', 'reasoning'] as const;
const toolsSchema = ['tools', 'json-schema'] as const;
const all = ['tools', 'reasoning', 'json-schema'] as const;

/**
 * Limits and abilities of well-known models, by provider. A model that is not here may be called all the
 * same; gateway.yaml can give its limits. Prices live in the pricing room.
 *
 * Limits are those that models.dev collects from the vendors' pages (https://models.dev, MIT); Amazon's are
 * LiteLLM's (https://github.com/BerriAI/litellm/blob/main/model_prices_and_context_window.json, MIT). Where
 * two sources differ the higher output limit stands, because it is a bound on what a call can cost.
 */
export const modelRows = {
  openai: [
    { id: 'gpt-3.5-turbo', contextLength: 16_385, maxOutputTokens: 4096, input: text, abilities: none },
    { id: 'gpt-4.1', contextLength: 1_047_576, maxOutputTokens: 32_768, input: textImagePdf, abilities: toolsSchema },
    { id: 'gpt-4.1-mini', contextLength: 1_047_576, maxOutputTokens: 32_768, input: textImagePdf, abilities: toolsSchema },
    { id: 'gpt-4.1-nano', contextLength: 1_047_576, maxOutputTokens: 32_768, input: textImagePdf, abilities: toolsSchema },
    { id: 'gpt-4o', contextLength: 128_000, maxOutputTokens: 16_384, input: textImagePdf, abilities: toolsSchema },
    { id: 'gpt-4o-2024-05-13', contextLength: 128_000, maxOutputTokens: 4096, input: textImagePdf, abilities: toolsSchema },
    { id: 'gpt-4o-2024-08-06', contextLength: 128_000, maxOutputTokens: 16_384, input: textImagePdf, abilities: toolsSchema },
    { id: 'gpt-4o-2024-11-20', contextLength: 128_000, maxOutputTokens: 16_384, input: textImagePdf, abilities: toolsSchema },
    { id: 'gpt-4o-mini', contextLength: 128_000, maxOutputTokens: 16_384, input: textImagePdf, abilities: toolsSchema },
    { id: 'gpt-5', contextLength: 400_000, maxOutputTokens: 128_000, input: textImagePdf, abilities: all },
    { id: 'gpt-5-mini', contextLength: 400_000, maxOutputTokens: 128_000, input: textImagePdf, abilities: all },
    { id: 'gpt-5-nano', contextLength: 400_000, maxOutputTokens: 128_000, input: textImagePdf, abilities: all },
    { id: 'gpt-5-pro', contextLength: 400_000, maxOutputTokens: 272_000, input: textImagePdf, abilities: all },
    { id: 'gpt-5.1', contextLength: 400_000, maxOutputTokens: 128_000, input: textImagePdf, abilities: all },
    { id: 'gpt-5.2', contextLength: 400_000, maxOutputTokens: 128_000, input: textImagePdf, abilities: all },
    { id: 'gpt-5.2-codex', contextLength: 400_000, maxOutputTokens: 128_000, input: textImagePdf, abilities: all },
    { id: 'gpt-5.2-pro', contextLength: 400_000, maxOutputTokens: 128_000, input: textImagePdf, abilities: all },
    { id: 'gpt-5.3-codex', contextLength: 400_000, maxOutputTokens: 128_000, input: textImagePdf, abilities: all },
    { id: 'gpt-5.4', contextLength: 1_050_000, maxOutputTokens: 128_000, input: textImagePdf, abilities: all },
    { id: 'gpt-5.4-mini', contextLength: 400_000, maxOutputTokens: 128_000, input: textImagePdf, abilities: all },
    { id: 'gpt-5.4-nano', contextLength: 400_000, maxOutputTokens: 128_000, input: textImagePdf, abilities: all },
    { id: 'gpt-5.4-pro', contextLength: 1_050_000, maxOutputTokens: 128_000, input: textImagePdf, abilities: all },
    { id: 'gpt-5.5', contextLength: 1_050_000, maxOutputTokens: 128_000, input: textImagePdf, abilities: all },
    { id: 'gpt-5.5-pro', contextLength: 1_050_000, maxOutputTokens: 128_000, input: textImagePdf, abilities: all },
    { id: 'gpt-5.6', contextLength: 1_050_000, maxOutputTokens: 128_000, input: textImagePdf, abilities: all },
    { id: 'gpt-5.6-luna', contextLength: 1_050_000, maxOutputTokens: 128_000, input: textImagePdf, abilities: all },
    { id: 'gpt-5.6-sol', contextLength: 1_050_000, maxOutputTokens: 128_000, input: textImagePdf, abilities: all },
    { id: 'gpt-5.6-terra', contextLength: 1_050_000, maxOutputTokens: 128_000, input: textImagePdf, abilities: all },
    { id: 'gpt-6-astra', contextLength: 1_050_000, maxOutputTokens: 128_000, input: textImagePdf, abilities: all },
    { id: 'gpt-6-luna', contextLength: 1_050_000, maxOutputTokens: 128_000, input: textImagePdf, abilities: all },
    { id: 'gpt-6-sol', contextLength: 1_050_000, maxOutputTokens: 128_000, input: textImagePdf, abilities: all },
    { id: 'gpt-6.1-sol', contextLength: 1_050_000, maxOutputTokens: 128_000, input: textImagePdf, abilities: all },
    { id: 'gpt-6.1-terra', contextLength: 1_050_000, maxOutputTokens: 128_000, input: textImagePdf, abilities: all },
    { id: 'gpt-6.2-astra', contextLength: 1_050_000, maxOutputTokens: 128_000, input: textImagePdf, abilities: all },
    { id: 'gpt-6.2-sol', contextLength: 1_050_000, maxOutputTokens: 128_000, input: textImagePdf, abilities: all },
    { id: 'o1', contextLength: 200_000, maxOutputTokens: 100_000, input: textImagePdf, abilities: all },
    { id: 'o1-pro', contextLength: 200_000, maxOutputTokens: 100_000, input: textImagePdf, abilities: all },
    { id: 'o3', contextLength: 200_000, maxOutputTokens: 100_000, input: textImagePdf, abilities: all },
    { id: 'o3-mini', contextLength: 200_000, maxOutputTokens: 100_000, input: textPdf, abilities: all },
    { id: 'o3-pro', contextLength: 200_000, maxOutputTokens: 100_000, input: textImagePdf, abilities: all },
    { id: 'o4-mini', contextLength: 200_000, maxOutputTokens: 100_000, input: textImagePdf, abilities: all },
    { id: 'text-embedding-3-large', contextLength: 8191, input: text, abilities: none },
    { id: 'text-embedding-3-small', contextLength: 8191, input: text, abilities: none },
    { id: 'text-embedding-ada-002', contextLength: 8192, input: text, abilities: none },
  ],
  anthropic: [
    { id: 'claude-fable-5', contextLength: 1_000_000, maxOutputTokens: 128_000, input: textImagePdf, abilities: all },
    { id: 'claude-fable-5-1', contextLength: 1_000_000, maxOutputTokens: 128_000, input: textImagePdf, abilities: all },
    { id: 'claude-fable-5-2', contextLength: 1_000_000, maxOutputTokens: 128_000, input: textImagePdf, abilities: all },
    { id: 'claude-haiku-4-5', contextLength: 200_000, maxOutputTokens: 64_000, input: textImagePdf, abilities: all },
    { id: 'claude-haiku-5-5', contextLength: 1_000_000, maxOutputTokens: 128_000, input: textImagePdf, abilities: all },
    { id: 'claude-opus-4-1', contextLength: 200_000, maxOutputTokens: 32_000, input: textImagePdf, abilities: toolsReasoning },
    { id: 'claude-opus-4-5', contextLength: 200_000, maxOutputTokens: 64_000, input: textImagePdf, abilities: all },
    { id: 'claude-opus-4-6', contextLength: 1_000_000, maxOutputTokens: 128_000, input: textImagePdf, abilities: all },
    { id: 'claude-opus-4-7', contextLength: 1_000_000, maxOutputTokens: 128_000, input: textImagePdf, abilities: all },
    { id: 'claude-opus-4-8', contextLength: 1_000_000, maxOutputTokens: 128_000, input: textImagePdf, abilities: all },
    { id: 'claude-opus-5', contextLength: 1_000_000, maxOutputTokens: 128_000, input: textImagePdf, abilities: all },
    { id: 'claude-opus-5-5', contextLength: 1_000_000, maxOutputTokens: 128_000, input: textImagePdf, abilities: all },
    { id: 'claude-sonnet-4-5', contextLength: 1_000_000, maxOutputTokens: 64_000, input: textImagePdf, abilities: all },
    { id: 'claude-sonnet-4-6', contextLength: 1_000_000, maxOutputTokens: 128_000, input: textImagePdf, abilities: all },
    { id: 'claude-sonnet-5', contextLength: 1_000_000, maxOutputTokens: 128_000, input: textImagePdf, abilities: all },
    { id: 'claude-sonnet-5-5', contextLength: 1_000_000, maxOutputTokens: 128_000, input: textImagePdf, abilities: all },
  ],
  google: [
    { id: 'gemini-2.0-flash', contextLength: 1_048_576, maxOutputTokens: 8192, input: everything, abilities: toolsSchema },
    { id: 'gemini-2.0-flash-lite', contextLength: 1_048_576, maxOutputTokens: 8192, input: everything, abilities: toolsSchema },
    { id: 'gemini-2.5-flash', contextLength: 1_048_576, maxOutputTokens: 65_536, input: everything, abilities: all },
    { id: 'gemini-2.5-flash-lite', contextLength: 1_048_576, maxOutputTokens: 65_536, input: everything, abilities: all },
    { id: 'gemini-2.5-pro', contextLength: 1_048_576, maxOutputTokens: 65_536, input: everything, abilities: all },
    { id: 'gemini-3-flash-preview', contextLength: 1_048_576, maxOutputTokens: 65_536, input: everything, abilities: all },
    { id: 'gemini-3-pro-preview', contextLength: 1_048_576, maxOutputTokens: 65_536, input: everything, abilities: all },
    { id: 'gemini-3.1-flash-lite', contextLength: 1_048_576, maxOutputTokens: 65_536, input: everything, abilities: all },
    { id: 'gemini-3.1-pro-preview', contextLength: 1_048_576, maxOutputTokens: 65_536, input: everything, abilities: all },
    { id: 'gemini-3.5-flash', contextLength: 1_048_576, maxOutputTokens: 65_536, input: everything, abilities: all },
    { id: 'gemini-3.5-flash-lite', contextLength: 1_048_576, maxOutputTokens: 65_536, input: everything, abilities: all },
    { id: 'gemini-3.6-flash', contextLength: 1_048_576, maxOutputTokens: 65_536, input: everything, abilities: all },
    { id: 'gemini-3.7-flash', contextLength: 1_048_576, maxOutputTokens: 65_536, input: everything, abilities: all },
    { id: 'gemini-3.8-flash', contextLength: 1_048_576, maxOutputTokens: 65_536, input: everything, abilities: all },
    { id: 'gemini-4-argon', contextLength: 1_048_576, maxOutputTokens: 65_536, input: everything, abilities: all },
    { id: 'gemini-4-carbon', contextLength: 1_048_576, maxOutputTokens: 65_536, input: everything, abilities: all },
    { id: 'gemini-4-hydrogen', contextLength: 1_048_576, maxOutputTokens: 65_536, input: everything, abilities: all },
    { id: 'gemini-4-neon', contextLength: 1_048_576, maxOutputTokens: 65_536, input: everything, abilities: all },
    { id: 'gemini-embedding-001', contextLength: 2048, input: text, abilities: none },
    { id: 'gemini-embedding-2', contextLength: 8192, input: text, abilities: none },
  ],
  xai: [
    { id: 'grok-3', contextLength: 131_072, maxOutputTokens: 8192, input: text, abilities: toolsSchema },
    { id: 'grok-3-mini', contextLength: 131_072, maxOutputTokens: 8192, input: text, abilities: all },
    { id: 'grok-4', contextLength: 256_000, maxOutputTokens: 64_000, input: text, abilities: all },
    { id: 'grok-4-1-fast', contextLength: 2_000_000, maxOutputTokens: 30_000, input: textImage, abilities: all },
    { id: 'grok-4-1-fast-non-reasoning', contextLength: 2_000_000, maxOutputTokens: 30_000, input: textImage, abilities: toolsSchema },
    { id: 'grok-4-fast', contextLength: 2_000_000, maxOutputTokens: 30_000, input: textImage, abilities: all },
    { id: 'grok-4-fast-non-reasoning', contextLength: 2_000_000, maxOutputTokens: 30_000, input: textImage, abilities: toolsSchema },
    { id: 'grok-4.5', contextLength: 500_000, maxOutputTokens: 500_000, input: textImagePdf, abilities: all },
    { id: 'grok-4.7', contextLength: 500_000, maxOutputTokens: 500_000, input: textImagePdf, abilities: all },
    { id: 'grok-code-fast-1', contextLength: 256_000, maxOutputTokens: 10_000, input: text, abilities: all },
  ],
  deepseek: [
    { id: 'deepseek-chat', contextLength: 1_000_000, maxOutputTokens: 384_000, input: text, abilities: tools },
    { id: 'deepseek-reasoner', contextLength: 1_000_000, maxOutputTokens: 384_000, input: text, abilities: toolsReasoning },
    { id: 'deepseek-v4-flash', contextLength: 1_000_000, maxOutputTokens: 384_000, input: text, abilities: all },
    { id: 'deepseek-v4-pro', contextLength: 1_000_000, maxOutputTokens: 384_000, input: text, abilities: all },
  ],
  groq: [
    { id: 'llama-3.1-8b-instant', contextLength: 131_072, maxOutputTokens: 131_072, input: text, abilities: tools },
    { id: 'llama-3.3-70b-versatile', contextLength: 131_072, maxOutputTokens: 32_768, input: text, abilities: tools },
    {
      id: 'meta-llama/llama-4-maverick-17b-128e-instruct',
      contextLength: 131_072,
      maxOutputTokens: 8192,
      input: textImage,
      abilities: toolsSchema,
    },
    {
      id: 'meta-llama/llama-4-scout-17b-16e-instruct',
      contextLength: 131_072,
      maxOutputTokens: 8192,
      input: textImage,
      abilities: toolsSchema,
    },
    { id: 'moonshotai/kimi-k2-instruct-0905', contextLength: 262_144, maxOutputTokens: 16_384, input: text, abilities: toolsSchema },
    { id: 'openai/gpt-oss-120b', contextLength: 131_072, maxOutputTokens: 65_536, input: text, abilities: all },
    { id: 'openai/gpt-oss-20b', contextLength: 131_072, maxOutputTokens: 65_536, input: text, abilities: all },
    { id: 'qwen/qwen3-32b', contextLength: 131_072, maxOutputTokens: 16_384, input: text, abilities: toolsReasoning },
  ],
  mistral: [
    { id: 'codestral-latest', contextLength: 256_000, maxOutputTokens: 256_000, input: text, abilities: toolsSchema },
    { id: 'mistral-embed', contextLength: 8000, input: text, abilities: none },
    { id: 'mistral-large-2512', contextLength: 262_144, maxOutputTokens: 262_144, input: textImage, abilities: toolsSchema },
    { id: 'mistral-large-latest', contextLength: 262_144, maxOutputTokens: 262_144, input: textImage, abilities: toolsSchema },
    { id: 'mistral-medium-2604', contextLength: 262_144, maxOutputTokens: 262_144, input: textImage, abilities: all },
    { id: 'mistral-medium-latest', contextLength: 262_144, maxOutputTokens: 262_144, input: textImage, abilities: all },
    { id: 'mistral-small-2603', contextLength: 256_000, maxOutputTokens: 256_000, input: textImage, abilities: toolsReasoning },
    { id: 'mistral-small-latest', contextLength: 256_000, maxOutputTokens: 256_000, input: textImage, abilities: toolsReasoning },
  ],
  moonshot: [
    { id: 'kimi-k2.6', contextLength: 262_144, maxOutputTokens: 262_144, input: textImageVideo, abilities: all },
    { id: 'kimi-k3', contextLength: 1_048_576, maxOutputTokens: 262_144, input: textImageVideo, abilities: all },
  ],
  upstage: [{ id: 'solar-pro4', contextLength: 524_288, maxOutputTokens: 131_072, input: text, abilities: toolsSchema }],
  inception: [{ id: 'mercury-2', contextLength: 128_000, maxOutputTokens: 50_000, input: text, abilities: all }],
  bedrock: [
    { id: 'amazon.nova-2-lite-v1:0', contextLength: 1_000_000, maxOutputTokens: 64_000, input: textImageVideoPdf, abilities: all },
    { id: 'amazon.nova-lite-v1:0', contextLength: 300_000, maxOutputTokens: 10_000, input: textImagePdf, abilities: toolsSchema },
  ],
} as const satisfies Readonly<Record<string, readonly ModelRow[]>>;
