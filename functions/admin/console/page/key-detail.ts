import { announce, type Child, h } from './dom.ts';
import { day, moment, until } from './format.ts';
import { editKeyDialog, revokeKeyDialog, rotateKeyDialog } from './key-dialogs.ts';
import { keyState } from './key-state.ts';
import { limitsInWords, wholeStanding } from './limits.ts';
import type { Key, WithStanding } from './shapes.ts';
import { copyButton, errorNotice, facts, hrefTo, type Place, panel } from './view.ts';

/** One key: how it stands, what it is, and what can be done with it. */
export async function renderKeyDetail(place: Place, id: string): Promise<Child> {
  const path = `/admin/keys/${encodeURIComponent(id)}`;
  const key: WithStanding<Key> = await place.session.api.get(path, { signal: place.signal });
  const problem = h('div');
  const button = (text: string, act: () => void, style = ''): HTMLElement =>
    h('button', { type: 'button', class: style, on: { click: act } }, text);

  async function toggle(): Promise<void> {
    try {
      await place.session.api.call('PATCH', path, { body: { disabled: !key.disabled } });
      announce(key.disabled ? 'The key works again.' : 'The key is disabled.');
      place.reload();
    } catch (error) {
      problem.replaceChildren(errorNotice(error));
    }
  }

  const actions = [
    button('Edit', () => editKeyDialog(place, key)),
    button(key.disabled ? 'Enable' : 'Disable', () => void toggle()),
    button('Rotate', () => rotateKeyDialog(place, key)),
    button('Revoke', () => revokeKeyDialog(place, key), 'danger'),
  ];
  return [
    h('p', { class: 'crumbs' }, h('a', { href: hrefTo('keys') }, 'All keys')),
    problem,
    panel(key.name, { actions }, keyFacts(key)),
    panel('Spent, held and left', { actions: button('Refresh', place.reload) }, wholeStanding(key.standing)),
  ];
}

function keyFacts(key: Key): HTMLElement {
  const tags = Object.entries(key.tags ?? {}).map(([name, value]) => `${name}: ${value}`);
  return facts([
    ['State', keyState(key)],
    ['Id', [h('code', null, key.id), ' ', copyButton(() => key.id)]],
    ['Secret begins with', h('code', null, `${key.prefix}…`)],
    ['Team', linkTo('teams', key.team)],
    ['User', linkTo('users', key.user)],
    ['Organisation', linkTo('organizations', key.organization)],
    ['Models', key.models === null ? 'all' : h('code', null, key.models.join(', '))],
    ['Limits', limitsInWords(key.limits)],
    ['Tags', tags.length === 0 ? '–' : tags.join(', ')],
    ['Own defaults', key.defaults === null ? '–' : h('code', null, JSON.stringify(key.defaults))],
    ['Created', moment(key.created_at)],
    ['Expires', key.expires_at === null ? 'never' : `${day(key.expires_at)} (${until(key.expires_at)})`],
    ['Rotated', key.rotated_at === null ? 'never' : moment(key.rotated_at)],
    ...key.replaced_secrets.map((secret) => ['Old secret', `${secret.prefix}… until ${moment(secret.valid_until)}`] as const),
  ]);
}

function linkTo(kind: string, id: string | null): Child {
  return id === null ? '–' : h('a', { href: hrefTo('limits', `${kind}/${id}`) }, id);
}
