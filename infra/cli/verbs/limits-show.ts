import { limitsInOneLine, row, standingLines } from '../describe-limits.ts';
import { sharedLimitsOf, sharedLimitsPath, sharedLimitsSchema } from '../shared-limits.ts';
import type { Verb } from '../verb.ts';

/** `sluice limits show <gateway|end-users>`: the latter are end users that have no user record. */
export const limitsShow: Verb = {
  words: ['limits', 'show'],
  summary: 'Show the limits of "gateway" or "end-users".',
  positionals: ['whose'],
  options: {},
  async run({ positionals: [name = ''], api, output }) {
    const answer = await api.get(sharedLimitsPath(name), sharedLimitsSchema);
    const { limits, standing } = sharedLimitsOf(answer);
    output.show(answer, () => {
      const lines = [name, row('limits', limitsInOneLine(limits))];
      return (standing ? [...lines, '', ...standingLines(standing, output.columns)] : lines).join('\n');
    });
  },
};
