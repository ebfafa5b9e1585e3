import { secretKeySchema } from '../answers.ts';
import { durationSeconds } from '../format.ts';
import { keyLines } from '../key-options.ts';
import type { Verb } from '../verb.ts';

/** `sluice keys rotate <id>` */
export const keysRotate: Verb = {
  words: ['keys', 'rotate'],
  summary: 'Give a key a new secret, shown this once.',
  positionals: ['id'],
  options: {
    grace: { type: 'string', value: '<duration>', help: 'How long the old secret stays valid: 15m, 24h, 7d. Default: not at all.' },
  },
  async run({ positionals: [id = ''], options, api, output, nowMs }) {
    const grace = options.text('grace');
    const key = await api.call('POST', `/admin/keys/${encodeURIComponent(id)}/rotate`, secretKeySchema, {
      grace_seconds: grace === undefined ? 0 : durationSeconds(grace, 'grace'),
    });
    output.show(key, () => [key.key, '', ...keyLines(key, nowMs), '', 'Keep the key now: it is not shown again.'].join('\n'));
  },
};
