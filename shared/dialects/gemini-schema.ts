import * as z from 'zod';

/**
 * Requests of Gemini's `generateContent` (https://ai.google.dev/api/generate-content), as far as the gateway must
 * understand them. Unknown fields are kept. Google reads every field in camelCase and in snake_case, so both are read here.
 */
const blob = z.looseObject({ mimeType: z.string().optional(), mime_type: z.string().optional(), data: z.string() });
const fileReference = z.looseObject({
  mimeType: z.string().optional(),
  mime_type: z.string().optional(),
  fileUri: z.string().optional(),
  file_uri: z.string().optional(),
});

const mediaPartSchema = z.looseObject({
  inlineData: blob.optional(),
  inline_data: blob.optional(),
  fileData: fileReference.optional(),
  file_data: fileReference.optional(),
});

/** A part that may hold a medium: of a content, or of the result of a function. */
export type GeminiMediaPart = z.infer<typeof mediaPartSchema>;

/** Without a name it carries on with the arguments of the part before it (`streamFunctionCallArguments` of Vertex AI). */
const functionCallSchema = z.looseObject({ id: z.string().nullish(), name: z.string().optional(), args: z.looseObject({}).nullish() });

const functionResponseSchema = z.looseObject({
  id: z.string().nullish(),
  name: z.string(),
  response: z.looseObject({}).nullish(),
  parts: z.array(mediaPartSchema).nullish(),
});

export const geminiPartSchema = z.looseObject({
  ...mediaPartSchema.shape,
  text: z.string().optional(),
  thought: z.boolean().optional(),
  thoughtSignature: z.string().optional(),
  thought_signature: z.string().optional(),
  functionCall: functionCallSchema.optional(),
  function_call: functionCallSchema.optional(),
  functionResponse: functionResponseSchema.optional(),
  function_response: functionResponseSchema.optional(),
});

const contentSchema = z.looseObject({
  role: z.string().nullish(),
  parts: z.array(geminiPartSchema, { error: 'must be an array of parts such as {"text": "…"}' }).nullish(),
});

/** A system instruction may also be written as a bare string, as Google's own clients let one do. */
const systemSchema = z.union([z.string(), contentSchema]);

const functionDeclarationSchema = z.looseObject({
  name: z.string().min(1),
  description: z.string().nullish(),
  parameters: z.looseObject({}).nullish(),
  parametersJsonSchema: z.unknown().optional(),
  parameters_json_schema: z.unknown().optional(),
});

const toolSchema = z.looseObject({
  functionDeclarations: z.array(functionDeclarationSchema).nullish(),
  function_declarations: z.array(functionDeclarationSchema).nullish(),
});

const positiveInt = z.int().positive();

const generationConfigSchema = z.looseObject({
  maxOutputTokens: positiveInt.nullish(),
  max_output_tokens: positiveInt.nullish(),
  candidateCount: z.int().min(1).max(8).nullish(),
  candidate_count: z.int().min(1).max(8).nullish(),
  temperature: z.number().nullish(),
  topP: z.number().nullish(),
  top_p: z.number().nullish(),
  topK: z.number().nullish(),
  top_k: z.number().nullish(),
  stopSequences: z.array(z.string()).nullish(),
  stop_sequences: z.array(z.string()).nullish(),
});

export const geminiRequestSchema = z.looseObject({
  contents: z
    .array(contentSchema, { error: 'must be an array of contents such as {"role": "user", "parts": [{"text": "…"}]}' })
    .min(1, 'must hold at least one content'),
  systemInstruction: systemSchema.nullish(),
  system_instruction: systemSchema.nullish(),
  tools: z.array(toolSchema).nullish(),
  generationConfig: generationConfigSchema.nullish(),
  generation_config: generationConfigSchema.nullish(),
  cachedContent: z.string().nullish(),
  cached_content: z.string().nullish(),
  continuationToken: z.string().nullish(),
  continuation_token: z.string().nullish(),
  serviceTier: z.string().nullish(),
  service_tier: z.string().nullish(),
});

/** See {@link geminiRequestSchema}. */
export type GeminiRequest = z.infer<typeof geminiRequestSchema>;
export type GeminiPart = z.infer<typeof geminiPartSchema>;

const tokens = z.number().nullish();
const details = z.array(z.looseObject({ modality: z.string().nullish(), tokenCount: tokens })).nullish();

/** `usageMetadata` of an answer; only what is read here, leniently (https://ai.google.dev/api/generate-content#UsageMetadata). */
export const geminiUsageSchema = z.looseObject({
  promptTokenCount: tokens,
  cachedContentTokenCount: tokens,
  candidatesTokenCount: tokens,
  thoughtsTokenCount: tokens,
  toolUsePromptTokenCount: tokens,
  totalTokenCount: tokens,
  promptTokensDetails: details,
  toolUsePromptTokensDetails: details,
  candidatesTokensDetails: details,
});
