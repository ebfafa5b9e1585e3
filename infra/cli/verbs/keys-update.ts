import { keySchema } from '../answers.ts';
import { CliError } from '../cli-error.ts';
import { typedMoment } from '../format.ts';
import { keyLines, keyOptions, settingsFrom } from '../key-options.ts';
import { limitNotes, limitOptions, limitsBody, limitsFrom } from '../limit-options.ts';
import type { Verb } from '../verb.ts';

/** `sluice keys update <id>` */
export const keysUpdate: Verb = {
  words: ['keys', 'update'],
  summary: 'Change a key. Calls feel it within ten seconds.',
  positionals: ['id'],
  options: {
    name: { type: 'string', value: '<name>', help: 'Another name.' },
    ...keyOptions,
    ...limitOptions,
    disable: { type: 'boolean', help: 'Refuse its calls until it is enabled again.' },
    enable: { type: 'boolean', help: 'Let its calls in again.' },
  },
  notes: `${limitNotes}\n"none" also takes away --team, --user, --org, --model, --tag and --expires.`,
  async run({ positionals: [id = ''], options, api, output, nowMs }) {
    if (options.flag('disable') && options.flag('enable'))
      throw new CliError(2, '--disable and --enable say opposite things. Give one of them.');
    const path = `/admin/keys/${encodeURIComponent(id)}`;
    const stored = await api.get(path, keySchema);
    const expires = options.text('expires');
    const name = options.text('name');
    const change = {
      ...(name !== undefined && { name }),
      ...settingsFrom(options),
      ...(expires !== undefined && { expires_at: expires === 'none' ? null : typedMoment(expires, 'expires', nowMs) }),
      ...limitsBody(limitsFrom(options, stored.limits)),
      ...(options.flag('disable') && { disabled: true }),
      ...(options.flag('enable') && { disabled: false }),
    };
    if (Object.keys(change).length === 0) throw new CliError(2, 'Nothing to change was named. See "sluice keys update --help".');
    const key = await api.call('PATCH', path, keySchema, change);
    output.show(key, () => keyLines(key, nowMs).join('\n'));
  },
};
