import * as z from 'zod';

const oneOrMany = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);
const range = z
  .strictObject({ min: z.number().optional(), max: z.number().optional() })
  .refine(({ min, max }) => min !== undefined || max !== undefined, 'needs min or max');
const clockTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day such as 08:30');
const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** What a parameter of the request body has to be. */
export const parameterTestSchema = z.union([
  z.string(),
  z.number(),
  z.boolean(),
  z.strictObject({ present: z.boolean() }).describe('Whether the request has the parameter at all.'),
  z.strictObject({ min: z.number().optional(), max: z.number().optional() }),
]);

/** When a target or a group is for a call. All that are named must hold; of several values for one, any. */
export const conditionsSchema = z
  .strictObject({
    tags: z.record(z.string().min(1), oneOrMany).optional().describe('Tags of the call; `*` stands for any text.'),
    key: oneOrMany.optional().describe('Id or name of the key; `*` stands for any text.'),
    team: oneOrMany.optional(),
    user: oneOrMany.optional(),
    organization: oneOrMany.optional(),
    dialect: oneOrMany.optional().describe('The API that was called: chat-completions, responses, messages, …'),
    stream: z.boolean().optional(),
    parameters: z
      .record(z.string().min(1), parameterTestSchema)
      .optional()
      .describe(
        'Fields of the request body, by their names or the path to them (`generationConfig.temperature`): a value, {present: true}, or {min, max}.',
      ),
    input_tokens: range.optional().describe('Length of the text in tokens, estimated as a quarter of its bytes.'),
    modality: z
      .union([z.enum(['text', 'image', 'audio', 'file']), z.array(z.enum(['text', 'image', 'audio', 'file'])).min(1)])
      .optional()
      .describe('What the call holds besides text; `text` means nothing else.'),
    time: z
      .strictObject({
        from: clockTime.optional(),
        to: clockTime.optional().describe('May lie before `from`: then the span goes over midnight.'),
        days: z.array(z.enum(days)).min(1).optional(),
        zone: z
          .string()
          .refine(isTimeZone, 'must be a time zone such as Europe/Berlin')
          .optional()
          .describe('IANA time zone. Default UTC.'),
      })
      .optional(),
  })
  .describe('When this is for a call: all that is named must hold.');

/** See {@link conditionsSchema}. */
export type Conditions = z.infer<typeof conditionsSchema>;
export type ParameterTest = z.infer<typeof parameterTestSchema>;

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
