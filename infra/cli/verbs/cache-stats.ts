import * as z from 'zod';
import { count, money } from '../format.ts';
import { textTable } from '../text-table.ts';
import type { Verb } from '../verb.ts';

const countsSchema = z.looseObject({
  calls: z.number(),
  hits: z.number(),
  semantic: z.number(),
  coalesced: z.number(),
  stale: z.number(),
  misses: z.number(),
  hit_rate: z.number().nullable(),
  saved_usd: z.number(),
  saved_seconds: z.number(),
});
const statsSchema = z.looseObject({ total: countsSchema, days: z.array(countsSchema.extend({ day: z.string() })) });

/** `sluice cache stats` */
export const cacheStats: Verb = {
  words: ['cache', 'stats'],
  summary: 'What the cache did and saved, by day (UTC).',
  positionals: [],
  options: {
    from: { type: 'string', value: '<day>', help: 'First day, such as 2027-01-31. Default: six days before the last.' },
    to: { type: 'string', value: '<day>', help: 'Last day. Default: today.' },
  },
  async run({ options, api, output }) {
    const stats = await api.get('/admin/cache/stats', statsSchema, { from: options.text('from'), to: options.text('to') });
    const rows = [...stats.days, ...(stats.days.length > 1 ? [{ ...stats.total, day: 'total' }] : [])];
    output.show(stats, () =>
      textTable(
        rows,
        [
          { title: 'day', cell: (row) => row.day },
          { title: 'calls', cell: (row) => count(row.calls) },
          { title: 'hits', cell: (row) => count(row.hits) },
          { title: 'semantic', cell: (row) => count(row.semantic) },
          { title: 'coalesced', cell: (row) => count(row.coalesced) },
          { title: 'stale', cell: (row) => count(row.stale) },
          { title: 'misses', cell: (row) => count(row.misses) },
          { title: 'hit rate', cell: (row) => (row.hit_rate === null ? '-' : `${(row.hit_rate * 100).toFixed(1)} %`) },
          { title: 'saved', cell: (row) => money(row.saved_usd) },
          { title: 'time saved', cell: (row) => `${count(Math.round(row.saved_seconds))} s` },
        ],
        output.columns,
        'No call went through the cache in this time.',
      ),
    );
  },
};
