import * as z from 'zod';
import { demands } from '../calls/call.ts';

/**
 * How a key is shown to a provider: as `Authorization: Bearer`, in a header of the provider's own,
 * as an AWS Signature Version 4 made from the caller's role, or not at all.
 */
export const authSchemeSchema = z.enum(['bearer', 'x-api-key', 'api-key', 'x-goog-api-key', 'aws-sigv4', 'none']);

/** See {@link authSchemeSchema}. */
export type AuthScheme = z.infer<typeof authSchemeSchema>;

/** The wire formats a provider can speak natively. The names are those of the gateway's own dialects. */
export const dialectNameSchema = z.enum([
  'chat-completions',
  'responses',
  'messages',
  'completions',
  'embeddings',
  'rerank',
  'images',
  'speech',
  'transcriptions',
  'moderations',
  'gemini',
]);

/** See {@link dialectNameSchema}. */
export type DialectName = z.infer<typeof dialectNameSchema>;

const baseUrlSchema = z.string().regex(/^https?:\/\/[^\s?#]+[^/\s?#]$/, 'is an http(s) URL without query and without a trailing slash');
const pathSchema = z.string().regex(/^\/[^\s]*$/, 'begins with a slash');

/** Where one dialect is spoken. */
export const endpointSchema = z.strictObject({
  /** Appended to the base URL. May hold `{model}`, to be replaced by the URL-encoded model id. */
  path: pathSchema,
  /** The path of a streamed call where it differs from `path`. */
  streamPath: pathSchema.exactOptional(),
  /** Replaces the row's base URL for this dialect. */
  baseUrl: baseUrlSchema.exactOptional(),
  /** Replaces the row's auth scheme for this dialect. */
  auth: authSchemeSchema.exactOptional(),
  /** The models this endpoint serves, as patterns in which `*` stands for anything. Absent: all of the provider's. */
  models: z.array(z.string().min(1)).readonly().exactOptional(),
  /** The models among them that this endpoint refuses, as patterns. */
  exceptModels: z.array(z.string().min(1)).readonly().exactOptional(),
  /**
   * The models, as patterns, whose tools this endpoint refuses while they reason: those that reason unless they are told
   * not to, and those that reason only where the caller names an effort; and those whose tools it refuses always. A
   * translated call is the better way then.
   */
  toolsWithoutReasoning: z
    .strictObject({
      reasoningByDefault: z.array(z.string().min(1)).readonly(),
      reasoningWhenAsked: z.array(z.string().min(1)).readonly(),
      never: z.array(z.string().min(1)).readonly(),
    })
    .exactOptional(),
  /** Headers that calls of this dialect carry, whatever the caller's own say. */
  headers: z.record(z.string().regex(/^[a-z][a-z0-9-]*$/), z.string()).exactOptional(),
  /** What it refuses of what its dialect can say: a translated call is the better way then. */
  refuses: z.array(z.enum(demands)).readonly().exactOptional(),
  /** Whether it takes as a user's id only letters, digits and few signs. */
  plainUserIds: z.boolean().exactOptional(),
  /** Whether it counts the tokens of a prompt, where its dialect has a path for that; false where that path is missing. */
  countsTokens: z.boolean().exactOptional(),
  /**
   * `reduced` marks a compatibility layer that drops what the provider's own format can say: a
   * translated call is the better way to it where there is an `aiSdkPackage`.
   */
  fidelity: z.enum(['full', 'reduced']).default('full'),
});

/** See {@link endpointSchema}. */
export type Endpoint = Readonly<z.input<typeof endpointSchema>>;

/**
 * What sets a provider apart from OpenAI's conventions. A row names only what differs from
 * `defaultQuirks` in catalogue.ts. The first four are about chat completions: the other dialects say it themselves.
 */
export const quirksSchema = z.strictObject({
  /** Whether a streamed answer ends with its usage: always, never, or if `stream_options.include_usage` asks for it. */
  reportsStreamUsage: z.enum(['always', 'on-request', 'never']),
  /** Whether `stream_options` may be sent; false where it is refused as an unknown field. */
  acceptsStreamOptions: z.boolean(),
  /**
   * The field that bounds the output. `max_completion_tokens` stands where at least some models refuse
   * `max_tokens` and all take the new name, as OpenAI's do; `both` where either may be sent.
   */
  maxTokensField: z.enum(['max_tokens', 'max_completion_tokens', 'both']),
  /** Whether a stream that ends well ends in `data: [DONE]`. */
  sendsDone: z.boolean(),
  /** Whether closing the connection of a stream stops generation and billing. True only where a source says so. */
  stopsBillingOnAbort: z.boolean(),
  /** Whether the usage of an answer says what the provider bills for it. True only where a source says so. */
  statesCost: z.boolean(),
  /** Whether a repeated `Idempotency-Key` is answered without a second generation. True only where a source says so. */
  honoursIdempotencyKey: z.boolean(),
  /**
   * The shape of an error body: `openai` `{error: {message, type, code}}`; `anthropic` `{type: 'error',
   * error: {type, message}}`; `google` `{error: {code, message, status, details}}`, at times as the one
   * element of an array; `message` `{message}`; `detail` `{detail}`; `errors` `{errors: [{code, message}]}`.
   */
  errorShape: z.enum(['openai', 'anthropic', 'google', 'message', 'detail', 'errors']),
});

/** See {@link quirksSchema}. */
export type Quirks = z.infer<typeof quirksSchema>;

/** A value that fills the placeholder `{name}` of a base URL. */
export const providerOptionSchema = z.strictObject({
  /** The placeholder, and the option's name in gateway.yaml. */
  name: z.string().regex(/^[a-z][a-z_]*$/),
  description: z.string().min(1),
  /** Environment variables that carry it, in order, when gateway.yaml does not. */
  environment: z
    .array(z.string().regex(/^[A-Z][A-Z0-9_]*$/))
    .readonly()
    .default([]),
  /** What it is when nothing says otherwise. Without it the option is required. */
  default: z.string().min(1).optional(),
});

/** A provider, as data. */
export const providerRowSchema = z.strictObject({
  /** The part of `provider/model` before the slash. */
  id: z.string().regex(/^[a-z][a-z0-9-]*$/),
  name: z.string().min(1),
  /** The page the base URL and the auth scheme were taken from. */
  source: z.url({ protocol: /^https$/ }),
  /**
   * Without a trailing slash. May hold placeholders such as `{region}`, each named in `options`. It is what
   * `aiSdkPackage` takes as its base URL, and what the paths of `dialects` are appended to.
   */
  baseUrl: baseUrlSchema,
  /** Models, as patterns, that are served under another base URL than that: the first entry that fits counts. */
  elsewhere: z
    .array(
      z.strictObject({
        models: z.array(z.string().min(1)).readonly(),
        /** The models among them that are not. */
        exceptModels: z.array(z.string().min(1)).readonly().exactOptional(),
        baseUrl: baseUrlSchema,
      }),
    )
    .readonly()
    .exactOptional(),
  auth: authSchemeSchema,
  /** The auth scheme when no key is configured. Without it a key is required. */
  authWithoutKey: z.enum(['aws-sigv4', 'none']).optional(),
  /** Headers sent with every call, where the caller's own do not say otherwise. */
  headers: z.record(z.string().regex(/^[a-z][a-z0-9-]*$/), z.string()).default({}),
  /** The environment variables that carry the key, in the vendor's words and in order. */
  keyVariables: z.array(z.string().regex(/^[A-Z][A-Z0-9_]*$/)).readonly(),
  options: z.array(providerOptionSchema).readonly().default([]),
  /** The dialects spoken natively. The others are translated, where there is an `aiSdkPackage`. */
  dialects: z.partialRecord(dialectNameSchema, endpointSchema),
  /** The package that speaks to it for a caller of another dialect. */
  aiSdkPackage: z
    .enum(['@ai-sdk/openai', '@ai-sdk/openai-compatible', '@ai-sdk/anthropic', '@ai-sdk/google', '@ai-sdk/amazon-bedrock'])
    .optional(),
  quirks: quirksSchema.partial().default({}),
  /** A server on the operator's own machine or network. It still needs `allow_private_address` in gateway.yaml. */
  local: z.boolean().default(false),
});

/** A provider as its row is written: what has a default may be left out. */
export type ProviderRow = Readonly<Omit<z.input<typeof providerRowSchema>, 'quirks'> & { quirks?: Partial<Quirks> }>;

/** A provider with the defaults of its row filled in, all but those of its options and endpoints. */
export interface Provider extends Omit<ProviderRow, 'headers' | 'options' | 'local' | 'quirks'> {
  readonly headers: Readonly<Record<string, string>>;
  readonly options: readonly Readonly<z.input<typeof providerOptionSchema>>[];
  readonly local: boolean;
  readonly quirks: Readonly<Quirks>;
}

/** What a model can take and give. Limits are in tokens. */
export const modelRowSchema = z.strictObject({
  id: z.string().min(1),
  /** Input and output together, or the input alone where the vendor counts so. */
  contextLength: z.int().positive(),
  /** Absent for a model that has no text output, such as an embedding model. */
  maxOutputTokens: z.int().positive().optional(),
  input: z.array(z.enum(['text', 'image', 'audio', 'video', 'pdf'])).readonly(),
  abilities: z.array(z.enum(['tools', 'reasoning', 'json-schema'])).readonly(),
});

/** See {@link modelRowSchema}. */
export type ModelRow = Readonly<z.infer<typeof modelRowSchema>>;
