import { type Child, h, replace } from './dom.ts';
import type { List } from './shapes.ts';
import { errorNotice, type Place } from './view.ts';

/** A list of the control plane, a page at a time: what `draw` makes of the rows that are loaded, and a button for more of them. */
export async function pagedList<Row>(place: Place, path: string, draw: (rows: readonly Row[]) => Child): Promise<readonly Child[]> {
  const rows: Row[] = [];
  let cursor: string | null = null;
  const list = h('div');
  const more = h(
    'button',
    { type: 'button', on: { click: () => void load().catch((error: unknown) => replace(list, errorNotice(error))) } },
    'Load more',
  );
  async function load(): Promise<void> {
    const page: List<Row> = await place.session.api.get(path, {
      query: { limit: 100, cursor: cursor ?? undefined },
      signal: place.signal,
    });
    rows.push(...page.data);
    cursor = page.next_cursor;
    more.hidden = cursor === null;
    replace(list, draw(rows));
  }
  await load();
  return [list, h('div', { class: 'more' }, more)];
}
