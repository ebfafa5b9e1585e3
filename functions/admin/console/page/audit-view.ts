import { type Child, h, replace } from './dom.ts';
import { moment } from './format.ts';
import type { AuditEntry, List } from './shapes.ts';
import { badge, emptyState, errorNotice, type Place, panel, table, type View } from './view.ts';

/** Who changed what. */
export const auditView: View = { id: 'changes', title: 'Changes', needs: '/admin/audit?limit=1', render };

async function render(place: Place): Promise<Child> {
  const entries: AuditEntry[] = [];
  let cursor: string | undefined;
  const list = h('div');
  const more = h('button', { type: 'button', on: { click: () => void load() } }, 'Load more');

  async function load(): Promise<void> {
    try {
      const page: List<AuditEntry> = await place.session.api.get('/admin/audit', { query: { limit: 50, cursor }, signal: place.signal });
      entries.push(...page.data);
      cursor = page.next_cursor ?? undefined;
      more.hidden = cursor === undefined;
      if (entries.length === 0)
        replace(list, emptyState('No changes yet', 'Every change of keys, limits and configuration is written down here.'));
      else replace(list, table('Changes, newest first', ['When', 'Who', 'What', 'Of', 'Change'], entries.map(rowOf)));
    } catch (error) {
      if (!place.signal.aborted)
        replace(
          list,
          errorNotice(error, () => void load()),
        );
    }
  }

  await load();
  return panel(
    'Changes, newest first',
    { note: 'Written before a change is made and completed after it, so that even a change that crashed half-way is seen.' },
    list,
    h('div', { class: 'more' }, more),
  );
}

function rowOf(entry: AuditEntry): HTMLElement {
  return h(
    'tr',
    null,
    h('td', { class: 'nowrap' }, moment(entry.at)),
    h('td', null, entry.actor, h('div', { class: 'fine mono' }, entry.address ?? '')),
    h('td', { class: 'nowrap' }, entry.action, ' ', entry.outcome !== 'done' && badge(entry.outcome, 'warn')),
    h('td', { class: 'mono' }, entry.target),
    h('td', null, differences(entry.before, entry.after)),
  );
}

/** The fields that differ, old and new. */
function differences(before: unknown, after: unknown): Child {
  if (!isRecord(before) || !isRecord(after)) return after === null ? 'removed' : 'made';
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (name) => name !== 'updated_at' && JSON.stringify(before[name]) !== JSON.stringify(after[name]),
  );
  if (names.length === 0) return 'nothing';
  return names.map((name) => h('div', { class: 'mono small' }, `${name}: ${short(before[name])} → ${short(after[name])}`));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function short(value: unknown): string {
  const text = JSON.stringify(value) ?? '–';
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
