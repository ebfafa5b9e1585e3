import { openDialog, openMessage } from './dialog.ts';
import { announce, type Child, h } from './dom.ts';
import { areaField, listOf, numberField, numberOf, textField, textOf } from './fields.ts';
import { limitFields, limitsOf } from './limits.ts';
import type { Key } from './shapes.ts';
import { copyButton, hrefTo, type Place } from './view.ts';

/** Asks for what a new key needs, makes it, and shows its secret. */
export function createKeyDialog(place: Place): void {
  openDialog({
    title: 'New key',
    body: keyFields(undefined),
    confirm: 'Create key',
    act: async (form) => {
      const created: Key & { readonly key: string } = await place.session.api.call('POST', '/admin/keys', {
        body: withoutNulls(keyOf(form, undefined)),
      });
      showSecret('Key created', created, place);
    },
  });
}

/** Edits everything of a key but its secret. */
export function editKeyDialog(place: Place, key: Key): void {
  openDialog({
    title: `Edit ${key.name}`,
    body: keyFields(key),
    confirm: 'Save',
    act: async (form) => {
      await place.session.api.call('PATCH', `/admin/keys/${encodeURIComponent(key.id)}`, { body: keyOf(form, key) });
      announce('Saved.');
      place.reload();
    },
  });
}

/** Gives a key a new secret and shows it. */
export function rotateKeyDialog(place: Place, key: Key): void {
  openDialog({
    title: `Rotate ${key.name}`,
    body: [
      h('p', null, 'The key gets a new secret. Limits, spend and settings stay as they are.'),
      numberField({
        name: 'grace',
        label: 'Minutes the old secret goes on working',
        value: 60,
        hint: 'Long enough to bring the new one to every place that uses it. 0 ends the old one at once.',
      }),
    ],
    confirm: 'Rotate',
    act: async (form) => {
      const body = { grace_seconds: Math.round((numberOf(form, 'grace') ?? 0) * 60) };
      const rotated: Key & { readonly key: string } = await place.session.api.call(
        'POST',
        `/admin/keys/${encodeURIComponent(key.id)}/rotate`,
        { body },
      );
      showSecret('New secret', rotated, place);
    },
  });
}

/** Revokes a key for good, after its name was typed. */
export function revokeKeyDialog(place: Place, key: Key): void {
  openDialog({
    title: `Revoke ${key.name}?`,
    body: [
      h(
        'p',
        null,
        'Every application that uses this key is refused from now on. This cannot be undone; to stop it for a while, disable it instead.',
      ),
      textField({ name: 'confirmation', label: `Type ${key.name} to confirm`, required: true }),
    ],
    confirm: 'Revoke for good',
    dangerous: true,
    act: async (form) => {
      if (textOf(form, 'confirmation') !== key.name) throw new Error('The name is not the same. Nothing was revoked.');
      await place.session.api.call('DELETE', `/admin/keys/${encodeURIComponent(key.id)}`);
      announce('The key is revoked.');
      location.hash = hrefTo('keys');
    },
  });
}

function showSecret(title: string, record: Key & { readonly key: string }, place: Place): void {
  const secret = h('code', { class: 'secret', tabindex: 0 }, record.key);
  const body = [
    h('p', null, h('strong', null, 'Copy it now: it is shown this once.'), ' The gateway keeps only its hash.'),
    h(
      'div',
      { class: 'secret-row' },
      secret,
      copyButton(() => record.key),
    ),
  ];
  openMessage(title, body, 'I have kept it', () => {
    if (location.hash === hrefTo('keys', record.id)) place.reload();
    else location.hash = hrefTo('keys', record.id);
  });
}

function keyFields(key: Key | undefined): Child {
  const tags = Object.entries(key?.tags ?? {}).map(([name, value]) => `${name}=${value}`);
  return [
    textField({ name: 'name', label: 'Name', value: key?.name, required: true, placeholder: 'batch jobs', more: { maxlength: 128 } }),
    h(
      'div',
      { class: 'grid three' },
      textField({ name: 'team', label: 'Team', value: key?.team ?? undefined }),
      textField({ name: 'user', label: 'User', value: key?.user ?? undefined }),
      textField({ name: 'organization', label: 'Organisation', value: key?.organization ?? undefined }),
    ),
    limitFields(key?.limits),
    areaField({
      name: 'models',
      label: 'Models it may call',
      value: key?.models?.join('\n'),
      rows: 2,
      placeholder: 'openai/*',
      hint: 'One name or pattern a line; * stands for anything, ! before it forbids. Empty means every model.',
    }),
    h(
      'div',
      { class: 'grid two' },
      textField({ name: 'tags', label: 'Tags', value: tags.join(', '), placeholder: 'feature=search, env=prod' }),
      textField({ name: 'expires', label: 'Expires', type: 'datetime-local', value: localTime(key?.expires_at) }),
    ),
  ];
}

function keyOf(form: HTMLFormElement, before: Key | undefined): Record<string, unknown> {
  const expires = textOf(form, 'expires');
  return {
    name: textOf(form, 'name'),
    team: textOf(form, 'team') || null,
    user: textOf(form, 'user') || null,
    organization: textOf(form, 'organization') || null,
    models: listOf(form, 'models') ?? null,
    limits: limitsOf(form, before?.limits) ?? null,
    tags: tagsOf(listOf(form, 'tags')),
    expires_at: expires === '' ? null : new Date(expires).toISOString(),
  };
}

function tagsOf(parts: readonly string[] | undefined): Record<string, string> | null {
  if (!parts) return null;
  return Object.fromEntries(
    parts.map((part) => {
      const at = part.indexOf('=');
      if (at < 1) throw new Error(`Tags are written name=value; “${part}” is not.`);
      return [part.slice(0, at).trim(), part.slice(at + 1).trim()];
    }),
  );
}

function withoutNulls(body: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
}

/** A moment as `datetime-local` wants it: the reader's own time, without a zone. */
function localTime(iso: string | null | undefined): string | undefined {
  if (!iso) return undefined;
  const time = new Date(iso);
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
