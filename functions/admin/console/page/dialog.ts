import { announce, type Child, h, replace, uniqueId } from './dom.ts';
import { errorNotice } from './view.ts';

/** What a dialog asks for. */
export interface DialogOptions {
  readonly title: string;
  readonly body: Child;
  /** The text of the button that does it. */
  readonly confirm: string;
  /** The button takes something away for good. */
  readonly dangerous?: boolean;
  /** Does it. What it throws is shown and the dialog stays. */
  readonly act: (form: HTMLFormElement) => Promise<void>;
}

/** Opens a modal dialog with a form; Escape and “Cancel” close it. Where it was opened from gets the focus back. */
export function openDialog({ title, body, confirm, dangerous, act }: DialogOptions): void {
  const titleId = uniqueId('dialog');
  const problem = h('div', { class: 'problem' });
  const submit = h('button', { type: 'submit', class: dangerous ? 'danger' : 'primary' }, confirm);
  const form = h(
    'form',
    { on: { submit: (event) => void run(event) } },
    h('h2', { id: titleId }, title),
    h('div', { class: 'dialog-body' }, body),
    problem,
    h('div', { class: 'dialog-foot' }, h('button', { type: 'button', on: { click: () => dialog.close() } }, 'Cancel'), submit),
  );
  const dialog = showModal(titleId, form);

  async function run(event: Event): Promise<void> {
    event.preventDefault();
    submit.disabled = true;
    replace(problem);
    try {
      await act(form);
      dialog.close();
    } catch (error) {
      replace(problem, errorNotice(error));
      problem.scrollIntoView({ block: 'nearest' });
    } finally {
      submit.disabled = false;
    }
  }
}

/** Shows something that is to be read and closed; `done` follows. */
export function openMessage(title: string, body: Child, close: string, done: () => void): void {
  const titleId = uniqueId('dialog');
  const button = h('button', { type: 'button', class: 'primary', on: { click: () => dialog.close() } }, close);
  const content = h(
    'div',
    { class: 'dialog-content' },
    h('h2', { id: titleId }, title),
    h('div', { class: 'dialog-body' }, body),
    h('div', { class: 'dialog-foot' }, button),
  );
  const dialog = showModal(titleId, content);
  dialog.addEventListener('close', done);
  announce(title);
}

function showModal(titleId: string, content: HTMLElement): HTMLDialogElement {
  const opener = document.activeElement;
  const dialog = h('dialog', { 'aria-labelledby': titleId }, content);
  dialog.addEventListener('close', () => {
    dialog.remove();
    if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
