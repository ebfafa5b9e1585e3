import type { Child } from './dom.ts';
import { h, replace } from './dom.ts';
import { count, day, until, usd } from './format.ts';
import { limitsInWords, spentInAll, standingBars } from './limits.ts';
import { type CallReceipt, receiptPanels } from './receipt.ts';
import { recentCalls } from './recent-calls.ts';
import type { ListedModel, OwnKey } from './shapes.ts';
import { emptyState, errorNotice, facts, hrefTo, type Place, panel, table, type View } from './view.ts';

/** A virtual key seen by who holds it. */
export const ownKeyView: View = { id: 'key', title: 'This key', render: renderOwnKey };

/** What a virtual key may call. */
export const modelsView: View = { id: 'models', title: 'Models', render: renderModels };

/** Receipts of calls. */
export const receiptsView: View = { id: 'receipts', title: 'Receipts', render: renderReceipts };

async function renderOwnKey(place: Place): Promise<Child> {
  const key: OwnKey = await place.session.api.get('/v1/key', { signal: place.signal });
  const refresh = h('button', { type: 'button', on: { click: place.reload } }, 'Refresh');
  const scopes = key.scopes.filter((scope) => !(scope.kind === 'key' && scope.model_pattern === null));
  const own = standingBars(key);
  return [
    panel(
      key.name,
      {},
      facts([
        ['Id', h('code', null, key.id)],
        ['Begins with', h('code', null, `${key.prefix}…`)],
        ['Team', key.team],
        ['User', key.user],
        ['Organisation', key.organization],
        ['Models', key.models === null ? 'all' : h('code', null, key.models.join(', '))],
        ['Limits', limitsInWords(key.limits)],
        ['Expires', key.expires_at === null ? 'never' : `${day(key.expires_at)} (${until(key.expires_at)})`],
      ]),
    ),
    panel(
      'Spent, held and left',
      { actions: refresh, note: 'Held is the most that calls under way may cost; what they do not use comes back when they end.' },
      spentInAll(key),
      own.length > 0
        ? own
        : h(
            'p',
            { class: 'fine' },
            'This key itself is not limited. What limits its team, user or organisation stands below, where there is anything.',
          ),
    ),
    scopes.map((scope) =>
      panel(
        `${scope.kind === 'key' ? 'This key' : `${scope.kind} ${scope.id}`}${scope.model_pattern === null ? '' : `, models like ${scope.model_pattern}`}`,
        {},
        ...standingBars(scope),
      ),
    ),
  ];
}

async function renderModels(place: Place): Promise<Child> {
  const { data }: { readonly data: readonly ListedModel[] } = await place.session.api.get('/v1/models', { signal: place.signal });
  const list = h('div');
  const search = h('input', { type: 'search', 'aria-label': 'Find a model', placeholder: 'Find …', on: { input: draw } });
  function draw(): void {
    const found = data.filter(({ id }) => id.toLowerCase().includes(search.value.trim().toLowerCase()));
    const columns = [
      'Model',
      { text: 'Input, USD per million', class: 'number' },
      { text: 'Output, USD per million', class: 'number' },
      { text: 'Context', class: 'number' },
      { text: 'Longest answer', class: 'number' },
      'Goes to',
    ];
    replace(
      list,
      found.length > 0
        ? table('Models this key may call', columns, found.map(modelRow))
        : emptyState('No model matches', 'Any provider/model the gateway knows can be called, listed or not.'),
    );
  }
  draw();
  return panel(`${data.length} models`, { actions: search }, list);
}

function modelRow(model: ListedModel): HTMLElement {
  return h(
    'tr',
    null,
    h('td', { class: 'mono' }, model.id),
    h('td', { class: 'number' }, model.pricing ? usd(model.pricing.input) : '–'),
    h('td', { class: 'number' }, model.pricing ? usd(model.pricing.output) : '–'),
    h('td', { class: 'number' }, count(model.context_length)),
    h('td', { class: 'number' }, count(model.max_output_tokens)),
    h('td', { class: 'mono small' }, model.targets?.join(' › ') ?? ''),
  );
}

async function renderReceipts(place: Place): Promise<Child> {
  const { argument } = place;
  const found = h('div');
  const input = h('input', {
    type: 'search',
    id: 'receipt-id',
    required: true,
    value: argument,
    placeholder: 'req_…',
    spellcheck: 'false',
  });
  const go = (event: Event): void => {
    event.preventDefault();
    location.hash = hrefTo('receipts', input.value.trim());
  };
  const form = h(
    'form',
    { class: 'row end', on: { submit: go } },
    h('div', { class: 'field' }, h('label', { for: 'receipt-id' }, 'Request id'), input),
    h('button', { type: 'submit' }, 'Show'),
  );
  const recent = recentCalls();
  if (argument !== undefined) {
    try {
      const { data }: { readonly data: CallReceipt } = await place.session.api.get('/v1/generation', {
        query: { id: argument },
        signal: place.signal,
      });
      replace(found, receiptPanels(data));
    } catch (error) {
      replace(found, errorNotice(error, place.reload));
    }
  }
  return [
    panel(
      'One call',
      {
        note: 'Every answer carries its id in the header x-sluice-request-id. The receipt says what it used, what it cost and which way it took.',
      },
      form,
    ),
    recent.length > 0 &&
      panel(
        'Calls from this tab’s playground',
        {},
        h(
          'ul',
          { class: 'plain' },
          recent.map((id) => h('li', null, h('a', { class: 'mono', href: hrefTo('receipts', id) }, id))),
        ),
      ),
    found,
  ];
}
