import * as z from 'zod';
import { type Limits, limitsSchema } from '../../shared/admission/limits.ts';
import { type StandingAnswer, standingSchema } from './answers.ts';
import { CliError } from './cli-error.ts';

/** The answer of `/admin/limits/…`: the limits themselves, and for the gateway how they stand. */
export const sharedLimitsSchema = z.looseObject({ standing: standingSchema.nullish() });

/** The path of the limits called `name`. @throws CliError with exit code 2 when there are none of that name. */
export function sharedLimitsPath(name: string): string {
  if (name !== 'gateway' && name !== 'end-users')
    throw new CliError(2, `There are limits for gateway and for end-users, not for "${name}".`);
  return `/admin/limits/${name}`;
}

/** The two halves of an answer. */
export function sharedLimitsOf(answer: z.infer<typeof sharedLimitsSchema>): { limits: Limits; standing: StandingAnswer | null } {
  const { standing, ...limits } = answer;
  const parsed = limitsSchema.safeParse(limits);
  if (!parsed.success)
    throw new CliError(
      1,
      'The gateway answers with limits that this version of sluice does not know. Bring both to the same version.',
      parsed.error,
    );
  return { limits: parsed.data, standing: standing ?? null };
}
