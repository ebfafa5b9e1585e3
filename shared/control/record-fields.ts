import * as z from 'zod';

/**
 * What a team, user or organisation may be called: up to 128 letters, digits, spaces and `_ . @ : + -`,
 * so that an id fits a path, a log line and a table cell as it is.
 */
export const groupIdSchema = z
  .string()
  .max(128, 'must be at most 128 characters')
  .regex(
    /^[\p{L}\p{N}_](?:[\p{L}\p{N}_ .@:+-]*[\p{L}\p{N}_.@:+-])?$/u,
    'must be letters, digits, spaces or any of _ . @ : + - and begin with a letter, a digit or _',
  );

/**
 * Patterns of model names: a name as the caller writes it (`openai/gpt-5`, a route's name), `*` for any
 * run of characters, and `!` before it for what may not be called. Absent means every model, and so does a list that only
 * forbids of what it does not; an empty list would mean none and is refused as a slip.
 */
export const modelPatternsSchema = z
  .array(
    z
      .string()
      .min(1)
      .max(256)
      .regex(/^(?!!$)/, 'must name what is forbidden after the "!"'),
  )
  .min(1, 'must name at least one pattern; leave it out to allow every model')
  .max(200);

/** Labels for reports and routing conditions. */
export const tagsSchema = z
  .record(z.string().min(1).max(64), z.string().max(256))
  .refine((tags) => Object.keys(tags).length <= 50, 'must be at most 50 tags');
