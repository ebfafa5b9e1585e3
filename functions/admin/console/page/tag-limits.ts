import { openDialog } from './dialog.ts';
import { announce, h, replace } from './dom.ts';
import { textField, textOf } from './fields.ts';
import { limitFields, limitsInWords, limitsOf, wholeStanding } from './limits.ts';
import { pagedList } from './paged-list.ts';
import type { TagLimits, WithStanding } from './shapes.ts';
import { emptyState, errorNotice, type Place, panel, table } from './view.ts';

/** The tags that limits are set on. */
export async function tagPanel(place: Place): Promise<HTMLElement> {
  const list = await pagedList<TagLimits>(place, '/admin/tags', (rows) =>
    rows.length > 0
      ? table(
          'Tags',
          ['Tag', 'Limits', ''],
          rows.map((row) => tagRow(place, row)),
        )
      : emptyState('No tag has limits', 'Calls of many keys can share a budget here: a project, a feature, a customer.'),
  );
  const add = h('button', { type: 'button', on: { click: () => tagDialog(place, undefined) } }, 'New limits of a tag');
  return panel('Tags', { actions: add }, ...list);
}

function tagRow(place: Place, tag: TagLimits): HTMLElement {
  const button = (text: string, act: () => void): HTMLElement =>
    h('button', { type: 'button', 'aria-label': `${text} ${tag.id}`, on: { click: act } }, text);
  return h(
    'tr',
    null,
    h('td', { class: 'mono' }, tag.id),
    h('td', null, limitsInWords(tag.limits)),
    h(
      'td',
      { class: 'nowrap' },
      !tag.id.endsWith('=*') && button('Standing', () => void standingDialog(place, tag.id)),
      ' ',
      button('Edit', () => tagDialog(place, tag)),
      ' ',
      button('Remove', () => removeDialog(place, tag.id)),
    ),
  );
}

async function standingDialog(place: Place, id: string): Promise<void> {
  const body = h('div', null, 'Loading …');
  openDialog({ title: id, body, confirm: 'Done', act: async () => undefined });
  try {
    const { standing }: WithStanding<TagLimits> = await place.session.api.get(pathOf(id), { signal: place.signal });
    replace(body, wholeStanding(standing));
  } catch (error) {
    replace(body, errorNotice(error));
  }
}

function tagDialog(place: Place, tag: TagLimits | undefined): void {
  openDialog({
    title: tag ? `Limits of ${tag.id}` : 'New limits of a tag',
    body: [
      tag
        ? undefined
        : textField({
            name: 'id',
            label: 'Tag',
            required: true,
            placeholder: 'project=engine',
            hint: 'name=value, or name=* for each value apart. A value with limits of its own goes by these alone.',
            more: { maxlength: 193 },
          }),
      limitFields(tag?.limits),
    ],
    confirm: 'Save',
    act: async (form) => {
      const id = tag?.id ?? textOf(form, 'id');
      await place.session.api.call('PUT', pathOf(id), { body: limitsOf(form, tag?.limits) ?? {} });
      announce('Saved.');
      place.reload();
    },
  });
}

function removeDialog(place: Place, id: string): void {
  openDialog({
    title: `Remove the limits of ${id}?`,
    body: h('p', null, 'What was spent stays in the ledger, so setting them anew refills no budget.'),
    confirm: 'Remove',
    dangerous: true,
    act: async () => {
      await place.session.api.call('DELETE', pathOf(id));
      announce('Removed.');
      place.reload();
    },
  });
}

function pathOf(id: string): string {
  return `/admin/tags/${encodeURIComponent(id)}`;
}
