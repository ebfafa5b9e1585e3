import { type BudgetPeriod, budgetPeriods, type Limits, limitsSchema } from '../../shared/admission/limits.ts';
import { CliError } from './cli-error.ts';
import type { OptionValues, VerbOption } from './verb.ts';

/** Options by which every verb that sets limits takes them. */
export const limitOptions: Readonly<Record<string, VerbOption>> = {
  rpm: { type: 'string', value: '<n>', help: 'Requests per minute.' },
  tpm: { type: 'string', value: '<n>', help: 'Tokens per minute, input and output.' },
  burst: { type: 'string', value: '<share>', help: 'Share of a minute that may come at once (0 to 1).' },
  parallel: { type: 'string', value: '<n>', help: 'Calls under way at the same time.' },
  budget: { type: 'string', multiple: true, value: '<usd/period>', help: 'Such as 50/month; also day, week, total. May repeat.' },
  clamp: { type: 'string', value: '<yes|no>', help: 'Whether an answer that does not fit is shortened (yes, the default) or refused.' },
  'clamp-floor': { type: 'string', value: '<tokens>', help: 'Fewest output tokens an answer may be shortened to.' },
  limits: { type: 'string', value: '<json>', help: 'All limits at once, as the API takes them.' },
  'no-limits': { type: 'boolean', help: 'Lift every limit.' },
};

/** The options that set one limit each. */
const singleLimits = ['rpm', 'tpm', 'burst', 'parallel', 'clamp', 'clamp-floor'];

/** What the help says about how limits combine. */
export const limitNotes = '"none" lifts one limit: --rpm none, --budget none/month. The others stay.';

/**
 * The limits that `current` become under the options; undefined when no option is about limits. An empty
 * object means: none at all.
 * @throws CliError with exit code 2.
 */
export function limitsFrom(options: OptionValues, current: Limits | null | undefined): Limits | undefined {
  const json = options.text('limits');
  const asked = json !== undefined || options.flag('no-limits') || options.texts('budget').length > 0;
  if (!asked && singleLimits.every((name) => options.text(name) === undefined)) return undefined;
  const start = json === undefined ? (options.flag('no-limits') ? {} : (current ?? {})) : limitsJson(json);
  const budgets = budgetsFrom(options.texts('budget'), start.budgets ?? []);
  const limits = {
    ...start,
    requests_per_minute: numberFrom(options, 'rpm', start.requests_per_minute),
    tokens_per_minute: numberFrom(options, 'tpm', start.tokens_per_minute),
    burst: numberFrom(options, 'burst', start.burst),
    parallel_requests: numberFrom(options, 'parallel', start.parallel_requests),
    budgets: budgets.length > 0 ? budgets : undefined,
    clamp: clampFrom(options, start.clamp),
    clamp_floor_tokens: numberFrom(options, 'clamp-floor', start.clamp_floor_tokens),
  };
  const parsed = limitsSchema.safeParse(limits);
  if (parsed.success) return parsed.data;
  throw new CliError(2, `These limits cannot be: ${parsed.error.issues[0]?.message ?? 'they are malformed'}.`, parsed.error);
}

/** Limits as JSON for the API: null where there are none. */
export function limitsBody(limits: Limits | undefined): { readonly limits?: Limits | null } {
  if (limits === undefined) return {};
  return { limits: Object.values(limits).every((value) => value === undefined) ? null : limits };
}

function limitsJson(text: string): Limits {
  try {
    const parsed = limitsSchema.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw new CliError(2, `--limits: ${[issue?.path.join('.'), issue?.message].filter(Boolean).join(': ')}.`);
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(2, '--limits takes JSON, such as \'{"requests_per_minute": 60}\'.', error);
  }
}

function numberFrom(options: OptionValues, name: string, current: number | undefined): number | undefined {
  const text = options.text(name);
  if (text === undefined) return current;
  if (text === 'none') return undefined;
  const number = Number(text);
  if (!/^[0-9]*\.?[0-9]+$/.test(text)) throw new CliError(2, `--${name} takes a number or none, not "${text}".`);
  return number;
}

function clampFrom(options: OptionValues, current: boolean | undefined): boolean | undefined {
  const text = options.text('clamp');
  if (text === undefined) return current;
  if (text === 'no') return false;
  if (text === 'yes' || text === 'none') return undefined;
  throw new CliError(2, `--clamp takes yes or no, not "${text}".`);
}

function budgetsFrom(texts: readonly string[], current: NonNullable<Limits['budgets']>): NonNullable<Limits['budgets']> {
  let budgets = [...current];
  for (const text of texts) {
    if (text === 'none') {
      budgets = [];
      continue;
    }
    const [amount = '', period = '', ...rest] = text.replace(/^\$/, '').split('/');
    if (!isPeriod(period) || rest.length > 0 || !/^(?:none|[0-9]*\.?[0-9]+)$/.test(amount)) {
      throw new CliError(2, `--budget takes an amount and a period, such as 50/month (${budgetPeriods.join(', ')}), not "${text}".`);
    }
    budgets = budgets.filter((budget) => budget.period !== period);
    if (amount !== 'none') budgets.push({ amount_usd: Number(amount), period });
  }
  return budgets;
}

function isPeriod(text: string): text is BudgetPeriod {
  return budgetPeriods.some((period) => period === text);
}
