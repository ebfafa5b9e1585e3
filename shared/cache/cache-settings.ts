import * as z from 'zod';

const longestSeconds = 31_536_000;
const seconds = z.int().min(0).max(longestSeconds);

/** Whose answers are shared: those of one key, of a team (a key without a team stands for itself), of an organisation, of everybody. */
export const cacheScopeSchema = z.enum(['key', 'team', 'organization', 'gateway']);

/** Answers to questions of the same meaning: the last turn may be said in other words, all else has to be the same. */
export const semanticSettingsSchema = z.strictObject({
  /** Makes the embeddings: `provider/model` or a route. */
  model: z.string().regex(/^[\x21-\x7e]+$/, 'must name a model, such as openai/text-embedding-3-small'),
  /** The least cosine similarity that counts as the same question. */
  threshold: z.number().min(0.5).max(1).default(0.95),
  /** Numbers of an embedding, for models that offer a choice. */
  dimensions: z.int().min(16).max(4_096).optional(),
});

/** See {@link semanticSettingsSchema}. */
export type SemanticSettings = z.infer<typeof semanticSettingsSchema>;

/** `cache` of a route, of a key or of the defaults in `gateway.yaml`. Off while `ttl_seconds` is 0. */
export const cacheSettingsSchema = z.strictObject({
  /** How long an answer is fresh, for calls that do not say. */
  ttl_seconds: seconds.optional(),
  /** The longest a caller may ask for by `x-sluice-cache-ttl`. Without it, `ttl_seconds`: a caller can only ask for less. */
  max_ttl_seconds: seconds.optional(),
  scope: cacheScopeSchema.optional(),
  /** Whether calls with an explicit temperature above 0 are cached without the caller asking for it by `x-sluice-cache-ttl`. */
  nondeterministic: z.boolean().optional(),
  /** For so long after it expired an answer is still served at once, while a fresh one is fetched (RFC 5861 section 3). */
  stale_while_revalidate_seconds: seconds.optional(),
  /** For so long after it expired an answer is still served when every target fails (RFC 5861 section 4). */
  stale_if_error_seconds: seconds.optional(),
  /** Whether a call whose budget is spent still gets an answer that is there already. */
  serve_when_exhausted: z.boolean().optional(),
  /** How a stored answer is streamed: as fast as the caller reads, or at a model's pace. */
  replay: z.enum(['immediate', 'paced']).optional(),
  /** Null turns off what a wider configuration turned on. */
  semantic: semanticSettingsSchema.nullable().optional(),
});

/** See {@link cacheSettingsSchema}. */
export type CacheSettings = z.infer<typeof cacheSettingsSchema>;
export type CacheScope = z.infer<typeof cacheScopeSchema>;
