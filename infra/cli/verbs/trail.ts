import type * as z from 'zod';
import { auditEntrySchema } from '../answers.ts';
import { moment } from '../format.ts';
import { listAll } from '../list-all.ts';
import { textTable } from '../text-table.ts';
import type { Verb } from '../verb.ts';

const usualLength = 30;

/** `sluice trail` */
export const trail: Verb = {
  words: ['trail'],
  summary: 'Show who changed what, newest first.',
  positionals: [],
  options: {
    target: { type: 'string', value: '<id>', help: 'Only changes of this key, team, user, organisation or these limits.' },
    action: { type: 'string', value: '<action>', help: 'Only changes of this kind, such as key.delete.' },
    limit: { type: 'string', value: '<n>', help: `How many. Default ${usualLength}.` },
  },
  async run({ options, api, output }) {
    const filters = { target: options.text('target'), action: options.text('action') };
    const entries = await listAll(api, '/admin/audit', auditEntrySchema, filters, options.count('limit', 1) ?? usualLength);
    output.show(entries, () =>
      textTable<z.infer<typeof auditEntrySchema>>(
        entries,
        [
          { title: 'when', cell: (entry) => moment(entry.at).replace(' UTC', '') },
          { title: 'who', cell: (entry) => entry.actor, shrinks: true },
          { title: 'what', cell: (entry) => (entry.outcome === 'done' ? entry.action : `${entry.action} (${entry.outcome})`) },
          { title: 'target', cell: (entry) => entry.target },
          { title: 'changed', cell: (entry) => changedFields(entry.before, entry.after), shrinks: true },
        ],
        output.columns,
        'Nothing was changed yet.',
      ),
    );
  },
};

/** Names of the fields that differ; nothing for what was made or deleted. */
function changedFields(before: object | null, after: object | null): string {
  if (!before || !after) return '';
  const old = new Map(Object.entries(before));
  return Object.entries(after)
    .filter(([name, value]) => name !== 'updated_at' && JSON.stringify(value) !== JSON.stringify(old.get(name)))
    .map(([name]) => name)
    .join(', ');
}
