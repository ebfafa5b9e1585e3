import { secretKeySchema } from '../answers.ts';
import { typedMoment } from '../format.ts';
import { keyLines, keyOptions, settingsFrom } from '../key-options.ts';
import { limitNotes, limitOptions, limitsBody, limitsFrom } from '../limit-options.ts';
import type { Verb } from '../verb.ts';

/** `sluice keys create <name>` */
export const keysCreate: Verb = {
  words: ['keys', 'create'],
  summary: 'Make a key. Its secret is shown this once.',
  positionals: ['name'],
  options: { ...keyOptions, ...limitOptions },
  notes: limitNotes,
  async run({ positionals: [name], options, api, output, nowMs }) {
    const expires = options.text('expires');
    const key = await api.call('POST', '/admin/keys', secretKeySchema, {
      name,
      ...settingsFrom(options),
      ...(expires !== undefined && expires !== 'none' && { expires_at: typedMoment(expires, 'expires', nowMs) }),
      ...limitsBody(limitsFrom(options, undefined)),
    });
    output.show(key, () => [key.key, '', ...keyLines(key, nowMs), '', 'Keep the key now: it is not shown again.'].join('\n'));
  },
};
