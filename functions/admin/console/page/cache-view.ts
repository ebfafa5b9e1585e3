import { barChart } from './chart.ts';
import { openDialog } from './dialog.ts';
import { announce, type Child, h } from './dom.ts';
import { selectField, textField, textOf } from './fields.ts';
import { count, day, duration, percent, usd } from './format.ts';
import { emptyState, type Place, panel, tile, type View } from './view.ts';

/** What the cache does. */
export const cacheView: View = { id: 'cache', title: 'Cache', needs: '/admin/cache/stats', render };

interface Counts {
  readonly calls: number;
  readonly hits: number;
  readonly semantic: number;
  readonly coalesced: number;
  readonly stale: number;
  readonly misses: number;
  readonly hit_rate: number | null;
  readonly saved_usd: number;
  readonly saved_seconds: number;
  readonly stored: number;
  readonly stored_bytes: number;
}

interface Stats {
  readonly from: string;
  readonly to: string;
  readonly total: Counts;
  readonly days: readonly (Counts & { readonly day: string })[];
}

const shownDays = 30;
const dayMs = 86_400_000;

async function render(place: Place): Promise<Child> {
  const from = new Date(Date.now() - (shownDays - 1) * dayMs).toISOString().slice(0, 10);
  const stats: Stats = await place.session.api.get('/admin/cache/stats', { query: { from }, signal: place.signal });
  const { total } = stats;
  const purge = h('button', { type: 'button', on: { click: () => purgeDialog(place) } }, 'Forget answers');
  if (total.calls === 0) {
    return panel(
      'The cache',
      {},
      emptyState(
        'No call has asked the cache yet',
        'It is off unless a route, a key or a call gives its answers a time to live: ',
        h('code', null, 'cache: { ttl_seconds: 3600 }'),
      ),
    );
  }
  const days = Array.from({ length: shownDays }, (_, index) => new Date(Date.parse(from) + index * dayMs).toISOString().slice(0, 10));
  const byDay = new Map(stats.days.map((counts) => [counts.day, counts]));
  const values = (of: (counts: Counts) => number): number[] => days.map((name) => of(byDay.get(name) ?? none));
  const chart = barChart({
    label: `Calls that asked the cache, last ${shownDays} days`,
    bars: days.map(day),
    ticks: days.map((name) => day(name).replace(/ \d{4}$/, '')),
    series: [
      { name: 'from the cache', values: values(({ hits, semantic, stale }) => hits + semantic + stale) },
      { name: 'shared another call’s answer', values: values(({ coalesced }) => coalesced) },
      { name: 'missed', values: values(({ misses }) => misses) },
    ],
    format: count,
  });
  return [
    h(
      'dl',
      { class: 'tiles' },
      tile('Needed no provider', total.hit_rate === null ? '–' : percent(total.hit_rate), `of ${count(total.calls)} calls`),
      tile('Saved', usd(total.saved_usd), `and ${duration(total.saved_seconds * 1000)} of waiting`),
      tile('Shared', count(total.coalesced), 'waited for the same answer'),
      tile('Answers kept', count(total.stored), `${count(total.stored_bytes)} bytes`),
    ),
    panel(`The last ${shownDays} days`, { actions: purge }, chart),
  ];
}

const none: Counts = {
  calls: 0,
  hits: 0,
  semantic: 0,
  coalesced: 0,
  stale: 0,
  misses: 0,
  hit_rate: null,
  saved_usd: 0,
  saved_seconds: 0,
  stored: 0,
  stored_bytes: 0,
};

function purgeDialog(place: Place): void {
  openDialog({
    title: 'Forget cached answers',
    body: [
      selectField({ name: 'what', label: 'Which', value: 'model' }, [
        ['model', 'of one model'],
        ['namespace', 'of one namespace'],
        ['all', 'all of them'],
      ]),
      textField({ name: 'value', label: 'Its name', hint: 'Left empty where all are forgotten.' }),
    ],
    confirm: 'Forget them',
    dangerous: true,
    act: async (form) => {
      const what = textOf(form, 'what');
      await place.session.api.call('DELETE', '/admin/cache', { query: { [what]: what === 'all' ? 'true' : textOf(form, 'value') } });
      announce('The answers are forgotten.');
      place.reload();
    },
  });
}
