import { ApiError } from './api.ts';
import { budgetsInUse } from './budgets-in-use.ts';
import { barChart } from './chart.ts';
import { type Child, h } from './dom.ts';
import { count, percent, usd } from './format.ts';
import { budgetBar, periodNames } from './limits.ts';
import type { CallReceipt } from './receipt.ts';
import { callTable } from './requests-view.ts';
import type { List } from './shapes.ts';
import { spansOf, type UsageReport, type UsageSums } from './usage.ts';
import { emptyState, hrefTo, type Place, panel, tile, type View } from './view.ts';

/** What somebody wants to know first. */
export const overviewView: View = { id: 'overview', title: 'Overview', render };

const dayMs = 86_400_000;
const shownDays = 30;

async function render(place: Place): Promise<Child> {
  const { api } = place.session;
  const tomorrow = (Math.floor(Date.now() / dayMs) + 1) * dayMs;
  const since = new Date(Date.now() - dayMs).toISOString();
  const [usage, failures, budgets] = await Promise.all([
    there(
      api.get<UsageReport>('/admin/usage', {
        query: { from: new Date(tomorrow - shownDays * dayMs).toISOString(), to: new Date(tomorrow).toISOString(), group_by: 'day' },
        signal: place.signal,
      }),
    ),
    there(api.get<List<CallReceipt>>('/admin/requests', { query: { ending: 'failed', limit: 5, from: since }, signal: place.signal })),
    budgetsInUse(place),
  ]);
  return [
    usage && usagePanels(usage),
    panel(
      'Budgets, fullest first',
      { actions: h('a', { href: hrefTo('limits') }, 'Teams & limits') },
      budgets.length > 0
        ? budgets.map(({ name, href, budget }) => budgetBar(budget, [h('a', { href }, name), ` ${periodNames[budget.period]}`]))
        : emptyState(
            'No budgets are set',
            'Give a key, a team or the whole gateway a budget, and it is kept to the cent.',
            h('a', { href: hrefTo('keys') }, 'Keys'),
          ),
    ),
    failures &&
      panel(
        'Failed in the last 24 hours',
        { actions: h('a', { href: hrefTo('requests') }, 'All requests') },
        failures.data.length > 0 ? callTable(failures.data) : h('p', { class: 'note' }, 'None. Everything that was let in was answered.'),
      ),
  ];
}

function usagePanels(usage: UsageReport): Child {
  const days = spansOf(usage, 'day');
  const rows = new Map(usage.data.map((row) => [String(row.day), row]));
  const month = new Date().toISOString().slice(0, 7);
  const today = rows.get(new Date().toISOString().slice(0, 10));
  const ofMonth = usage.data.filter((row) => String(row.day).startsWith(month));
  const sum = (among: readonly UsageSums[], of: (row: UsageSums) => number): number => among.reduce((total, row) => total + of(row), 0);
  const calls = today?.calls ?? 0;
  const share = (part: number): string => (calls === 0 ? '–' : percent(part / calls));
  return [
    h(
      'dl',
      { class: 'tiles' },
      tile('Cost today', usd(today?.cost_usd ?? 0), `${usd(sum(ofMonth, (row) => row.cost_usd))} this month`),
      tile('Calls today', count(calls), `${count(sum(ofMonth, (row) => row.calls))} this month`),
      tile('Errors today', share(today?.errors ?? 0), `${count(today?.errors ?? 0)} failed, ${count(today?.refusals ?? 0)} refused`),
      tile('Cache hits today', share(today?.cache_hits ?? 0), `${usd(sum(ofMonth, (row) => row.saved_usd))} saved this month`),
      tile(
        'Tokens today',
        count((today?.input_tokens ?? 0) + (today?.output_tokens ?? 0)),
        `${count(today?.input_tokens ?? 0)} in, ${count(today?.output_tokens ?? 0)} out`,
      ),
      tile('Fallbacks today', count(today?.fallbacks ?? 0), 'another target answered'),
    ),
    panel(
      `Cost of the last ${shownDays} days`,
      { actions: h('a', { href: hrefTo('usage') }, 'Usage by model, key and team') },
      barChart({
        label: `Cost a day over the last ${shownDays} days`,
        bars: days.map(dayName),
        ticks: days.map((day) => dayName(day).replace(/ \d{4}$/, '')),
        series: [{ name: 'Cost a day, UTC', values: days.map((day) => rows.get(day)?.cost_usd ?? 0) }],
        format: usd,
      }),
    ),
  ];
}

function dayName(day: string): string {
  return new Date(`${day}T00:00:00Z`).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });
}

/** Undefined where this gateway has no such endpoint. */
async function there<Answer>(answer: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}
