import * as z from 'zod';

function isPattern(text: string): boolean {
  try {
    new RegExp(text, 'gu');
    return true;
  } catch {
    return false;
  }
}

/** `payload_logging` in `gateway.yaml`: how prompts and answers are kept, for the keys and routes that say `log_payloads: true`. */
export const payloadSettingsSchema = z.strictObject({
  /** Whether secrets and personal data are taken out by the built-in patterns. */
  redact_known: z.boolean().default(true),
  /** Further regular expressions, by the name that takes the place of what they match. */
  redact: z
    .record(z.string().regex(/^[\w-]{1,40}$/), z.string().min(1).max(500).refine(isPattern, 'must be a regular expression'))
    .default({}),
  /** What is longer is cut, each text of a payload on its own. */
  longest_text: z.int().min(100).max(1_000_000).default(20_000),
});

/** See {@link payloadSettingsSchema}. */
export type PayloadSettings = z.infer<typeof payloadSettingsSchema>;
