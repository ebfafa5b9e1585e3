import { h, replace } from './dom.ts';
import { day } from './format.ts';
import { renderKeyDetail } from './key-detail.ts';
import { createKeyDialog } from './key-dialogs.ts';
import { keyState } from './key-state.ts';
import { limitsInWords } from './limits.ts';
import type { Key, List } from './shapes.ts';
import { emptyState, errorNotice, hrefTo, type Place, panel, table, type View } from './view.ts';

/** The keys, and each on its own. */
export const keysView: View = {
  id: 'keys',
  title: 'Keys',
  render: (place) => (place.argument === undefined ? renderList(place) : renderKeyDetail(place, place.argument)),
};

const columns = ['Name', 'State', 'Team', 'User', 'Limits', 'Models', 'Created'];

async function renderList(place: Place): Promise<HTMLElement> {
  const { api } = place.session;
  const keys: Key[] = [];
  let cursor: string | null = null;
  const list = h('div');
  const more = h('button', { type: 'button', on: { click: () => void load() } }, 'Load more');
  const search = h('input', {
    type: 'search',
    'aria-label': 'Find among the loaded keys',
    placeholder: 'Name, id, team, user, tag …',
    on: { input: draw },
  });

  async function fetchPage(): Promise<void> {
    const page: List<Key> = await api.get('/admin/keys', { query: { limit: 100, cursor: cursor ?? undefined }, signal: place.signal });
    keys.push(...page.data);
    cursor = page.next_cursor;
    more.hidden = cursor === null;
  }

  async function load(): Promise<void> {
    try {
      await fetchPage();
      draw();
    } catch (error) {
      if (!place.signal.aborted)
        replace(
          list,
          errorNotice(error, () => void load()),
        );
    }
  }

  function draw(): void {
    const wanted = search.value.trim().toLowerCase();
    const found = keys.filter((key) => searchTextOf(key).includes(wanted));
    if (found.length > 0) replace(list, table('Virtual keys', columns, found.map(rowOf)));
    else if (keys.length > 0) replace(list, emptyState('No loaded key matches', 'Shorten the search, or load more.'));
    else
      replace(
        list,
        emptyState(
          'No keys yet',
          'A virtual key is what applications call the gateway with. Make one, with a budget if you like.',
          createButton(),
        ),
      );
  }

  const createButton = (): HTMLElement =>
    h('button', { type: 'button', class: 'primary', on: { click: () => createKeyDialog(place) } }, 'New key');

  await fetchPage();
  draw();
  return panel('Virtual keys', { actions: [search, createButton()] }, list, h('div', { class: 'more' }, more));
}

function searchTextOf(key: Key): string {
  return [key.name, key.id, key.prefix, key.team, key.user, key.organization, ...Object.entries(key.tags ?? {}).flat()]
    .join(' ')
    .toLowerCase();
}

function rowOf(key: Key): HTMLElement {
  return h(
    'tr',
    null,
    h('td', null, h('a', { href: hrefTo('keys', key.id) }, key.name), h('div', { class: 'fine mono' }, `${key.prefix}…`)),
    h('td', null, keyState(key)),
    h('td', null, key.team ?? '–'),
    h('td', null, key.user ?? '–'),
    h('td', null, limitsInWords(key.limits)),
    h('td', { class: 'mono' }, key.models === null ? 'all' : key.models.join(', ')),
    h('td', { class: 'nowrap' }, day(key.created_at)),
  );
}
