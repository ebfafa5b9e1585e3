import { type Child, h, replace } from './dom.ts';
import { plural, usd } from './format.ts';
import { badge, errorNotice, type Place, table } from './view.ts';

/** What `GET /admin/audit/books` says, as far as it is shown. */
interface Books {
  readonly agree: boolean;
  readonly discrepancies: readonly { readonly where: string; readonly what: string; readonly difference_nano_usd: number }[];
  readonly scopes: readonly unknown[];
  readonly days: readonly { readonly record_calls: number }[];
}

/** A button that proves that records, sums and ledger agree, and the place where it says so. */
export function booksProof(place: Place): { readonly button: HTMLElement; readonly result: HTMLElement } {
  const result = h('div', { 'aria-live': 'polite' });
  const button = h('button', { type: 'button', on: { click: () => void prove() } }, 'Prove the books');
  async function prove(): Promise<void> {
    button.disabled = true;
    try {
      replace(result, verdict(await place.session.api.get<Books>('/admin/audit/books', { signal: place.signal })));
    } catch (error) {
      if (!place.signal.aborted) replace(result, errorNotice(error));
    } finally {
      button.disabled = false;
    }
  }
  return { button, result };
}

function verdict({ agree, discrepancies, scopes, days }: Books): Child {
  const calls = days.reduce((sum, { record_calls }) => sum + record_calls, 0);
  if (agree) {
    const proved = `${plural(calls, 'record')} of the last ${plural(days.length, 'day')} and ${plural(scopes.length, 'budget')}`;
    return h('p', null, badge('they agree', 'good'), ` Records, sums and ledger say the same to the billionth of a dollar: ${proved}.`);
  }
  return [
    h(
      'p',
      null,
      badge('they differ', 'bad'),
      ' Calls that are being settled may show for a moment; prove again before you look for a fault.',
    ),
    table(
      'Differences',
      ['Where', 'What', { text: 'Difference', class: 'number' }],
      discrepancies.map(({ where, what, difference_nano_usd }) =>
        h('tr', null, h('td', { class: 'mono' }, where), h('td', null, what), h('td', { class: 'number' }, usd(difference_nano_usd / 1e9))),
      ),
    ),
  ];
}
