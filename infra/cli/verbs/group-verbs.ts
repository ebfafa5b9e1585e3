import { deletedSchema, type GroupAnswer, groupSchema, standingGroupSchema } from '../answers.ts';
import { limitsInOneLine, row, standingLines } from '../describe-limits.ts';
import { moment } from '../format.ts';
import { groupSettingsFrom, keyOptions, tagsInOneLine } from '../key-options.ts';
import { limitNotes, limitOptions, limitsBody, limitsFrom } from '../limit-options.ts';
import { listAll } from '../list-all.ts';
import { textTable } from '../text-table.ts';
import type { Verb, VerbOption } from '../verb.ts';

/** A kind of group as the command line and the API name it. */
interface GroupNames {
  /** First word of its verbs: `teams`. */
  readonly word: string;
  readonly one: string;
  readonly many: string;
  readonly path: string;
}

const groupOptions: Readonly<Record<string, VerbOption>> = {
  ...Object.fromEntries(Object.entries(keyOptions).filter(([name]) => name === 'model' || name === 'tag')),
  ...limitOptions,
};

/** `sluice teams|users|orgs set|get|list|delete` */
export const groupVerbs: readonly Verb[] = [
  ...verbsOf({ word: 'teams', one: 'team', many: 'teams', path: '/admin/teams' }),
  ...verbsOf({ word: 'users', one: 'user', many: 'users', path: '/admin/users' }),
  ...verbsOf({ word: 'orgs', one: 'organisation', many: 'organisations', path: '/admin/organizations' }),
];

function verbsOf(names: GroupNames): readonly Verb[] {
  return [setVerb(names), getVerb(names), listVerb(names), deleteVerb(names)];
}

function setVerb({ word, one, path }: GroupNames): Verb {
  return {
    words: [word, 'set'],
    summary: `Make or change a ${one}.`.replace('a o', 'an o'),
    positionals: ['id'],
    options: groupOptions,
    notes: `${limitNotes}\n"none" also takes away --model and --tag.`,
    async run({ positionals: [id = ''], options, api, output }) {
      const stored = (await api.find(`${path}/${encodeURIComponent(id)}`, groupSchema)) ?? { limits: null, models: null, tags: null };
      const limits = limitsFrom(options, stored.limits);
      const group = await api.call('PUT', `${path}/${encodeURIComponent(id)}`, groupSchema, {
        limits: stored.limits,
        models: stored.models,
        tags: stored.tags,
        ...groupSettingsFrom(options),
        ...limitsBody(limits),
      });
      output.show(group, () => groupLines(group).join('\n'));
    },
  };
}

function getVerb({ word, one, path }: GroupNames): Verb {
  return {
    words: [word, 'get'],
    summary: `Show a ${one} and how its limits stand.`.replace('a o', 'an o'),
    positionals: ['id'],
    options: {},
    async run({ positionals: [id = ''], api, output }) {
      const group = await api.get(`${path}/${encodeURIComponent(id)}`, standingGroupSchema);
      output.show(group, () => [...groupLines(group), '', ...standingLines(group.standing, output.columns)].join('\n'));
    },
  };
}

function listVerb({ word, many, path }: GroupNames): Verb {
  return {
    words: [word, 'list'],
    summary: `List ${many}.`,
    positionals: [],
    options: {},
    async run({ api, output }) {
      const groups = await listAll(api, path, groupSchema);
      output.show(groups, () =>
        textTable<GroupAnswer>(
          groups,
          [
            { title: 'id', cell: (group) => group.id },
            { title: 'limits', cell: (group) => limitsInOneLine(group.limits), shrinks: true },
            { title: 'models', cell: (group) => group.models?.join(', ') ?? 'all', shrinks: true },
            { title: 'tags', cell: (group) => (group.tags ? tagsInOneLine(group.tags) : '-'), shrinks: true },
          ],
          output.columns,
          `No ${many}. Make one with "sluice ${word} set <id>".`,
        ),
      );
    },
  };
}

function deleteVerb({ word, one, path }: GroupNames): Verb {
  return {
    words: [word, 'delete'],
    summary: `Delete a ${one} that no key belongs to any more.`.replace('a o', 'an o'),
    positionals: ['id'],
    options: {},
    async run({ positionals: [id = ''], api, output }) {
      const deleted = await api.call('DELETE', `${path}/${encodeURIComponent(id)}`, deletedSchema);
      output.show(deleted, () => `Deleted ${one} ${deleted.id}.`);
    },
  };
}

function groupLines(group: GroupAnswer): string[] {
  return [
    group.id,
    row('created', moment(group.created_at)),
    row('models', group.models?.join(', ') ?? 'all'),
    ...(group.tags ? [row('tags', tagsInOneLine(group.tags))] : []),
    row('limits', limitsInOneLine(group.limits)),
  ];
}
