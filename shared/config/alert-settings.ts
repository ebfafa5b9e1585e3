import * as z from 'zod';

/** At these shares of a budget its owner is told, unless the configuration names others. */
export const usualThresholds: readonly number[] = [50, 80, 100];

const reference = z.string().regex(/^(env|secret):[\w.-]+$/, 'must be env:<name> or secret:<name>');

/** `alerts` in `gateway.yaml`. */
export const alertSettingsSchema = z.strictObject({
  /** Shares of a budget in percent; each is told once a period. 100 is reached when calls begin to be refused. */
  thresholds: z
    .array(z.int().min(1).max(100))
    .min(1)
    .max(10)
    .default([...usualThresholds]),
  /** Where alerts are posted, beside the topic that a deployment has anyway. */
  webhook: z
    .strictObject({
      url: z.url({ protocol: /^https?$/ }),
      /** A reference such as `secret:ALERT_SECRET`, never the secret itself. Signs the posts (https://www.standardwebhooks.com). */
      secret: reference,
    })
    .optional(),
  /** Told in a sentence, in a channel of Slack or what takes the same body. Its address lets anybody write there, so it is a reference. */
  slack: z.strictObject({ url: reference }).optional(),
});
