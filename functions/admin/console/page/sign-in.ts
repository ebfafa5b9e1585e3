import { baseUrl } from './api.ts';
import { h, replace } from './dom.ts';
import { openSession, type Session } from './session.ts';
import { themeButton } from './theme.ts';
import { errorNotice } from './view.ts';

/** Asks for a key until one opens something. */
export function signIn(root: HTMLElement, opened: (session: Session) => void): void {
  document.title = 'Sluice console';
  const input = h('input', {
    id: 'key',
    name: 'key',
    type: 'password',
    autocomplete: 'off',
    spellcheck: 'false',
    required: true,
    'aria-describedby': 'key-hint',
  });
  const problem = h('div');
  const submit = h('button', { type: 'submit', class: 'primary' }, 'Open');
  const showKey = h('input', {
    type: 'checkbox',
    on: {
      change: () => {
        input.type = showKey.checked ? 'text' : 'password';
      },
    },
  });
  const form = h(
    'form',
    { class: 'panel sign-in', on: { submit: (event) => void tryKey(event) } },
    h('h1', null, h('img', { src: 'console/icon.svg', alt: '', width: 32, height: 32 }), 'Sluice console'),
    h('p', { class: 'fine' }, baseUrl),
    h('div', { class: 'field' }, h('label', { for: 'key' }, 'Admin key or virtual key'), input),
    h('label', { class: 'check' }, showKey, ' Show what I type'),
    problem,
    submit,
    h(
      'p',
      { id: 'key-hint', class: 'hint' },
      'The key stays in this tab: it is sent to this gateway only and forgotten when the tab closes.',
    ),
    h(
      'dl',
      { class: 'hint key-help' },
      h('dt', null, 'Admin key'),
      h(
        'dd',
        null,
        'Sees and changes everything. ',
        h('code', null, 'npm start'),
        ' prints it; in AWS it is in the secret that the deployment names.',
      ),
      h('dt', null, 'Virtual key'),
      h('dd', null, 'Begins with ', h('code', null, 'sk-'), '. Shows its own limits and opens the playground.'),
    ),
  );
  replace(root, h('div', { class: 'corner' }, themeButton()), h('main', { id: 'main', class: 'centred' }, form));
  input.focus();

  async function tryKey(event: Event): Promise<void> {
    event.preventDefault();
    submit.disabled = true;
    replace(problem);
    try {
      opened(await openSession(input.value));
    } catch (error) {
      replace(problem, errorNotice(error));
      submit.disabled = false;
      input.select();
    }
  }
}
