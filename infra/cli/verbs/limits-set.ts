import { CliError } from '../cli-error.ts';
import { limitsInOneLine, row } from '../describe-limits.ts';
import { limitNotes, limitOptions, limitsFrom } from '../limit-options.ts';
import { sharedLimitsOf, sharedLimitsPath, sharedLimitsSchema } from '../shared-limits.ts';
import type { Verb } from '../verb.ts';

/** `sluice limits set <gateway|end-users>`: the latter are end users that have no user record. */
export const limitsSet: Verb = {
  words: ['limits', 'set'],
  summary: 'Change the limits of "gateway" or "end-users".',
  positionals: ['whose'],
  options: limitOptions,
  notes: limitNotes,
  async run({ positionals: [name = ''], options, api, output }) {
    const path = sharedLimitsPath(name);
    const stored = sharedLimitsOf(await api.get(path, sharedLimitsSchema));
    const limits = limitsFrom(options, stored.limits);
    if (!limits) throw new CliError(2, 'No limit was named. See "sluice limits set --help".');
    const answer = await api.call('PUT', path, sharedLimitsSchema, limits);
    output.show(answer, () => [name, row('limits', limitsInOneLine(sharedLimitsOf(answer).limits))].join('\n'));
  },
};
