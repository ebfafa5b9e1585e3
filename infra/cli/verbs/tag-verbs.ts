import * as z from 'zod';
import { limitsSchema } from '../../../shared/admission/limits.ts';
import { deletedSchema, standingSchema } from '../answers.ts';
import { CliError } from '../cli-error.ts';
import { limitsInOneLine, row, standingLines } from '../describe-limits.ts';
import { limitNotes, limitOptions, limitsFrom } from '../limit-options.ts';
import { listAll } from '../list-all.ts';
import { textTable } from '../text-table.ts';
import type { Verb } from '../verb.ts';

const tagSchema = z.looseObject({ id: z.string(), limits: limitsSchema });
const standingTagSchema = tagSchema.extend({ limits_of: z.string(), standing: standingSchema.nullable() });

const notes = 'A tag is name=value, or name=* for each value apart; a value with limits of its own goes by these alone.';

const set: Verb = {
  words: ['tags', 'set'],
  summary: 'Make or change the limits of a tag.',
  positionals: ['tag'],
  options: limitOptions,
  notes: `${limitNotes}\n${notes}`,
  async run({ positionals: [tag = ''], options, api, output }) {
    const stored = await api.find(pathOf(tag), standingTagSchema);
    // What holds for a value because it does for each is not its own to go on from.
    const limits = limitsFrom(options, stored?.limits_of === tag ? stored.limits : undefined);
    if (!limits) throw new CliError(2, 'No limit was named. See "sluice tags set --help".');
    const answer = await api.call('PUT', pathOf(tag), tagSchema, limits);
    output.show(answer, () => [answer.id, row('limits', limitsInOneLine(answer.limits))].join('\n'));
  },
};

const get: Verb = {
  words: ['tags', 'get'],
  summary: 'Show the limits of a tag and how they stand.',
  positionals: ['tag'],
  options: {},
  notes,
  async run({ positionals: [tag = ''], api, output }) {
    const { id, limits, limits_of: whose, standing } = await api.get(pathOf(tag), standingTagSchema);
    const lines = [id, row('limits', `${limitsInOneLine(limits)}${whose === id ? '' : `, as ${whose}`}`)];
    output.show({ id, limits, limits_of: whose, standing }, () =>
      (standing ? [...lines, '', ...standingLines(standing, output.columns)] : lines).join('\n'),
    );
  },
};

const list: Verb = {
  words: ['tags', 'list'],
  summary: 'List the tags that have limits.',
  positionals: [],
  options: {},
  async run({ api, output }) {
    const tags = await listAll(api, '/admin/tags', tagSchema);
    output.show(tags, () =>
      textTable(
        tags,
        [
          { title: 'tag', cell: ({ id }) => id },
          { title: 'limits', cell: ({ limits }) => limitsInOneLine(limits), shrinks: true },
        ],
        output.columns,
        'No tag has limits. Set some with "sluice tags set <name>=<value>".',
      ),
    );
  },
};

const remove: Verb = {
  words: ['tags', 'delete'],
  summary: 'Take the limits off a tag.',
  positionals: ['tag'],
  options: {},
  async run({ positionals: [tag = ''], api, output }) {
    const deleted = await api.call('DELETE', pathOf(tag), deletedSchema);
    output.show(deleted, () => `The tag ${deleted.id} has no limits of its own any more.`);
  },
};

/** `sluice tags set|get|list|delete` */
export const tagVerbs: readonly Verb[] = [set, get, list, remove];

function pathOf(tag: string): string {
  return `/admin/tags/${encodeURIComponent(tag)}`;
}
