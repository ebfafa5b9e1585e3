import * as z from 'zod';

/** A moment in a query: ISO 8601, or a date, which is its midnight in UTC. Read as milliseconds since the epoch. */
export const momentSchema = z
  .string()
  .refine(
    (text) => /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}.*)?$/.test(text) && !Number.isNaN(Date.parse(text)),
    'must be a date (2027-01-31) or a time (2027-01-31T12:00:00Z)',
  )
  .transform((text) => Date.parse(text));
