import { deletedSchema } from '../answers.ts';
import type { Verb } from '../verb.ts';

/** `sluice keys revoke <id>` */
export const keysRevoke: Verb = {
  words: ['keys', 'revoke'],
  summary: 'Delete a key. Its calls are refused within ten seconds.',
  positionals: ['id'],
  options: {},
  async run({ positionals: [id = ''], api, output }) {
    const deleted = await api.call('DELETE', `/admin/keys/${encodeURIComponent(id)}`, deletedSchema);
    output.show(deleted, () => `Revoked ${deleted.id}.`);
  },
};
