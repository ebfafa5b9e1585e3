import { openDialog } from './dialog.ts';
import { announce, type Child, h } from './dom.ts';
import { moment } from './format.ts';
import { routeQuestion } from './route-question.ts';
import type { ConfigVersion, ConfigWhole, List } from './shapes.ts';
import { badge, copyButton, type Place, panel, table, type View } from './view.ts';

/** The configuration that routes calls. */
export const configView: View = { id: 'config', title: 'Configuration', needs: '/admin/config', render };

type ListedVersion = ConfigVersion & { readonly current: boolean };

async function render(place: Place): Promise<Child> {
  const { api } = place.session;
  const [config, versions]: [ConfigWhole, List<ListedVersion>] = await Promise.all([
    api.get<ConfigWhole>('/admin/config', { signal: place.signal }),
    api.get<List<ListedVersion>>('/admin/config/versions', { query: { limit: 20 }, signal: place.signal }),
  ]);
  const text = config.yaml?.trimEnd() ?? JSON.stringify(config.config, null, 2);
  return [
    routeQuestion(place),
    panel(
      `In force: ${nameOf(config)}`,
      {
        actions: copyButton(() => text),
        note: 'Keys of providers never stand in it, only the names of variables and secrets. It is changed with PUT /admin/config or, as file, with the deployment.',
      },
      h('pre', { class: 'code tall', tabindex: 0, role: 'region', 'aria-label': 'The configuration' }, text),
    ),
    panel(
      'Versions',
      {},
      table(
        'Versions, newest first',
        ['Version', 'Put in place', 'By', 'Note', 'State'],
        versions.data.map((version) => versionRow(place, version)),
      ),
    ),
  ];
}

function nameOf({ version, source }: ConfigVersion): string {
  return version === 0 || source === 'file' ? 'the file of the deployment' : `version ${version}`;
}

function versionRow(place: Place, version: ListedVersion): HTMLElement {
  const note = version.note ?? (version.restored === null ? '' : `goes back to ${version.restored}`);
  return h(
    'tr',
    null,
    h('td', null, version.version, ' ', version.version === 0 && h('span', { class: 'fine' }, 'file of the deployment')),
    h('td', null, version.created_at === null ? 'with the deployment' : moment(version.created_at)),
    h('td', null, version.actor ?? '–'),
    h('td', null, note),
    h('td', null, version.current ? badge('in force', 'good') : rollBackButton(place, version)),
  );
}

function rollBackButton(place: Place, version: ListedVersion): HTMLElement {
  const ask = (): void =>
    openDialog({
      title: `Go back to version ${version.version}?`,
      body: h(
        'p',
        null,
        `What ${nameOf(version)} says is put in place again, as a new version. Calls follow it within ten seconds; those under way end as they began.`,
      ),
      confirm: 'Go back to it',
      act: async () => {
        await place.session.api.call('POST', '/admin/config/rollback', { body: { version: version.version } });
        announce('The configuration is put back.');
        place.reload();
      },
    });
  return h('button', { type: 'button', 'aria-label': `Go back to version ${version.version}`, on: { click: ask } }, 'Go back');
}
