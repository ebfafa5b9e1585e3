import { type KeyAnswer, keySchema } from '../answers.ts';
import { limitsInOneLine } from '../describe-limits.ts';
import { keyOwner, keyState } from '../key-options.ts';
import { listAll } from '../list-all.ts';
import { textTable } from '../text-table.ts';
import type { Verb } from '../verb.ts';

/** `sluice keys list` */
export const keysList: Verb = {
  words: ['keys', 'list'],
  summary: 'List keys, newest first.',
  positionals: [],
  options: {
    team: { type: 'string', value: '<id>', help: 'Only keys of this team.' },
    user: { type: 'string', value: '<id>', help: 'Only keys of this user.' },
    org: { type: 'string', value: '<id>', help: 'Only keys of this organisation.' },
  },
  async run({ options, api, output, nowMs }) {
    const filters = { team: options.text('team'), user: options.text('user'), organization: options.text('org') };
    const keys = await listAll(api, '/admin/keys', keySchema, filters);
    output.show(keys, () =>
      textTable<KeyAnswer>(
        keys,
        [
          { title: 'id', cell: (key) => key.id },
          { title: 'name', cell: (key) => key.name, shrinks: true },
          { title: 'owner', cell: keyOwner, shrinks: true },
          { title: 'limits', cell: (key) => limitsInOneLine(key.limits), shrinks: true },
          { title: 'state', cell: (key) => keyState(key, nowMs) },
        ],
        output.columns,
        'No keys. Make one with "sluice keys create <name>".',
      ),
    );
  },
};
