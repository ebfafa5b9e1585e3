import { describe, expect, it } from 'vitest';
import { type BudgetWidgetParts, budgetWidget } from '../../functions/admin/budget-widget.ts';
import type { Standing } from '../../shared/admission/ledger.ts';
import type { Scope } from '../../shared/admission/scopes.ts';
import type { TagLimits } from '../../shared/control/tag-limits.ts';
import { noUsage } from '../../shared/telemetry/usage-counters.ts';

const now = Date.parse('2026-11-20T12:00:00Z');
const limits = { budgets: [{ amount_usd: 10, period: 'month' as const }] };
const group = (id: string) => ({ id, limits, createdAtMs: 0, updatedAtMs: 0, revision: 1 });

/** Spending by scope, in dollars. */
function widget(spent: Readonly<Record<string, number>>, tagLimits: TagLimits['tags'] = {}) {
  const parts: BudgetWidgetParts = {
    store: {
      listKeys: async () => ({ items: [] }),
      listGroups: async (kind) => ({ items: kind === 'team' ? Object.keys(spent).map(group) : [] }),
      findSharedLimits: async () => undefined,
      findTagLimits: async () => ({ tags: tagLimits, updatedAtMs: 0, revision: 1 }),
    },
    ledger: {
      read: async (scopes: readonly Scope[]): Promise<Standing[]> =>
        scopes.map((scope) => ({
          scope,
          budgets: [
            { period: 'month', limitNanoUsd: 10e9, spentNanoUsd: (spent[scope.name] ?? 0) * 1e9, heldNanoUsd: 5e8, resetsAtMs: now },
            { period: 'total', limitNanoUsd: undefined, spentNanoUsd: 0, heldNanoUsd: 0, resetsAtMs: undefined },
          ],
          requests: undefined,
          tokens: undefined,
          parallel: { limit: undefined, underWay: 0 },
          shards: 1,
        })),
    },
    usage: {
      read: async ({ span, fromMs, toMs }) => {
        expect([span, new Date(fromMs).toISOString(), new Date(toMs).toISOString()]).toEqual([
          'day',
          '2026-11-01T00:00:00.000Z',
          '2026-11-21T00:00:00.000Z',
        ]);
        const sum = (time: string, calls: number, usd: number) => ({
          time,
          name: time,
          dimensions: {},
          counters: { ...noUsage(), calls, costNanoUsd: usd * 1e9 },
        });
        return [sum('2026-11-03', 1_000, 100), sum('2026-11-20', 300, 30)];
      },
    },
    clock: () => now,
  };
  return budgetWidget(async () => parts);
}

describe('the budget widget', () => {
  it('says what the month has cost so far, today, and by its end if it goes on so', async () => {
    // 19.5 of 30 days have passed.
    expect(await widget({})({})).toContain(
      'This month: <b>$130.00</b> for 1,300 calls, $30.00 of it today, <b>$200.00</b> by its end if it goes on so.',
    );
  });

  it('draws budgets, the nearest to its end first, spent and held apart', async () => {
    const html = await widget({ calm: 1, busy: 9.5 })({});
    expect(html.indexOf('team busy, month')).toBeGreaterThan(0);
    expect(html.indexOf('team busy, month')).toBeLessThan(html.indexOf('team calm, month'));
    expect(html).toContain('<td>$9.50</td><td>$0.50</td><td>$10.00</td>');
    expect(html).toContain('95 %');
    expect(html).toContain('2026-11-20');
  });

  it('draws those of tags, but for what is set on each value apart', async () => {
    const html = await widget({}, { 'feature=search': limits, 'customer=*': limits })({});
    expect(html).toContain('tag feature=search, month');
    expect(html).not.toContain('customer');
  });

  it('escapes names', async () => {
    expect(await widget({ '<b>&"': 1 })({})).toContain('team &lt;b&gt;&amp;&quot;, month');
  });

  it('draws thirty at most, and says how many more there are', async () => {
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`team${index}`, index / 10]));
    const html = await widget(many)({});
    expect(html.match(/<tr><td>/g)).toHaveLength(30);
    expect(html).toContain('10 more have more left');
  });

  it('says so where there are none, and describes itself to whoever edits it', async () => {
    expect(await widget({})({})).toContain('No budget is set');
    expect(await widget({})({ describe: true })).toMatch(/^## Budgets/);
  });
});
