import * as z from 'zod';

/** A version of the configuration without its content. */
export const configVersionSchema = z.looseObject({
  version: z.number(),
  source: z.string(),
  created_at: z.string().nullable(),
  actor: z.string().nullable(),
  note: z.string().nullable(),
});

export const listedVersionSchema = configVersionSchema.extend({ current: z.boolean() });

/** A version with its content. */
export const configDocumentSchema = configVersionSchema.extend({ config: z.json(), yaml: z.string().nullable() });

const differenceSchema = z.looseObject({ path: z.string(), before: z.json().optional(), after: z.json().optional() });
export type DifferenceAnswer = z.infer<typeof differenceSchema>;

export const configChangeSchema = configVersionSchema.extend({
  changed: z.array(differenceSchema),
  warnings: z.array(z.string()).optional(),
});

export const configCheckSchema = z.looseObject({
  valid: z.boolean(),
  problems: z.array(z.string()),
  warnings: z.array(z.string()),
  version: z.number().nullable(),
  changed: z.array(differenceSchema),
});

export const configDiffSchema = z.looseObject({ from: z.number(), to: z.number(), changed: z.array(differenceSchema) });

/** Differences for people: `- before`, `+ after`, under the path they are at. */
export function differenceLines(changed: readonly DifferenceAnswer[]): string[] {
  if (changed.length === 0) return ['  no difference'];
  return changed.flatMap(({ path, before, after }) => [
    `  ${path}`,
    ...(before === undefined ? [] : [`    - ${JSON.stringify(before)}`]),
    ...(after === undefined ? [] : [`    + ${JSON.stringify(after)}`]),
  ]);
}
