import type { BudgetStanding, Ledger } from '../../shared/admission/ledger.ts';
import { allScopesOf, type Scope } from '../../shared/admission/scopes.ts';
import type { ControlStore } from '../../shared/control/control-store.ts';
import { groupKinds } from '../../shared/control/group-record.ts';
import { maxPageSize } from '../../shared/control/page.ts';
import { isEachValue } from '../../shared/control/tag-limits.ts';
import { usageTotal } from '../../shared/telemetry/usage-report.ts';
import type { UsageParts } from './operations/get-usage.ts';

/** What drawing budgets works with. */
export interface BudgetWidgetParts {
  readonly store: Pick<ControlStore, 'listKeys' | 'listGroups' | 'findSharedLimits' | 'findTagLimits'>;
  readonly ledger: Pick<Ledger, 'read'>;
  readonly usage: UsageParts['usage'];
  readonly clock: () => number;
}

const dayMs = 86_400_000;

/** So many budgets are drawn, the nearest to their end first. */
const mostRows = 30;

/** What CloudWatch shows to whoever edits the widget: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/add_custom_widget_dashboard_create.html */
const description =
  '## Budgets\nWhat is spent this month, and what is spent and held of each budget now, the nearest to its end first. Takes no parameters.';

/** A CloudWatch custom widget: an event in, HTML out. */
export function budgetWidget(parts: () => Promise<BudgetWidgetParts>): (event: { readonly describe?: unknown }) => Promise<string> {
  return async ({ describe }) => (describe === undefined ? await draw(await parts()) : description);
}

async function draw(parts: BudgetWidgetParts): Promise<string> {
  const [month, budgets] = await Promise.all([monthSoFar(parts), budgetTable(parts)]);
  return month + budgets;
}

/** What all calls of the month have cost, and what the month comes to if it goes on so. */
async function monthSoFar({ usage, clock }: BudgetWidgetParts): Promise<string> {
  const nowMs = clock();
  const now = new Date(nowMs);
  const fromMs = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1);
  const endMs = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1);
  const todayMs = Math.floor(nowMs / dayMs) * dayMs;
  const facts = await usage.read({ kind: 'whole', span: 'day', fromMs, toMs: todayMs + dayMs });
  const month = usageTotal(facts, {});
  const today = usageTotal(
    facts.filter(({ time }) => time === now.toISOString().slice(0, 10)),
    {},
  );
  // In its first day a month says little of its end.
  const passed = (nowMs - fromMs) / (endMs - fromMs);
  const outlook = nowMs - fromMs < dayMs ? '' : `, <b>${dollars(month.costNanoUsd / passed)}</b> by its end if it goes on so`;
  const calls = month.calls.toLocaleString('en');
  return `<p>This month: <b>${dollars(month.costNanoUsd)}</b> for ${calls} calls, ${dollars(today.costNanoUsd)} of it today${outlook}. Days are UTC.</p>`;
}

async function budgetTable({ store, ledger, clock }: BudgetWidgetParts): Promise<string> {
  const scopes = (await limitedScopes(store)).filter(({ limits }) => limits.budgets.length > 0);
  const standings = await ledger.read(scopes, clock());
  const rows = standings
    .flatMap(({ scope, budgets }) =>
      budgets.flatMap((budget) => (budget.limitNanoUsd === undefined ? [] : [{ scope, budget, share: shareOf(budget) }])),
    )
    .sort((one, other) => other.share - one.share);
  if (rows.length === 0) return '<p>No budget is set. <code>sluice teams set</code> and <code>sluice keys update</code> set them.</p>';
  const body = rows.slice(0, mostRows).map(({ scope, budget, share }) => row(scope, budget, share));
  const more = rows.length > mostRows ? `<p>${rows.length - mostRows} more have more left.</p>` : '';
  return `<table><tr><th>Budget</th><th>Spent</th><th>Held</th><th>Limit</th><th>Used</th><th>Begins anew</th></tr>${body.join('')}</table>${more}`;
}

function row(scope: Scope, budget: BudgetStanding, share: number): string {
  const { period, spentNanoUsd, heldNanoUsd, limitNanoUsd = 0, resetsAtMs } = budget;
  const color = share >= 1 ? '#d13212' : share >= 0.8 ? '#ff9900' : '#1d8102';
  const bar = `<div style="background:#eaeded;width:120px"><div style="background:${color};width:${Math.min(100, Math.round(share * 100))}%">&nbsp;</div></div>`;
  const name = `${scope.kind} ${scope.name}${scope.modelPattern === undefined ? '' : ` for ${scope.modelPattern}`}, ${period}`;
  const cells = [
    escaped(name),
    dollars(spentNanoUsd),
    dollars(heldNanoUsd),
    dollars(limitNanoUsd),
    `${bar} ${Math.round(share * 100)} %`,
    resetsAtMs === undefined ? 'never' : new Date(resetsAtMs).toISOString().slice(0, 10),
  ];
  return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
}

function shareOf({ spentNanoUsd, limitNanoUsd = 0 }: BudgetStanding): number {
  return limitNanoUsd === 0 ? 1 : spentNanoUsd / limitNanoUsd;
}

function dollars(nano: number): string {
  return `$${(nano / 1e9).toFixed(2)}`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** The first page of each list: a dashboard is looked at, not searched. */
async function limitedScopes(store: BudgetWidgetParts['store']): Promise<Scope[]> {
  const gateway = await store.findSharedLimits('gateway');
  const scopes = allScopesOf('gateway', 'gateway', gateway?.limits);
  for (const kind of groupKinds) {
    for (const group of (await store.listGroups(kind, { limit: maxPageSize })).items)
      scopes.push(...allScopesOf(kind, group.id, group.limits));
  }
  for (const key of (await store.listKeys({ limit: maxPageSize })).items) scopes.push(...allScopesOf('key', key.id, key.limits));
  // Of each value there is no list, so those of name=* are not drawn.
  for (const [tag, limits] of Object.entries((await store.findTagLimits())?.tags ?? {})) {
    if (!isEachValue(tag)) scopes.push(...allScopesOf('tag', tag, limits));
  }
  return scopes;
}
