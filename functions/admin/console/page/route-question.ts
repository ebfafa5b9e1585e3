import { h, replace } from './dom.ts';
import { numberField, numberOf, textField, textOf } from './fields.ts';
import { usd } from './format.ts';
import { badge, errorNotice, type Place, panel, table } from './view.ts';

/** What `POST /admin/route/explain` says, as far as it is shown. */
interface Explanation {
  readonly model: string;
  readonly targets: readonly {
    readonly position: number;
    readonly target: string;
    readonly why: string | null;
    readonly estimated_cost_usd: number | null;
    readonly health: Health | readonly Health[] | undefined;
  }[];
  readonly left_out: readonly { readonly target: string; readonly reason: string }[];
}

interface Health {
  readonly region?: string;
  readonly breaker: string;
  readonly reason: string | null;
}

/** Asks where a call would go. Nothing is sent to any provider. */
export function routeQuestion(place: Place): HTMLElement {
  const answer = h('div', { 'aria-live': 'polite' });
  const form = h(
    'form',
    { class: 'row filters', on: { submit: (event) => void ask(event) } },
    textField({ name: 'model', label: 'Model or route', required: true, placeholder: 'smart' }),
    textField({ name: 'key', label: 'With the key', placeholder: 'key_…, or any' }),
    numberField({ name: 'input', label: 'Input tokens', value: 1000, more: { step: 1 } }),
    h('button', { type: 'submit' }, 'Explain'),
  );

  async function ask(event: Event): Promise<void> {
    event.preventDefault();
    const key = textOf(form, 'key');
    const body = { model: textOf(form, 'model'), ...(key !== '' && { key }), input_tokens: numberOf(form, 'input') ?? 1000 };
    try {
      replace(
        answer,
        explanation(await place.session.api.call<Explanation>('POST', '/admin/route/explain', { body, signal: place.signal })),
      );
    } catch (error) {
      if (!place.signal.aborted) replace(answer, errorNotice(error));
    }
  }

  return panel('Where would a call go?', { note: 'Which targets are tried, in which order and why. Nothing is sent.' }, form, answer);
}

function explanation({ model, targets, left_out }: Explanation): HTMLElement {
  const tried = targets.map((target) =>
    h(
      'tr',
      null,
      h('td', null, target.position),
      h('td', { class: 'mono' }, target.target),
      h('td', null, target.why ?? ''),
      h('td', null, healthBadges(target.health)),
      h('td', { class: 'number' }, usd(target.estimated_cost_usd)),
    ),
  );
  const skipped = left_out.map(({ target, reason }) =>
    h(
      'tr',
      null,
      h('td', null, '–'),
      h('td', { class: 'mono' }, target),
      h('td', null, reason),
      h('td', null, badge('left out', 'warn')),
      h('td', { class: 'number' }, ''),
    ),
  );
  return table(`Where ${model} goes`, ['Order', 'Target', 'Why', 'Health', { text: 'About', class: 'number' }], [...tried, ...skipped]);
}

function healthBadges(health: Health | readonly Health[] | undefined): HTMLElement[] {
  const lanes = health === undefined ? [] : 'breaker' in health ? [health] : [...health];
  return lanes.map(({ region, breaker, reason }) => {
    const where = region === undefined ? '' : `${region}: `;
    if (breaker === 'closed') return badge(`${where}well`, 'good');
    return badge(
      `${where}${breaker === 'open' ? 'not asked' : 'on trial'}${reason === null ? '' : `: ${reason.replaceAll('_', ' ')}`}`,
      breaker === 'open' ? 'bad' : 'warn',
    );
  });
}
