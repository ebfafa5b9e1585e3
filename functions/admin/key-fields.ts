import * as z from 'zod';
import { limitsSchema } from '../../shared/admission/limits.ts';
import { keyDefaultsSchema } from '../../shared/config/config-defaults.ts';
import { groupIdSchema, modelPatternsSchema, tagsSchema } from '../../shared/control/record-fields.ts';

/** Above this a number of seconds lies past the year 5000: the caller meant milliseconds. */
const maxEpochSeconds = 1e11;

/** A moment as the caller writes it, in ISO 8601 with an offset or in seconds since the epoch; milliseconds since the epoch inside. */
export const momentSchema = z.union(
  [
    z.iso.datetime({ offset: true }).transform((text) => Date.parse(text)),
    z
      .number()
      .nonnegative()
      .max(maxEpochSeconds)
      .transform((seconds) => Math.round(seconds * 1000)),
  ],
  'must be a time in ISO 8601 with an offset (2027-01-31T12:00:00Z) or in seconds since the epoch',
);

const nameSchema = z.string().trim().min(1, 'must not be empty').max(128);

/** Fields of a key that may be left out; null stands for "none". */
const optionalFields = {
  team: groupIdSchema.nullish(),
  user: groupIdSchema.nullish(),
  organization: groupIdSchema.nullish(),
  models: modelPatternsSchema.nullish(),
  limits: limitsSchema.nullish(),
  defaults: keyDefaultsSchema.nullish(),
  tags: tagsSchema.nullish(),
  expires_at: momentSchema.nullish(),
};

/** The body of `POST /admin/keys`. */
export const createKeyBodySchema = z.strictObject({ name: nameSchema, ...optionalFields, disabled: z.boolean().default(false) });

/** The body of `PATCH /admin/keys/{id}`: what is left out stays, null takes away. */
export const changeKeyBodySchema = z.strictObject({ name: nameSchema.optional(), ...optionalFields, disabled: z.boolean().optional() });

/** The body of `POST /admin/keys/{id}/rotate`. */
export const rotateKeyBodySchema = z.strictObject({
  /** How long the replaced secret stays valid; 30 days at most. */
  grace_seconds: z.number().nonnegative().max(2_592_000).default(0),
});
