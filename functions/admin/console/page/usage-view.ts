import { booksProof } from './books.ts';
import { barChart, type Series } from './chart.ts';
import { announce, type Child, h, replace } from './dom.ts';
import { selectField, textOf } from './fields.ts';
import { count, duration, percent, usd } from './format.ts';
import { keyNames } from './key-names.ts';
import { type Measure, measures, spansOf, type UsageReport, type UsageRow, type UsageSums } from './usage.ts';
import { badge, emptyState, errorNotice, hrefTo, type Place, panel, table, type View } from './view.ts';

/** What was used, over time and by whom. */
export const usageView: View = { id: 'usage', title: 'Usage', needs: '/admin/usage', render };

const ranges = {
  day: { name: 'Last 24 hours', days: 1 },
  week: { name: 'Last 7 days', days: 7 },
  month: { name: 'Last 30 days', days: 30 },
  quarter: { name: 'Last 90 days', days: 90 },
} as const;
const groups = {
  model: 'Model',
  key: 'Key',
  team: 'Team',
  user: 'User',
  organization: 'Organisation',
  provider: 'Provider',
  end_user: 'End user',
  tag: 'Tag',
} as const;
type Group = keyof typeof groups;

/** So many groups have a colour of their own; the rest is one. */
const mostSeries = 7;

interface Choice {
  readonly range: keyof typeof ranges;
  readonly group: Group;
  readonly measure: Measure;
}

async function render(place: Place): Promise<Child> {
  const result = h('div', { class: 'stack' });
  const form = h(
    'form',
    { class: 'row filters', on: { change: () => void load() } },
    selectField(
      { name: 'range', label: 'Time', value: 'month' },
      Object.entries(ranges).map(([id, { name }]) => [id, name]),
    ),
    selectField({ name: 'group', label: 'Split by', value: place.argument ?? 'model' }, Object.entries(groups)),
    selectField(
      { name: 'measure', label: 'Show', value: 'cost' },
      Object.entries(measures).map(([id, { name }]) => [id, name]),
    ),
  );

  async function load(): Promise<void> {
    const choice = choiceOf(form);
    try {
      const [report, names] = await Promise.all([fetchReport(place, choice), choice.group === 'key' ? keyNames(place) : undefined]);
      replace(
        result,
        draw(place, choice, report, (value) => names?.get(value) ?? value),
      );
      announce(`${measures[choice.measure].name} by ${groups[choice.group].toLowerCase()}.`);
    } catch (error) {
      if (!place.signal.aborted)
        replace(
          result,
          errorNotice(error, () => void load()),
        );
    }
  }

  await load();
  const books = booksProof(place);
  return [
    panel(
      'What was used',
      { actions: books.button, note: 'Exact up to the last call that ended. Days and hours are UTC.' },
      books.result,
      form,
    ),
    result,
  ];
}

function choiceOf(form: HTMLFormElement): Choice {
  const pick = <Name extends string>(among: Readonly<Record<Name, unknown>>, name: string, otherwise: Name): Name => {
    const value = textOf(form, name);
    for (const candidate in among) if (candidate === value) return candidate;
    return otherwise;
  };
  return { range: pick(ranges, 'range', 'month'), group: pick(groups, 'group', 'model'), measure: pick(measures, 'measure', 'cost') };
}

function spanOf({ range }: Choice): 'hour' | 'day' {
  return range === 'day' ? 'hour' : 'day';
}

function queryOf(choice: Choice): Record<string, string> {
  const span = spanOf(choice);
  const unitMs = span === 'hour' ? 3_600_000 : 86_400_000;
  const toMs = (Math.floor(Date.now() / unitMs) + 1) * unitMs;
  return {
    from: new Date(toMs - ranges[choice.range].days * 86_400_000).toISOString(),
    to: new Date(toMs).toISOString(),
    group_by: `${span},${choice.group}`,
  };
}

function fetchReport(place: Place, choice: Choice): Promise<UsageReport> {
  return place.session.api.get('/admin/usage', { query: queryOf(choice), signal: place.signal });
}

function draw(place: Place, choice: Choice, report: UsageReport, nameOf: (value: string) => string): Child {
  if (report.data.length === 0) {
    return emptyState(
      'No calls in this time',
      'Choose a longer time, or make a first call in the playground.',
      h('a', { href: hrefTo('playground') }, 'Open the playground'),
    );
  }
  const byGroup = Map.groupBy(report.data, (row) => row[choice.group] ?? null);
  const { of, name } = measures[choice.measure];
  const sums = [...byGroup]
    .map(([value, rows]) => ({
      value,
      label: value === null ? `no ${groups[choice.group].toLowerCase()}` : nameOf(String(value)),
      rows,
      sum: addUp(rows),
    }))
    .sort((one, other) => of(other.sum) - of(one.sum));
  const format = choice.measure === 'cost' ? usd : count;
  const span = spanOf(choice);
  const spans = spansOf(report, span);
  const isoSpans = spans.map((text) => (span === 'hour' ? text : `${text}T00:00:00Z`));
  const series: Series[] = sums.slice(0, mostSeries).map(({ label, rows }) => ({ name: label, values: valuesOf(rows, spans, span, of) }));
  const rest = sums.slice(mostSeries);
  if (rest.length > 0)
    series.push({
      name: `${rest.length} more`,
      values: valuesOf(
        rest.flatMap(({ rows }) => rows),
        spans,
        span,
        of,
      ),
    });
  const chart = barChart({
    label: `${name} by ${groups[choice.group].toLowerCase()}, ${ranges[choice.range].name.toLowerCase()}`,
    bars: isoSpans.map((iso) => spanName(iso, span)),
    ticks: isoSpans.map((iso) => (span === 'hour' ? iso.slice(11, 16) : spanName(iso, span).replace(/ \d{4}$/, ''))),
    series,
    format,
  });
  const save = h('button', { type: 'button', on: { click: () => void download(place, choice) } }, 'Download CSV');
  return [
    panel(`${name} over time`, {}, chart),
    panel(`By ${groups[choice.group].toLowerCase()}`, { actions: save }, totals(choice, sums, report.total)),
  ];
}

function valuesOf(rows: readonly UsageRow[], spans: readonly string[], span: 'hour' | 'day', of: (row: UsageSums) => number): number[] {
  const values = new Map<unknown, number>();
  for (const row of rows) values.set(row[span], (values.get(row[span]) ?? 0) + of(row));
  return spans.map((name) => values.get(name) ?? 0);
}

function spanName(iso: string, span: 'hour' | 'day'): string {
  const date = new Date(iso).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });
  return span === 'hour' ? `${date}, ${iso.slice(11, 16)} UTC` : date;
}

function addUp(rows: readonly UsageSums[]): UsageSums {
  const sum = (of: (row: UsageSums) => number): number => rows.reduce((total, row) => total + of(row), 0);
  const calls = sum((row) => row.calls);
  return {
    calls,
    errors: sum((row) => row.errors),
    refusals: sum((row) => row.refusals),
    cache_hits: sum((row) => row.cache_hits),
    fallbacks: sum((row) => row.fallbacks),
    input_tokens: sum((row) => row.input_tokens),
    cached_input_tokens: sum((row) => row.cached_input_tokens),
    output_tokens: sum((row) => row.output_tokens),
    cost_usd: sum((row) => row.cost_usd),
    saved_usd: sum((row) => row.saved_usd),
    unpriced_calls: sum((row) => row.unpriced_calls),
    average_ms: calls === 0 ? 0 : sum((row) => row.average_ms * row.calls) / calls,
  };
}

interface GroupSum {
  readonly value: string | number | null;
  readonly label: string;
  readonly sum: UsageSums;
}

function totals(choice: Choice, sums: readonly GroupSum[], total: UsageSums | null): HTMLElement {
  const number = (text: string): { text: string; class: string } => ({ text, class: 'number' });
  const columns = [
    groups[choice.group],
    number('Cost'),
    number('Calls'),
    number('Tokens in'),
    number('Tokens out'),
    number('Errors'),
    number('Refused'),
    number('Cache hits'),
    number('Average time'),
  ];
  const rows = sums.map(({ value, label, sum }, index) => {
    const name = choice.group === 'key' && typeof value === 'string' ? h('a', { href: hrefTo('keys', value) }, label) : label;
    return figuresRow(
      [
        h('span', { class: `dot c${Math.min(index, mostSeries)}`, 'aria-hidden': 'true' }),
        name,
        sum.unpriced_calls > 0 && [' ', badge(`${count(sum.unpriced_calls)} unpriced`, 'warn')],
      ],
      sum,
    );
  });
  if (total) rows.push(figuresRow(h('strong', null, 'All'), total));
  return table(`Usage by ${groups[choice.group].toLowerCase()}`, columns, rows);
}

function figuresRow(name: Child, sum: UsageSums): HTMLElement {
  const figure = (text: string): HTMLElement => h('td', { class: 'number' }, text);
  const share = (part: number): string => (part === 0 ? '0' : `${count(part)} (${percent(part / sum.calls)})`);
  return h(
    'tr',
    null,
    h('th', { scope: 'row' }, name),
    figure(usd(sum.cost_usd)),
    figure(count(sum.calls)),
    figure(count(sum.input_tokens)),
    figure(count(sum.output_tokens)),
    figure(share(sum.errors)),
    figure(share(sum.refusals)),
    figure(share(sum.cache_hits)),
    figure(duration(sum.average_ms)),
  );
}

async function download(place: Place, choice: Choice): Promise<void> {
  const response = await place.session.api.send('GET', '/admin/usage', { query: { ...queryOf(choice), format: 'csv' } });
  const url = URL.createObjectURL(await response.blob());
  h('a', { href: url, download: `usage-by-${choice.group}.csv` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
