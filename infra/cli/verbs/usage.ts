import { type UsageRowAnswer, usageSchema } from '../call-answers.ts';
import { count, counted, durationSeconds, money, typedMoment } from '../format.ts';
import { sparkline } from '../sparkline.ts';
import { textTable } from '../text-table.ts';
import type { OptionValues, Verb } from '../verb.ts';

const dayMs = 86_400_000;
const hourMs = 3_600_000;

/** Longer rows of bars say no more. */
const mostBars = 31;

/** `sluice usage` */
export const usage: Verb = {
  words: ['usage'],
  summary: 'Show calls, tokens and cost, with their course over time.',
  positionals: [],
  options: {
    by: { type: 'string', value: '<what>', help: 'model (default), provider, key, team, user, organization, end_user, tag or tag:<name>.' },
    since: { type: 'string', value: '<duration>', help: 'How far back, such as 24h or 30d. Default 7d.' },
    from: { type: 'string', value: '<date>', help: 'From this day on, in place of --since.' },
    to: { type: 'string', value: '<date>', help: 'Up to the beginning of this day.' },
    team: { type: 'string', value: '<id>', help: 'Only calls of this team.' },
    key: { type: 'string', value: '<id>', help: 'Only calls with this key.' },
    model: { type: 'string', value: '<model>', help: 'Only calls served by this provider/model.' },
  },
  notes:
    'The bars show cost over time: by the hour up to two days, by the day else. --json and GET /admin/usage?format=csv have every figure.',
  async run({ options, api, output, nowMs }) {
    const by = options.text('by') ?? 'model';
    const range = rangeOf(options, nowMs);
    const filters = { team: options.text('team'), key: options.text('key'), model: options.text('model') };
    const unit = range.toMs - range.fromMs <= 2 * dayMs ? 'hour' : 'day';
    const query = { from: new Date(range.fromMs).toISOString(), to: new Date(range.toMs).toISOString(), ...filters };
    const report = await api.get('/admin/usage', usageSchema, { ...query, group_by: by });
    const course = await api.get('/admin/usage', usageSchema, { ...query, group_by: `${unit},${by}` });
    const bars = barsOf(course.data, { by, unit, ...range });
    output.show(report, () => {
      const table = textTable<UsageRowAnswer>(
        report.data,
        [
          { title: by, cell: (row) => nameOf(row, by), shrinks: true },
          { title: 'calls', cell: (row) => count(row.calls) },
          { title: 'failed', cell: (row) => count(row.errors) },
          { title: 'refused', cell: (row) => count(row.refusals) },
          { title: 'cached', cell: (row) => count(row.cache_hits) },
          { title: 'in', cell: (row) => count(row.input_tokens) },
          { title: 'out', cell: (row) => count(row.output_tokens) },
          { title: 'cost', cell: (row) => money(row.cost_usd) },
          { title: `cost by the ${unit}`, cell: (row) => sparkline(bars.get(nameOf(row, by)) ?? []) },
        ],
        Math.max(output.columns, 100),
        'No calls in this time.',
      );
      const { total } = report;
      return total === null || report.data.length === 0
        ? table
        : `${table}\n\n${counted(total.calls, 'call')}, ${count(total.input_tokens)} tokens in, ${count(total.output_tokens)} out, ${money(total.cost_usd)}`;
    });
  },
};

function rangeOf(options: OptionValues, nowMs: number): { readonly fromMs: number; readonly toMs: number } {
  const since = durationSeconds(options.text('since') ?? '7d', 'since') * 1000;
  const unitMs = since <= 2 * dayMs ? hourMs : dayMs;
  const to = options.text('to');
  const from = options.text('from');
  const toMs = to === undefined ? Math.ceil((nowMs + 1) / unitMs) * unitMs : Date.parse(typedMoment(to, 'to', nowMs, 'back'));
  const fromMs = from === undefined ? Math.ceil((toMs - since) / unitMs) * unitMs : Date.parse(typedMoment(from, 'from', nowMs, 'back'));
  return { fromMs, toMs };
}

/** What each name cost, from the first unit of time to the last. */
function barsOf(
  rows: readonly UsageRowAnswer[],
  view: { readonly by: string; readonly unit: 'hour' | 'day'; readonly fromMs: number; readonly toMs: number },
): Map<string, number[]> {
  const unitMs = view.unit === 'hour' ? hourMs : dayMs;
  const length = Math.ceil((view.toMs - view.fromMs) / unitMs);
  const bars = new Map<string, number[]>();
  for (const row of rows) {
    const name = nameOf(row, view.by);
    const values = bars.get(name) ?? Array.from({ length }, () => 0);
    values[Math.floor((Date.parse(String(row[view.unit])) - view.fromMs) / unitMs)] = row.cost_usd;
    bars.set(name, values);
  }
  for (const [name, values] of bars) bars.set(name, values.slice(-mostBars));
  return bars;
}

function nameOf(row: UsageRowAnswer, by: string): string {
  const name = row[by];
  return typeof name === 'string' ? name : '(none)';
}
