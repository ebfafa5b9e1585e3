import { type Child, h, uniqueId } from './dom.ts';

/** What a field of a form is made of. */
export interface FieldOptions {
  readonly name: string;
  readonly label: string;
  readonly value?: string | number | undefined;
  readonly hint?: string;
  readonly type?: string;
  readonly placeholder?: string;
  readonly required?: boolean;
  /** Further attributes of the input. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/** A labelled input. */
export function textField(options: FieldOptions): HTMLElement {
  const id = uniqueId('field');
  return wrapped(
    id,
    options,
    h('input', {
      id,
      name: options.name,
      type: options.type ?? 'text',
      value: options.value,
      placeholder: options.placeholder,
      required: options.required,
      autocomplete: 'off',
      spellcheck: 'false',
      'aria-describedby': options.hint && `${id}-hint`,
      ...options.more,
    }),
  );
}

/** A labelled input for a number. */
export function numberField(options: FieldOptions): HTMLElement {
  return textField({ ...options, type: 'number', more: { min: 0, step: 'any', inputmode: 'decimal', ...options.more } });
}

/** A labelled text of several lines. */
export function areaField(options: FieldOptions & { readonly rows: number }): HTMLElement {
  const id = uniqueId('field');
  const area = h(
    'textarea',
    {
      id,
      name: options.name,
      rows: options.rows,
      placeholder: options.placeholder,
      spellcheck: 'false',
      'aria-describedby': options.hint && `${id}-hint`,
      ...options.more,
    },
    options.value,
  );
  return wrapped(id, options, area);
}

/** A labelled choice of one. */
export function selectField(options: FieldOptions, choices: readonly (readonly [value: string, text: string])[]): HTMLElement {
  const id = uniqueId('field');
  const select = h(
    'select',
    { id, name: options.name, ...options.more },
    choices.map(([value, text]) => h('option', { value, selected: value === options.value }, text)),
  );
  return wrapped(id, options, select);
}

/** A labelled box to tick. */
export function checkField(options: { readonly name: string; readonly label: string; readonly checked: boolean }): HTMLElement {
  return h('label', { class: 'check' }, h('input', { type: 'checkbox', name: options.name, checked: options.checked }), ' ', options.label);
}

function wrapped(id: string, { label, hint }: FieldOptions, control: Child): HTMLElement {
  return h('div', { class: 'field' }, h('label', { for: id }, label), control, hint && h('p', { class: 'hint', id: `${id}-hint` }, hint));
}

/** What stands in a field of a form, trimmed; empty where there is no such field. */
export function textOf(form: HTMLFormElement, name: string): string {
  const value = new FormData(form).get(name);
  return typeof value === 'string' ? value.trim() : '';
}

/** A number in a field; undefined where it is empty. */
export function numberOf(form: HTMLFormElement, name: string): number | undefined {
  const text = textOf(form, name);
  return text === '' ? undefined : Number(text);
}

/** The lines and comma-separated parts of a field; undefined where there are none. */
export function listOf(form: HTMLFormElement, name: string): string[] | undefined {
  const parts = textOf(form, name)
    .split(/[\n,]/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
  return parts.length === 0 ? undefined : parts;
}

/** JSON in a field; undefined where it is empty. @throws Error naming the field where it is no JSON. */
export function jsonOf(form: HTMLFormElement, name: string, label: string): unknown {
  const text = textOf(form, name);
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`${label} is not JSON: ${cause instanceof Error ? cause.message : 'it cannot be read'}`);
  }
}
