import * as z from 'zod';

/** A reference to a secret: `env:NAME` is an environment variable, `secret:NAME` a field of the provider secret. */
export const secretReferenceSchema = z
  .string()
  .regex(
    /^(env|secret):[A-Za-z_][A-Za-z0-9_.-]*$/,
    'must be a reference such as env:MY_PROVIDER_KEY or secret:my_provider_key; the key itself never stands in this file',
  );

/** What an operator says of a model that the catalogue does not know. Counts are tokens. */
export const modelSettingsSchema = z.strictObject({
  context_length: z.int().positive().optional(),
  max_output_tokens: z.int().positive().optional(),
});

/** One entry of `providers` in `gateway.yaml`. */
export const providerSettingsSchema = z.strictObject({
  /** What it is when its name is not in the catalogue: a catalogue id, or `openai-compatible`. */
  type: z.string().optional(),
  base_url: z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).optional(),
  api_key: secretReferenceSchema.optional(),
  /** Several keys that share the load; each rests on its own after a refusal. */
  api_keys: z.array(secretReferenceSchema).min(1).max(64).optional(),
  headers: z.record(z.string().regex(/^[A-Za-z0-9-]+$/), z.string().regex(/^[\x20-\x7e]*$/)).optional(),
  /** Values for the placeholders of the catalogue's base URL, such as `region` or `resource`. */
  options: z.record(z.string(), z.string()).optional(),
  /** Loopback, private and link-local addresses are refused without this. */
  allow_private_address: z.boolean().optional(),
  stops_billing_on_abort: z.boolean().optional(),
  /** `deny` declares that the provider neither keeps nor trains on what it is sent; see `provider.data_collection` of a request. */
  data_collection: z.enum(['allow', 'deny']).optional(),
  max_tokens_field: z.enum(['max_tokens', 'max_completion_tokens']).optional(),
  /** How it is asked to carry on with an answer that has begun; see `resume` of routes. */
  continues_by: z.enum(['assistant_message', 'prefix', 'partial', 'continue_final_message']).optional(),
  models: z.record(z.string(), modelSettingsSchema).optional(),
});

/** See {@link providerSettingsSchema}. */
export type ProviderSettings = z.infer<typeof providerSettingsSchema>;
