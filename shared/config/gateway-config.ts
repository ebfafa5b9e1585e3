import * as z from 'zod';
import { cacheSettingsSchema } from '../cache/cache-settings.ts';
import { priceOverridesSchema } from '../pricing/price-override.ts';
import { providerSettingsSchema } from '../providers/provider-settings.ts';
import { routeSchema, targetReference } from '../routing/route-schema.ts';
import { alertSettingsSchema } from './alert-settings.ts';
import { defaultsSchema } from './config-defaults.ts';
import { otlpSettingsSchema } from './otlp-settings.ts';
import { payloadSettingsSchema } from './payload-settings.ts';

const providerName = z.string().regex(/^[a-z0-9][a-z0-9_-]*$/, 'must be lower-case letters, digits, - and _');
const routeName = z.string().regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces');

const routeWithCache = routeSchema.extend({
  cache: cacheSettingsSchema.optional(),
  log_payloads: z.boolean().optional().describe('Whether prompts and answers are kept, redacted, whatever the key says.'),
});

/** A route, or a name alone: an alias of a model or of another route. */
const routeOrAlias = z.union([targetReference.transform((target) => routeWithCache.parse({ targets: [target] })), routeWithCache]);

/** `gateway.yaml`, the one file an operator edits. */
export const gatewayConfigSchema = z.strictObject({
  /** For editors: where this file's JSON Schema is. */
  $schema: z.string().optional(),
  providers: z
    .record(
      providerName,
      providerSettingsSchema.nullable().transform((value) => value ?? {}),
    )
    .default({}),
  models: z.record(routeName, routeOrAlias).default({}),
  prices: priceOverridesSchema.default({}),
  defaults: defaultsSchema.default({}),
  /** What happens to calls while DynamoDB does not answer: refused (`closed`) or let through and logged (`open`). */
  on_store_failure: z.enum(['closed', 'open']).default('closed'),
  alerts: alertSettingsSchema.prefault({}),
  payload_logging: payloadSettingsSchema.prefault({}),
  /** Where traces and metrics are sent; nowhere, unless it is said. */
  otlp: otlpSettingsSchema.optional(),
  streaming: z
    .strictObject({
      /** After so much silence a comment goes out, so that no idle timer along the way fires. */
      keep_alive_ms: z.int().min(100).max(240_000).default(15_000),
      /** How long the status of a stream is held back while another target could still answer. */
      commit_after_ms: z.int().min(100).max(240_000).default(10_000),
    })
    .prefault({}),
});

/** See {@link gatewayConfigSchema}. */
export type GatewayConfig = z.infer<typeof gatewayConfigSchema>;
