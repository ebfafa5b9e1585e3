import { standingKeySchema } from '../answers.ts';
import { standingLines } from '../describe-limits.ts';
import { keyLines } from '../key-options.ts';
import type { Verb } from '../verb.ts';

/** `sluice keys show <id>` */
export const keysShow: Verb = {
  words: ['keys', 'show'],
  summary: 'Show a key and how its limits stand.',
  positionals: ['id'],
  options: {},
  async run({ positionals: [id = ''], api, output, nowMs }) {
    const key = await api.get(`/admin/keys/${encodeURIComponent(id)}`, standingKeySchema);
    output.show(key, () => [...keyLines(key, nowMs), '', ...standingLines(key.standing, output.columns)].join('\n'));
  },
};
