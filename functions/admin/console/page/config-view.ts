import { ApiError } from './api.ts';
import { openDialog } from './dialog.ts';
import { announce, type Child, h } from './dom.ts';
import { count, moment } from './format.ts';
import { copyButton, type Place, panel, table, type View } from './view.ts';

/** The configuration that routes calls. */
export const configView: View = { id: 'config', title: 'Configuration', needs: '/admin/config', render };

interface Version {
  readonly version?: number | string;
  readonly id?: string;
  readonly created_at?: string;
  readonly actor?: string;
  readonly current?: boolean;
}

async function render(place: Place): Promise<Child> {
  const [config, versions, cache] = await Promise.all([
    place.session.api.get('/admin/config', { signal: place.signal }),
    optional(place.session.api.get<{ readonly data?: readonly Version[] }>('/admin/config/versions', { signal: place.signal })),
    optional(place.session.api.get<Record<string, unknown>>('/admin/cache/stats', { signal: place.signal })),
  ]);
  const text = JSON.stringify(config, null, 2);
  return [
    panel(
      'In force',
      {
        actions: copyButton(() => text),
        note: 'Secrets are never in it: keys of providers stand as names of variables or secrets. Change it with `sluice config` or PUT /admin/config.',
      },
      h('pre', { class: 'code tall', tabindex: 0, 'aria-label': 'Configuration as JSON' }, text),
    ),
    versions?.data &&
      versions.data.length > 0 &&
      panel(
        'Versions',
        {},
        table(
          'Versions, newest first',
          ['Version', 'Made', 'By', ''],
          versions.data.map((version) => versionRow(place, version)),
        ),
      ),
    cache &&
      panel(
        'Cache',
        {},
        h(
          'dl',
          { class: 'facts' },
          Object.entries(cache).map(([name, value]) =>
            h(
              'div',
              null,
              h('dt', null, name.replaceAll('_', ' ')),
              h('dd', null, typeof value === 'number' ? count(value) : JSON.stringify(value)),
            ),
          ),
        ),
      ),
  ];
}

function versionRow(place: Place, version: Version): HTMLElement {
  const name = version.version ?? version.id ?? '';
  const rollBack = (): void =>
    openDialog({
      title: `Go back to version ${name}?`,
      body: h(
        'p',
        null,
        'The configuration of that version becomes the newest one. Calls follow it within seconds; calls under way end as they began.',
      ),
      confirm: 'Go back to it',
      act: async () => {
        await place.session.api.call('POST', '/admin/config/rollback', { body: { version: name } });
        announce('The configuration is rolled back.');
        place.reload();
      },
    });
  return h(
    'tr',
    null,
    h('td', { class: 'mono' }, name),
    h('td', null, moment(version.created_at)),
    h('td', null, version.actor ?? '–'),
    h('td', null, version.current ? 'in force' : h('button', { type: 'button', on: { click: rollBack } }, 'Go back to it')),
  );
}

/** Undefined where this gateway has no such endpoint. */
async function optional<Answer>(answer: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}
