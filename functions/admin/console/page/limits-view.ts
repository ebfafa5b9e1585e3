import { openDialog } from './dialog.ts';
import { announce, type Child, h } from './dom.ts';
import { areaField, listOf, textField, textOf } from './fields.ts';
import { limitFields, limitsInWords, limitsOf, wholeStanding } from './limits.ts';
import { pagedList } from './paged-list.ts';
import type { Group, Limits, SharedLimits, WithStanding } from './shapes.ts';
import { tagPanel } from './tag-limits.ts';
import { emptyState, facts, hrefTo, type Place, panel, table, type View } from './view.ts';

const kinds = { teams: ['Teams', 'team'], users: ['Users', 'user'], organizations: ['Organisations', 'organisation'] } as const;
type Kind = keyof typeof kinds;

/** Teams, users, organisations, and what is shared by all. */
export const limitsView: View = { id: 'limits', title: 'Teams & limits', render };

async function render(place: Place): Promise<Child> {
  const [kind = '', ...rest] = (place.argument ?? '').split('/');
  for (const known of ['teams', 'users', 'organizations'] as const)
    if (kind === known && rest.length > 0) return renderGroup(place, known, rest.join('/'));
  const [gateway, endUsers] = await Promise.all([
    place.session.api.get<SharedLimits>('/admin/limits/gateway', { signal: place.signal }),
    place.session.api.get<Limits>('/admin/limits/end-users', { signal: place.signal }),
  ]);
  const edit = (title: string, path: string, limits: Limits): HTMLElement =>
    h('button', { type: 'button', on: { click: () => sharedDialog(place, title, path, limits) } }, 'Edit');
  return [
    panel(
      'The whole gateway',
      {
        actions: edit('Limits of the whole gateway', '/admin/limits/gateway', gateway),
        note: limitsInWords(gateway) === 'none' ? undefined : limitsInWords(gateway),
      },
      wholeStanding(gateway.standing),
    ),
    ...(await Promise.all((['teams', 'users', 'organizations'] as const).map((each) => groupPanel(place, each)))),
    await tagPanel(place),
    panel(
      'Every end user without a record of their own',
      { actions: edit('Limits of each end user', '/admin/limits/end-users', endUsers) },
      h('p', null, limitsInWords(endUsers) === 'none' ? 'Not limited.' : limitsInWords(endUsers)),
    ),
  ];
}

async function groupPanel(place: Place, kind: Kind): Promise<HTMLElement> {
  const [title, one] = kinds[kind];
  const rowOf = (row: Group): HTMLElement =>
    h(
      'tr',
      null,
      h('td', null, h('a', { href: hrefTo('limits', `${kind}/${row.id}`) }, row.id)),
      h('td', null, limitsInWords(row.limits)),
      h('td', { class: 'mono' }, row.models?.join(', ') ?? 'all'),
    );
  const list = await pagedList<Group>(place, `/admin/${kind}`, (rows) =>
    rows.length > 0
      ? table(title, ['Name', 'Limits', 'Models'], rows.map(rowOf))
      : emptyState(`No ${title.toLowerCase()} yet`, 'Several keys can share one budget here.'),
  );
  const add = h('button', { type: 'button', on: { click: () => groupDialog(place, kind, undefined) } }, `New ${one}`);
  return panel(title, { actions: add }, ...list);
}

async function renderGroup(place: Place, kind: Kind, id: string): Promise<Child> {
  const group: WithStanding<Group> = await place.session.api.get(pathOf(kind, id), { signal: place.signal });
  const button = (text: string, act: () => void, style = ''): HTMLElement =>
    h('button', { type: 'button', class: style, on: { click: act } }, text);
  const tags = Object.entries(group.tags ?? {}).map(([name, value]) => `${name}: ${value}`);
  return [
    h('p', { class: 'crumbs' }, h('a', { href: hrefTo('limits') }, 'All teams and limits')),
    panel(
      group.id,
      {
        actions: [
          button('Edit', () => groupDialog(place, kind, group)),
          button('Delete', () => deleteDialog(place, kind, group), 'danger'),
        ],
      },
      facts([
        ['Kind', kinds[kind][1]],
        ['Limits', limitsInWords(group.limits)],
        ['Models', group.models === null ? 'all' : h('code', null, group.models.join(', '))],
        ['Tags', tags.length === 0 ? '–' : tags.join(', ')],
      ]),
    ),
    panel('Spent, held and left', { actions: button('Refresh', place.reload) }, wholeStanding(group.standing)),
  ];
}

function groupDialog(place: Place, kind: Kind, group: Group | undefined): void {
  const one = kinds[kind][1];
  openDialog({
    title: group ? `Edit ${group.id}` : `New ${one}`,
    body: [
      group
        ? undefined
        : textField({
            name: 'id',
            label: 'Name',
            required: true,
            hint: 'Keys name it as it is written here. It cannot be changed later.',
            more: { maxlength: 128 },
          }),
      limitFields(group?.limits),
      areaField({
        name: 'models',
        label: 'Models its keys may call',
        value: group?.models?.join('\n'),
        rows: 2,
        hint: 'One name or pattern a line; * stands for anything, ! before it forbids. Empty means every model.',
      }),
    ],
    confirm: group ? 'Save' : `Create ${one}`,
    act: async (form) => {
      const id = group?.id ?? textOf(form, 'id');
      const limits = limitsOf(form, group?.limits);
      const models = listOf(form, 'models');
      const body = { ...(limits && { limits }), ...(models && { models }), ...(group?.tags && { tags: group.tags }) };
      await place.session.api.call('PUT', pathOf(kind, id), { body });
      announce('Saved.');
      place.reload();
    },
  });
}

function deleteDialog(place: Place, kind: Kind, group: Group): void {
  openDialog({
    title: `Delete ${group.id}?`,
    body: h(
      'p',
      null,
      'Its limits end. What was spent stays in the ledger, so making it anew refills no budget. It is refused while keys still belong to it.',
    ),
    confirm: 'Delete',
    dangerous: true,
    act: async () => {
      await place.session.api.call('DELETE', pathOf(kind, group.id));
      announce('Deleted.');
      location.hash = hrefTo('limits');
    },
  });
}

function sharedDialog(place: Place, title: string, path: string, limits: Limits): void {
  openDialog({
    title,
    body: limitFields(limits),
    confirm: 'Save',
    act: async (form) => {
      await place.session.api.call('PUT', path, { body: limitsOf(form, limits) ?? {} });
      announce('Saved.');
      place.reload();
    },
  });
}

function pathOf(kind: Kind, id: string): string {
  return `/admin/${kind}/${encodeURIComponent(id)}`;
}
