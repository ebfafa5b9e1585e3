import { type Child, h, replace } from './dom.ts';
import { selectField, textField, textOf } from './fields.ts';
import { count, duration, moment, usd } from './format.ts';
import { type CallReceipt, endingBadge, receiptPanels, wayOf } from './receipt.ts';
import type { List } from './shapes.ts';
import { emptyState, errorNotice, hrefTo, type Place, panel, table, type View } from './view.ts';

/** Calls as they end, and each on its own. */
export const requestsView: View = {
  id: 'requests',
  title: 'Requests',
  needs: '/admin/requests?limit=1',
  render: (place) => (place.argument === undefined ? renderList(place) : renderOne(place, place.argument)),
};

const pollMs = 2500;
const pageSize = 40;

const endings = [
  ['', 'any'],
  ['answered', 'answered'],
  ['refused', 'refused'],
  ['failed', 'failed'],
  ['client_gone', 'client left'],
  ['truncated', 'cut at budget'],
  ['crashed', 'crashed'],
] as const;

async function renderOne(place: Place, id: string): Promise<Child> {
  const call: CallReceipt = await place.session.api.get(`/admin/requests/${encodeURIComponent(id)}`, { signal: place.signal });
  return [h('p', { class: 'crumbs' }, h('a', { href: hrefTo('requests') }, 'All requests')), receiptPanels(call, { admin: true })];
}

async function renderList(place: Place): Promise<Child> {
  const list = h('div', { 'aria-busy': 'false' });
  const more = h('button', { type: 'button', hidden: true, on: { click: () => void loadOlder() } }, 'Older ones');
  const live = h('input', { type: 'checkbox', checked: true });
  const form = h(
    'form',
    { class: 'row filters', on: { change: () => void refresh(), submit: (event) => event.preventDefault() } },
    selectField({ name: 'ending', label: 'Ended', value: '' }, endings),
    textField({ name: 'status', label: 'Status', placeholder: '429 or 5xx' }),
    textField({ name: 'model', label: 'Model', placeholder: 'openai/gpt-5' }),
    textField({ name: 'key', label: 'Key id', placeholder: 'key_…' }),
    textField({ name: 'session', label: 'Session' }),
    h('label', { class: 'check' }, live, ' Live'),
  );
  let calls: readonly CallReceipt[] = [];
  let cursor: string | null = null;
  let older = false;

  const read = (after: string | undefined): Promise<List<CallReceipt>> => {
    const filter = Object.fromEntries(['ending', 'status', 'model', 'key', 'session'].map((name) => [name, textOf(form, name)]));
    return place.session.api.get('/admin/requests', { query: { ...filter, limit: pageSize, cursor: after }, signal: place.signal });
  };

  async function refresh(): Promise<void> {
    try {
      const page = await read(undefined);
      const newest = page.data[0]?.id;
      const same = newest === calls[0]?.id && page.data.length === calls.length;
      calls = page.data;
      cursor = page.next_cursor;
      older = false;
      if (!same || list.childElementCount === 0) draw();
    } catch (error) {
      if (!place.signal.aborted)
        replace(
          list,
          errorNotice(error, () => void refresh()),
        );
    }
  }

  async function loadOlder(): Promise<void> {
    if (cursor === null) return;
    const page = await read(cursor);
    calls = [...calls, ...page.data];
    cursor = page.next_cursor;
    older = true;
    draw();
  }

  function draw(): void {
    more.hidden = cursor === null;
    if (calls.length > 0) replace(list, callTable(calls));
    else
      replace(
        list,
        emptyState(
          'No requests here',
          'None match in the last 31 days. A call shows up here the moment it has ended.',
          h('a', { href: hrefTo('playground') }, 'Make one in the playground'),
        ),
      );
  }

  // Whoever reads older ones, or another tab, is not disturbed.
  const timer = setInterval(() => {
    if (live.checked && !older && !document.hidden) void refresh();
  }, pollMs);
  place.signal.addEventListener('abort', () => clearInterval(timer));
  await refresh();
  return panel(
    'Requests, newest first',
    { note: 'Each call with its way through the gateway: limits, cache, and every attempt at a provider.' },
    form,
    list,
    h('div', { class: 'more' }, more),
  );
}

/** A table of calls with their ways. */
export function callTable(calls: readonly CallReceipt[]): HTMLElement {
  const columns = [
    'When',
    'Ended',
    'Model',
    'Way',
    { text: 'Tokens in / out', class: 'number' },
    { text: 'Cost', class: 'number' },
    { text: 'First token', class: 'number' },
    { text: 'Whole', class: 'number' },
  ];
  return table('Requests', columns, calls.map(callRow));
}

function callRow(call: CallReceipt): HTMLElement {
  const { usage } = call;
  return h(
    'tr',
    null,
    h('td', { class: 'nowrap' }, h('a', { href: hrefTo('requests', call.id), title: call.id }, moment(call.created_at))),
    h('td', null, endingBadge(call)),
    h('td', { class: 'mono' }, call.model ?? '–'),
    h('td', null, wayOf(call)),
    h('td', { class: 'number' }, `${count(usage.input_tokens)} / ${count(usage.output_tokens)}`),
    h('td', { class: 'number' }, call.cost_usd === null ? 'no price' : usd(call.cost_usd)),
    h('td', { class: 'number' }, duration(call.first_token_ms)),
    h('td', { class: 'number' }, duration(call.duration_ms)),
  );
}
