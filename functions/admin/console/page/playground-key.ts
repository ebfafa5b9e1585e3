import { Api } from './api.ts';
import { type Child, h, replace } from './dom.ts';
import { textField, textOf } from './fields.ts';
import { keepPlaygroundKey, playgroundKey } from './session.ts';
import type { Key } from './shapes.ts';
import { errorNotice, type Place, panel } from './view.ts';

/** The key the playground calls with, or what asks for one. */
export type PlaygroundAccess = { readonly key: string; readonly note: Child } | { readonly key: undefined; readonly asks: Child };

/** A virtual key is its own access. An admin key opens no models: it needs a virtual one beside it. */
export async function playgroundAccess(place: Place): Promise<PlaygroundAccess> {
  const { session } = place;
  if (session.kind === 'virtual') return { key: session.key, note: undefined };
  const kept = playgroundKey();
  if (kept === undefined) return { key: undefined, asks: askForKey(place) };
  const forget = (): void => {
    keepPlaygroundKey(undefined);
    place.reload();
  };
  const note = h(
    'p',
    { class: 'note' },
    `Calls are made with the virtual key ${kept.slice(0, 11)}… and count against it. `,
    h('button', { type: 'button', class: 'link', on: { click: forget } }, 'Use another key'),
  );
  // A key that was revoked meanwhile must not lock the playground.
  const works = await new Api(kept).get('/v1/key', { signal: place.signal }).then(
    () => true,
    (error: unknown) => {
      if (error instanceof Error && 'status' in error && error.status === 401) return false;
      throw error;
    },
  );
  if (works) return { key: kept, note };
  keepPlaygroundKey(undefined);
  return { key: undefined, asks: askForKey(place) };
}

function askForKey(place: Place): HTMLElement {
  const problem = h('div');
  const use = (key: string): void => {
    keepPlaygroundKey(key);
    place.reload();
  };
  const attempt = async (act: () => Promise<void>): Promise<void> => {
    replace(problem);
    try {
      await act();
    } catch (error) {
      replace(problem, errorNotice(error));
    }
  };
  const make = async (): Promise<void> => {
    const body = {
      name: 'console playground',
      limits: { budgets: [{ amount_usd: 1, period: 'total' }] },
      expires_at: new Date(Date.now() + 3_600_000).toISOString(),
    };
    const created: Key & { readonly key: string } = await place.session.api.call('POST', '/admin/keys', { body });
    use(created.key);
  };
  const check = async (event: Event): Promise<void> => {
    event.preventDefault();
    const key = textOf(form, 'key');
    await new Api(key).get('/v1/key');
    use(key);
  };
  const form = h(
    'form',
    { class: 'row end', on: { submit: (event) => void attempt(() => check(event)) } },
    textField({ name: 'key', label: 'Virtual key', type: 'password', required: true }),
    h('button', { type: 'submit' }, 'Use this key'),
  );
  return panel(
    'Which key shall the calls be made with?',
    { note: 'The admin key manages the gateway and calls no models. Calls count against a virtual key and its limits.' },
    h(
      'div',
      { class: 'row' },
      h('button', { type: 'button', class: 'primary', on: { click: () => void attempt(make) } }, 'Make a key for an hour, with $1'),
      h('span', { class: 'fine' }, 'or'),
    ),
    form,
    problem,
  );
}
