import { ApiError } from './api.ts';
import { append, type Child, h } from './dom.ts';
import type { Session } from './session.ts';

/** What a view is shown with. */
export interface Place {
  readonly session: Session;
  /** What follows the view's name in the URL's fragment: `#keys/key_1` gives `key_1`. */
  readonly argument: string | undefined;
  /** Aborted when the reader goes elsewhere. */
  readonly signal: AbortSignal;
  /** Shows the place anew, with fresh figures. */
  readonly reload: () => void;
}

/** A section of the console. */
export interface View {
  /** Its name in the URL's fragment. */
  readonly id: string;
  readonly title: string;
  /** Gives what is shown, once what it needs is there. */
  readonly render: (place: Place) => Promise<Child>;
  /** An endpoint without which there is nothing to show; where it answers 404 the section is hidden. */
  readonly needs?: string;
  /** It is reached from other sections only. */
  readonly unlisted?: true;
}

/** The link to a place. */
export function hrefTo(view: string, argument?: string): string {
  return `#${view}${argument === undefined ? '' : `/${encodeURIComponent(argument)}`}`;
}

/** A titled part of a view. */
export function panel(
  title: string,
  props: { readonly actions?: Child; readonly note?: Child; readonly class?: string },
  ...children: Child[]
): HTMLElement {
  const head = h('div', { class: 'panel-head' }, h('h2', null, title), props.actions && h('div', { class: 'actions' }, props.actions));
  return h('section', { class: `panel ${props.class ?? ''}` }, head, props.note && h('p', { class: 'note' }, props.note), ...children);
}

/** What stands where nothing is yet: why, and what to do about it. */
export function emptyState(title: string, text: Child, action?: Child): HTMLElement {
  return h('div', { class: 'empty' }, h('p', { class: 'empty-title' }, title), h('p', null, text), action);
}

const hints: Readonly<Record<string, string>> = {
  invalid_api_key: 'The key may have been rotated or revoked. Use “Forget key” and open the console with the new one.',
  expired_api_key: 'Ask for a new key, or have its end moved.',
  store_unavailable: 'The gateway cannot reach its database right now. This passes; nothing is lost.',
  budget_exceeded: 'The money of this period is spent. It comes back when the period ends, or when somebody raises the budget.',
  budget_held: 'Other calls under way hold what is left. Wait for them to end.',
  rate_limit_exceeded: 'Too many calls at once. Wait a moment.',
  model_not_allowed: 'This key may not call this model. The picker lists those it may.',
};

/** An error as a person can act on it. */
export function errorNotice(error: unknown, retry?: () => void): HTMLElement {
  const known = error instanceof ApiError ? error : undefined;
  const message = error instanceof Error ? error.message : 'The console failed at this.';
  const facts = known && [
    known.status > 0 && `${known.status} ${known.code}`,
    known.retryAfterSeconds !== undefined && `retry in ${known.retryAfterSeconds} s`,
    known.requestId,
  ];
  return h(
    'div',
    { class: 'notice bad', role: 'alert' },
    h('p', { class: 'notice-title' }, message),
    known && hints[known.code] !== undefined && h('p', null, hints[known.code]),
    facts && h('p', { class: 'fine' }, facts.filter(Boolean).join(' · ')),
    retry && h('button', { type: 'button', on: { click: retry } }, 'Try again'),
  );
}

/** A table whose columns scroll sideways on narrow screens, with a caption for screen readers. */
export function table(
  caption: string,
  columns: readonly (string | { readonly text: string; readonly class: string })[],
  rows: readonly Child[],
): HTMLElement {
  const head = columns.map((column) =>
    typeof column === 'string' ? h('th', { scope: 'col' }, column) : h('th', { scope: 'col', class: column.class }, column.text),
  );
  const body = h('tbody');
  append(body, rows);
  return h(
    'div',
    { class: 'table-wrap', tabindex: 0, role: 'region', 'aria-label': caption },
    h('table', null, h('caption', { class: 'visually-hidden' }, caption), h('thead', null, h('tr', null, head)), body),
  );
}

/** A small labelled state. */
export function badge(text: string, tone: 'good' | 'warn' | 'bad' | 'plain' = 'plain'): HTMLElement {
  return h('span', { class: `badge ${tone}` }, text);
}

/** A figure to be seen at a glance. */
export function tile(name: string, value: string, detail: string): HTMLElement {
  return h(
    'div',
    { class: 'tile' },
    h('dt', null, name),
    h('dd', null, h('span', { class: 'tile-value' }, value), h('span', { class: 'fine' }, detail)),
  );
}

/** Pairs of names and values; those without a value are left out. */
export function facts(rows: readonly (readonly [name: string, value: Child])[]): HTMLElement {
  return h(
    'dl',
    { class: 'facts' },
    rows
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([name, value]) => h('div', null, h('dt', null, name), h('dd', null, value))),
  );
}

/** A button that copies text and says so. */
export function copyButton(text: () => string, label = 'Copy'): HTMLButtonElement {
  const button = h('button', { type: 'button', class: 'quiet', on: { click: () => void copy() } }, label);
  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(text());
      button.textContent = 'Copied';
    } catch {
      button.textContent = 'Select it and copy by hand';
    }
    setTimeout(() => {
      button.textContent = label;
    }, 2500);
  }
  return button;
}
