import * as z from 'zod';
import { continuationStyles } from '../dialects/resuming.ts';

/** A reference to a secret: `env:NAME` is an environment variable, `secret:NAME` a field of the provider secret. */
export const secretReferenceSchema = z
  .string()
  .regex(
    /^(env|secret):[A-Za-z_][A-Za-z0-9_.-]*$/,
    'must be a reference such as env:MY_PROVIDER_KEY or secret:my_provider_key; the key itself never stands in this file',
  );

/** Where an API is. Paths are appended to it, and the file holds no secrets. */
const baseUrlSchema = z
  .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
  .refine((url) => !URL.canParse(url) || (new URL(url).search === '' && new URL(url).hash === ''), {
    error: 'must end before any ? or #: the paths of the API are appended to it',
  })
  .refine((url) => !URL.canParse(url) || (new URL(url).username === '' && new URL(url).password === ''), {
    error: 'must not hold a user name or password: name the key under api_key as env:NAME or secret:NAME',
  });

/** What an operator says of a model that the catalogue does not know. Counts are tokens. */
export const modelSettingsSchema = z.strictObject({
  context_length: z.int().positive().optional(),
  max_output_tokens: z.int().positive().optional(),
});

/** One of several places where a provider is called; what is left out is as the provider says. */
export const regionSettingsSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'must be up to 63 letters, digits, dots, - and _')
    .describe('What receipts and health call it.'),
  base_url: baseUrlSchema.optional().describe('Where the API is in this region.'),
  options: z.record(z.string(), z.string()).optional().describe('Values for placeholders of the base URL that are of this region.'),
  api_key: secretReferenceSchema.optional().describe('Its own key, where it has one.'),
  api_keys: z.array(secretReferenceSchema).min(1).max(16).optional().describe('Several keys of its own.'),
});

/** See {@link regionSettingsSchema}. */
export type RegionSettings = z.infer<typeof regionSettingsSchema>;

/** A name alone fills the placeholder `region` with itself. */
const regionSchema = z.union([regionSettingsSchema.shape.name, regionSettingsSchema]);

/** One entry of `providers` in `gateway.yaml`. */
export const providerSettingsSchema = z.strictObject({
  /** What it is when its name is not in the catalogue: a catalogue id, or `openai-compatible`. */
  type: z.string().optional(),
  base_url: baseUrlSchema.optional(),
  api_key: secretReferenceSchema.optional(),
  /** Several keys that share the load; each rests on its own after a refusal. */
  api_keys: z.array(secretReferenceSchema).min(1).max(64).optional(),
  /** Several places that share the load; each rests on its own after failures. */
  regions: z.array(regionSchema).min(1).max(16).optional(),
  headers: z.record(z.string().regex(/^[A-Za-z0-9-]+$/), z.string().regex(/^[\x20-\x7e]*$/)).optional(),
  /** Values for the placeholders of the catalogue's base URL, such as `region` or `resource`. */
  options: z.record(z.string(), z.string()).optional(),
  /** Loopback, private and link-local addresses are refused without this. */
  allow_private_address: z.boolean().optional(),
  stops_billing_on_abort: z.boolean().optional(),
  states_cost: z.boolean().optional(),
  /** `deny` declares that the provider neither keeps nor trains on what it is sent; see `provider.data_collection` of a request. */
  data_collection: z.enum(['allow', 'deny']).optional(),
  max_tokens_field: z.enum(['max_tokens', 'max_completion_tokens']).optional(),
  /** How it is asked to carry on with an answer that has begun; see `resume` of routes. */
  continues_by: z.enum(continuationStyles).optional(),
  /** The service tier asked for where a call under a budget names none; `account` leaves it to the account. */
  service_tier: z
    .string()
    .regex(/^[a-z_]{1,32}$/, 'must be the name of a service tier, such as default, flex or priority, or account')
    .optional(),
  /** For how long prompts that mark nothing themselves are marked to be kept in the provider's cache; see caching.md. */
  prompt_cache: z.enum(['5m', '1h']).optional(),
  /** What becomes, under a budget, of calls that let the provider run tools of its own without any bound. */
  unbounded_tools: z.enum(['refuse', 'assume']).optional(),
  models: z.record(z.string(), modelSettingsSchema).optional(),
});

/** See {@link providerSettingsSchema}. */
export type ProviderSettings = z.infer<typeof providerSettingsSchema>;
