import { type Child, h } from './dom.ts';
import { areaField, checkField, jsonOf, numberField, numberOf } from './fields.ts';
import { count, percent, plural, until, usd } from './format.ts';
import type { Budget, Limits, Standing, WholeStanding } from './shapes.ts';
import { emptyState, facts } from './view.ts';

const periods = ['day', 'week', 'month', 'total'] as const;

/** The period a budget is in, as one says it. */
export const periodNames: Readonly<Record<Budget['period'], string>> = {
  day: 'today',
  week: 'this week',
  month: 'this month',
  total: 'in total',
};

const limitsElsewhere = 'Limits of its team, user, organisation or the whole gateway still apply.';

/** Limits in one line. */
export function limitsInWords(limits: Limits | null | undefined): string {
  if (!limits) return 'none';
  const parts = (limits.budgets ?? []).map(
    ({ amount_usd, period }) => `${usd(amount_usd)} ${period === 'total' ? 'in total' : `a ${period}`}`,
  );
  if (limits.requests_per_minute !== undefined) parts.push(`${count(limits.requests_per_minute)} requests/min`);
  if (limits.tokens_per_minute !== undefined) parts.push(`${count(limits.tokens_per_minute)} tokens/min`);
  if (limits.parallel_requests !== undefined) parts.push(`${count(limits.parallel_requests)} at once`);
  const patterns = Object.keys(limits.per_model ?? {}).length;
  if (patterns > 0) parts.push(`${patterns} per model`);
  return parts.length === 0 ? 'none' : parts.join(', ');
}

/** A bar of what is spent and held of a limit. The figures stand beside it, so that it needs no colours to be read. */
export function bar(label: Child, figures: Child, spentShare: number, heldShare: number): HTMLElement {
  const spent = Math.min(1, Math.max(0, spentShare));
  const held = Math.min(1 - spent, Math.max(0, heldShare));
  const track = h('div', { class: `bar ${spent + held >= 0.95 ? 'full' : spent + held >= 0.8 ? 'high' : ''}`, 'aria-hidden': 'true' });
  const spentPart = h('div', { class: 'bar-spent' });
  const heldPart = h('div', { class: 'bar-held' });
  spentPart.style.width = `${spent * 100}%`;
  heldPart.style.width = `${held * 100}%`;
  track.append(spentPart, heldPart);
  return h(
    'div',
    { class: 'meter' },
    h('div', { class: 'meter-head' }, h('span', { class: 'meter-label' }, label), h('span', { class: 'meter-figures' }, figures)),
    track,
  );
}

/** A budget: spent, held, remaining, and when it begins anew. */
export function budgetBar(budget: Budget, prefix?: Child): HTMLElement {
  const { limit_usd, spent_usd, held_usd, remaining_usd, period, resets_at } = budget;
  const share = limit_usd === 0 ? 1 : spent_usd / limit_usd;
  const figures = [
    h('span', { class: 'swatch spent', 'aria-hidden': 'true' }),
    `${usd(spent_usd)} spent`,
    held_usd > 0 && [h('span', { class: 'swatch held', 'aria-hidden': 'true' }), `${usd(held_usd)} held`],
    h('strong', null, `${usd(remaining_usd)} left`),
    `of ${usd(limit_usd)} (${percent(share)})`,
    h('span', { class: 'fine' }, resets_at === null ? 'never resets' : `resets ${until(resets_at)}`),
  ];
  return bar(prefix ?? h('span', null, `Budget ${periodNames[period]}`), figures, share, limit_usd === 0 ? 0 : held_usd / limit_usd);
}

/** Everything a holder is limited by, as it stands now. */
export function standingBars(standing: Pick<Standing, 'budgets' | 'requests' | 'tokens' | 'parallel'>): readonly HTMLElement[] {
  const { budgets, requests, tokens, parallel } = standing;
  const rate = (name: string, state: { limit: number; remaining: number } | null): HTMLElement | undefined =>
    state
      ? bar(name, [h('strong', null, `${count(state.remaining)} left`), `of ${count(state.limit)}`], 1 - state.remaining / state.limit, 0)
      : undefined;
  return [
    ...budgets.map((budget) => budgetBar(budget)),
    rate('Requests a minute', requests),
    rate('Tokens a minute', tokens),
    parallel
      ? bar(
          'Calls at once',
          [h('strong', null, `${count(parallel.under_way)} under way`), `of ${count(parallel.limit)}`],
          0,
          parallel.under_way / parallel.limit,
        )
      : undefined,
  ].filter((element) => element !== undefined);
}

/** What was spent in all and is held now, limited or not; nothing where that is not counted. */
export function spentInAll({
  spent_usd,
  held_usd,
  under_way,
}: Pick<NonNullable<WholeStanding>, 'spent_usd' | 'held_usd' | 'under_way'>): Child {
  if (spent_usd === null) return undefined;
  const held = [usd(held_usd ?? 0), h('span', { class: 'fine' }, ` by ${plural(under_way ?? 0, 'call')} under way`)];
  return facts([
    ['Spent in all', h('strong', null, usd(spent_usd))],
    ['Held now', held],
  ]);
}

/** The same for a holder and each of its model patterns; says so where nothing is limited. */
export function wholeStanding(standing: WholeStanding): Child {
  if (!standing) return emptyState('Nothing is limited', `No budget and no rate is set here. ${limitsElsewhere}`);
  const bars = standingBars(standing);
  return [
    spentInAll(standing),
    bars.length === 0 && standing.per_model === null ? h('p', { class: 'fine' }, `Nothing is limited here. ${limitsElsewhere}`) : bars,
    Object.entries(standing.per_model ?? {}).map(([pattern, state]) => [
      h('h3', { class: 'sub' }, 'Models like ', h('code', null, pattern)),
      ...standingBars(state),
    ]),
  ];
}

/** The part of a form that sets limits. */
export function limitFields(limits: Limits | null | undefined): HTMLElement {
  const amount = (period: string): number | undefined => limits?.budgets?.find((budget) => budget.period === period)?.amount_usd;
  const patterns = limits?.per_model && Object.keys(limits.per_model).length > 0 ? JSON.stringify(limits.per_model, null, 2) : '';
  return h(
    'fieldset',
    null,
    h('legend', null, 'Limits'),
    h('p', { class: 'hint' }, 'Empty means not limited. A change is felt within ten seconds.'),
    h(
      'div',
      { class: 'grid four' },
      periods.map((period) =>
        numberField({ name: `budget-${period}`, label: period === 'total' ? 'USD in total' : `USD a ${period}`, value: amount(period) }),
      ),
    ),
    h(
      'div',
      { class: 'grid three' },
      numberField({ name: 'rpm', label: 'Requests a minute', value: limits?.requests_per_minute, more: { step: 1, min: 1 } }),
      numberField({ name: 'tpm', label: 'Tokens a minute', value: limits?.tokens_per_minute, more: { step: 1, min: 1 } }),
      numberField({ name: 'parallel', label: 'Calls at once', value: limits?.parallel_requests, more: { step: 1, min: 1 } }),
    ),
    h(
      'details',
      { open: patterns !== '' || undefined },
      h('summary', null, 'More'),
      numberField({
        name: 'burst',
        label: 'Burst: share of a minute that may come at once',
        value: limits?.burst,
        placeholder: '1',
        more: { max: 1 },
      }),
      checkField({
        name: 'clamp',
        label: 'Shorten an answer to what the budget affords, instead of refusing the call',
        checked: limits?.clamp ?? true,
      }),
      numberField({
        name: 'clamp-floor',
        label: 'Fewest output tokens an answer may be shortened to',
        value: limits?.clamp_floor_tokens,
        placeholder: 'as configured',
        more: { step: 1, min: 1 },
      }),
      areaField({
        name: 'per-model',
        label: 'Further limits per model, as JSON',
        value: patterns,
        rows: 4,
        placeholder: '{"openai/gpt-5*": {"parallel_requests": 2}}',
      }),
    ),
  );
}

/** Limits as the form says; undefined where it sets none. `before` gives what the form has no field for. */
export function limitsOf(form: HTMLFormElement, before: Limits | null | undefined): object | undefined {
  const budgets = periods.flatMap((period) => {
    const amount_usd = numberOf(form, `budget-${period}`);
    return amount_usd === undefined ? [] : [{ amount_usd, period }];
  });
  const clamp = new FormData(form).get('clamp') !== null;
  const limits = {
    ...(budgets.length > 0 && { budgets }),
    ...given('requests_per_minute', numberOf(form, 'rpm')),
    ...given('tokens_per_minute', numberOf(form, 'tpm')),
    ...given('parallel_requests', numberOf(form, 'parallel')),
    ...given('burst', numberOf(form, 'burst')),
    ...(clamp ? {} : { clamp: false }),
    ...given('clamp_floor_tokens', numberOf(form, 'clamp-floor')),
    ...given('shards', before?.shards),
    ...given('per_model', jsonOf(form, 'per-model', 'Limits per model')),
  };
  return Object.keys(limits).length === 0 ? undefined : limits;
}

function given(name: string, value: unknown): object {
  return value === undefined ? {} : { [name]: value };
}
