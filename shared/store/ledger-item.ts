import type { Layout } from '../admission/layout.ts';
import type { HoldState, LedgerState, WindowState } from '../admission/ledger-state.ts';
import type { TakeStep } from '../admission/ledger-steps.ts';
import { type BudgetPeriod, budgetPeriods } from '../admission/limits.ts';
import type { DynamoItem, DynamoKey } from './dynamo-client.ts';

/**
 * How a ledger item looks. Every byte of it is paid for on every write (one write unit per KB), so
 * names are short:
 *
 * | attribute | meaning |
 * |---|---|
 * | `pk`, `sk` | scope id, shard number |
 * | `<w>_p`, `<w>_u`, `<w>_s` | budget window (`d`ay, `w`eek, `m`onth, `t`otal): number of the period, used (= spent + held), spent, in nano-USD |
 * | `r_t`, `t_t` | theoretical arrival time of requests and of tokens, in microseconds since the epoch |
 * | `n_h` | calls under way |
 * | `l_n`, `l_<w>_p`, `l_<w>_u` | on shard 0 of a scope that is spread: the number of shards, and each window as it was before |
 * | `h:<request id>` | a hold |
 *
 * Holds are attributes of their own and not a map: the first of them needs no map to be there, so that
 * an item needs no preparation.
 */
export const attributes = {
  requestTat: 'r_t',
  tokenTat: 't_t',
  underWay: 'n_h',
} as const;

const holdPrefix = 'h:';

const windowLetters: Record<BudgetPeriod, string> = { day: 'd', week: 'w', month: 'm', total: 't' };

/** The attributes of a scope that is spread: over how many items, and what each window had used before. On its first item only. */
export const layoutAttributes = {
  shards: 'l_n',
  before: (period: BudgetPeriod) => ({ period: `l_${windowLetters[period]}_p`, used: `l_${windowLetters[period]}_u` }),
} as const;

/** The attributes of a budget window. */
export function windowAttributes(period: BudgetPeriod): { readonly period: string; readonly used: string; readonly spent: string } {
  const letter = windowLetters[period];
  return { period: `${letter}_p`, used: `${letter}_u`, spent: `${letter}_s` };
}

/** The attribute of a hold. */
export function holdAttribute(requestId: string): string {
  return `${holdPrefix}${requestId}`;
}

/** The key of a scope's item, or of one shard of it. */
export function ledgerKey(scopeId: string, shard: number): DynamoKey {
  return { pk: scopeId, sk: String(shard) };
}

/**
 * A hold in some 30 bytes: amount, tokens, expiry in seconds, whether it counts a request, and the
 * windows with the periods it is counted in; numbers in base 36. A last `u` says that no price was known. The same hold always gives the same text,
 * which conditions rely on. `total` goes without saying.
 */
export function packHold(hold: HoldState): string {
  let text = `${hold.amountNanoUsd.toString(36)}.${hold.tokens.toString(36)}.${Math.ceil(hold.expiresAtMs / 1000).toString(36)}`;
  text += hold.countsRequest ? '.r' : '.-';
  for (const period of budgetPeriods) {
    const number = hold.periods[period];
    if (number !== undefined && period !== 'total') text += `.${windowLetters[period]}${number.toString(36)}`;
  }
  return hold.unpriced === true ? `${text}.u` : text;
}

/** The hold a text stands for; see {@link packHold}. */
export function unpackHold(text: string): HoldState {
  const [amount = '', tokens = '', expiry = '', request, ...windows] = text.split('.');
  const periods: Partial<Record<BudgetPeriod, number>> = { total: 0 };
  for (const window of windows) {
    const period = budgetPeriods.find((candidate) => windowLetters[candidate] === window[0]);
    if (period) periods[period] = Number.parseInt(window.slice(1), 36);
  }
  return {
    amountNanoUsd: Number.parseInt(amount, 36),
    tokens: Number.parseInt(tokens, 36),
    expiresAtMs: Number.parseInt(expiry, 36) * 1000,
    countsRequest: request === 'r',
    ...(windows.at(-1) === 'u' && { unpriced: true }),
    periods,
  };
}

/** The state an item holds; its holds are unpacked only when somebody asks for them. */
export function ledgerStateOf(item: DynamoItem): LedgerState {
  const windows: Partial<Record<BudgetPeriod, WindowState>> = {};
  for (const period of budgetPeriods) {
    const names = windowAttributes(period);
    const used = numberOf(item[names.used]);
    if (used === undefined) continue;
    windows[period] = { period: numberOf(item[names.period]) ?? 0, usedNanoUsd: used, spentNanoUsd: numberOf(item[names.spent]) ?? 0 };
  }
  let holds: ReadonlyMap<string, HoldState> | undefined;
  return {
    windows,
    requestTatUs: numberOf(item[attributes.requestTat]),
    tokenTatUs: numberOf(item[attributes.tokenTat]),
    underWay: numberOf(item[attributes.underWay]) ?? 0,
    layout: layoutOf(item),
    get holds() {
      holds ??= holdsOf(item);
      return holds;
    },
  };
}

function layoutOf(item: DynamoItem): Layout | undefined {
  const shards = numberOf(item[layoutAttributes.shards]);
  if (shards === undefined) return undefined;
  const before: Partial<Record<BudgetPeriod, { period: number; usedNanoUsd: number }>> = {};
  for (const period of budgetPeriods) {
    const names = layoutAttributes.before(period);
    before[period] = { period: numberOf(item[names.period]) ?? 0, usedNanoUsd: numberOf(item[names.used]) ?? 0 };
  }
  return { shards, before };
}

/** The state after a write that took something, from the attributes the write changed; only the one hold is known. */
export function stateAfterTaking(step: TakeStep, changed: DynamoItem): LedgerState {
  const windows: Partial<Record<BudgetPeriod, WindowState>> = {};
  for (const { period, number } of step.windows) {
    const names = windowAttributes(period);
    const usedNanoUsd = numberOf(changed[names.used]) ?? 0;
    windows[period] = { period: number, usedNanoUsd, spentNanoUsd: numberOf(changed[names.spent]) ?? 0 };
  }
  return {
    windows,
    requestTatUs: numberOf(changed[attributes.requestTat]),
    tokenTatUs: numberOf(changed[attributes.tokenTat]),
    underWay: numberOf(changed[attributes.underWay]) ?? 0,
    layout: undefined,
    holds: new Map([[step.requestId, step.hold]]),
  };
}

function holdsOf(item: DynamoItem): Map<string, HoldState> {
  const holds = new Map<string, HoldState>();
  for (const [name, value] of Object.entries(item)) {
    if (name.startsWith(holdPrefix) && typeof value === 'string') holds.set(name.slice(holdPrefix.length), unpackHold(value));
  }
  return holds;
}

function numberOf(value: DynamoItem[string]): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
