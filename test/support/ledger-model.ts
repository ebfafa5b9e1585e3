import type { BudgetPeriod, Limits } from '../../shared/admission/limits.ts';

const dayMs = 86_400_000;

/** A call as the model sees it: what it holds or was charged, and in which periods. */
interface ModelCall {
  amount: number;
  tokens: number;
  open: boolean;
  charged: number;
  expiresAtMs: number;
  periods: Partial<Record<BudgetPeriod, string>>;
  requestTatUs: number | undefined;
  tokenTatUs: number | undefined;
  limits: Limits;
}

export interface ModelAsk {
  amount: number;
  floor: number;
  tokens: number;
  floorTokens: number;
  nowMs: number;
  expiresAtMs: number;
}

export type ModelDecision = { fits: true; amount: number; tokens: number } | { fits: false; refusals: string[] };

/**
 * One scope, kept in the plainest way: every call that ever was, and sums over them whenever something is to be known.
 * Shares no code with the ledger.
 */
export class ModelScope {
  readonly calls = new Map<string, ModelCall>();
  requestTatUs = 0;
  tokenTatUs = 0;

  /** What the ledger ought to answer. Dead calls count as spent and as over. */
  decide(limits: Limits, ask: ModelAsk, extended?: ModelCall): ModelDecision {
    const refusals: string[] = [];
    const amount = this.#fittingAmount(limits, ask, extended, refusals);
    const tokens = this.#fittingTokens(limits, ask, refusals);
    if (!extended) this.#refuseRequest(limits, ask.nowMs, refusals);
    return refusals.length > 0 ? { fits: false, refusals } : { fits: true, amount, tokens };
  }

  #fittingAmount(limits: Limits, ask: ModelAsk, extended: ModelCall | undefined, refusals: string[]): number {
    if (ask.amount <= 0) return ask.amount;
    let amount = ask.amount;
    const needed = (limits.clamp ?? true) ? ask.floor : ask.amount;
    for (const budget of limits.budgets ?? []) {
      const period = this.current(budget.period, ask.nowMs);
      const limit = Math.round(budget.amount_usd * 1e9);
      const carried = extended && extended.periods[budget.period] !== period ? extended.amount : 0;
      const room = limit - this.used(budget.period, period) - carried;
      amount = Math.min(amount, room);
      if (room >= needed) continue;
      const left = limit - this.spent(budget.period, period, ask.nowMs) - carried;
      refusals.push(left < needed ? 'budget exhausted' : 'budget contention');
    }
    return amount;
  }

  #fittingTokens(limits: Limits, ask: ModelAsk, refusals: string[]): number {
    const perMinute = limits.tokens_per_minute;
    if (perMinute === undefined || ask.tokens <= 0) return ask.tokens;
    const nowUs = ask.nowMs * 1000;
    const cost = (count: number) => Math.ceil((count * 60e6) / perMinute);
    const burstUs = modelBurstUs(perMinute, limits.burst ?? 1);
    const roomUs = nowUs + burstUs - Math.max(this.tokenTatUs, nowUs);
    let tokens = ask.tokens;
    while (tokens > 0 && cost(tokens) > roomUs) tokens -= 1;
    const needed = (limits.clamp ?? true) ? ask.floorTokens : ask.tokens;
    if (tokens < needed) refusals.push(cost(needed) > burstUs ? 'tokens never' : 'tokens rate');
    return tokens;
  }

  #refuseRequest(limits: Limits, nowMs: number, refusals: string[]): void {
    if (limits.parallel_requests !== undefined && this.underWay(nowMs) >= limits.parallel_requests) refusals.push('parallel contention');
    if (limits.requests_per_minute === undefined) return;
    const nowUs = nowMs * 1000;
    const perRequestUs = Math.ceil(60e6 / limits.requests_per_minute);
    const burstUs = modelBurstUs(limits.requests_per_minute, limits.burst ?? 1);
    if (Math.max(this.requestTatUs, nowUs) + perRequestUs - nowUs > burstUs) refusals.push('requests rate');
  }

  admit(id: string, limits: Limits, ask: ModelAsk, granted: { amount: number; tokens: number }): void {
    const call: ModelCall = {
      amount: granted.amount,
      tokens: granted.tokens,
      open: true,
      charged: 0,
      expiresAtMs: ask.expiresAtMs,
      periods: this.#periods(limits, ask.nowMs),
      requestTatUs: undefined,
      tokenTatUs: undefined,
      limits,
    };
    const nowUs = ask.nowMs * 1000;
    if (limits.requests_per_minute !== undefined) {
      this.requestTatUs = Math.max(this.requestTatUs, nowUs) + Math.ceil(60e6 / limits.requests_per_minute);
      call.requestTatUs = this.requestTatUs;
    }
    this.#takeTokens(call, granted.tokens, nowUs);
    this.calls.set(id, call);
  }

  extend(call: ModelCall, granted: { amount: number; tokens: number }, nowMs: number): void {
    Object.assign(call.periods, this.#periods(call.limits, nowMs));
    call.amount += granted.amount;
    call.tokens += granted.tokens;
    this.#takeTokens(call, granted.tokens, nowMs * 1000);
  }

  end(id: string, actual: { amount: number; tokens: number; request: boolean }, nowMs: number): void {
    const call = this.calls.get(id);
    if (!call) throw new Error(`no call ${id}`);
    call.open = false;
    call.charged = actual.amount;
    const nowUs = nowMs * 1000;
    const { tokens_per_minute, requests_per_minute } = call.limits;
    if (tokens_per_minute !== undefined && call.tokenTatUs !== undefined) {
      const unused = call.tokens - actual.tokens;
      if (unused >= 0) this.tokenTatUs -= Math.max(0, Math.min(Math.floor((unused * 60e6) / tokens_per_minute), call.tokenTatUs - nowUs));
      else this.tokenTatUs += Math.ceil((-unused * 60e6) / tokens_per_minute);
    }
    if (!actual.request && requests_per_minute !== undefined && call.requestTatUs !== undefined) {
      this.requestTatUs -= Math.max(0, Math.min(Math.floor(60e6 / requests_per_minute), call.requestTatUs - nowUs));
    }
  }

  /** The dead are charged all they held. */
  bury(id: string, nowMs: number): void {
    const call = this.calls.get(id);
    if (!call || !this.#dead(call, nowMs)) throw new Error(`${id} was buried and is not dead`);
    call.open = false;
    call.charged = call.amount;
  }

  /** Those who are dead by a clock and not buried yet. */
  deadAt(nowMs: number): string[] {
    return [...this.calls].filter(([, call]) => this.#dead(call, nowMs)).map(([id]) => id);
  }

  used(window: BudgetPeriod, period: string): number {
    let sum = 0;
    for (const call of this.calls.values()) if (call.periods[window] === period) sum += call.open ? call.amount : call.charged;
    return sum;
  }

  spent(window: BudgetPeriod, period: string, nowMs: number): number {
    let sum = 0;
    for (const call of this.calls.values()) {
      if (call.periods[window] !== period) continue;
      if (!call.open) sum += call.charged;
      else if (this.#dead(call, nowMs)) sum += call.amount;
    }
    return sum;
  }

  underWay(nowMs: number): number {
    return [...this.calls.values()].filter((call) => call.open && !this.#dead(call, nowMs)).length;
  }

  /** Periods by their names, which sort as the periods do; the latest anybody has begun, or the clock's. */
  current(window: BudgetPeriod, nowMs: number): string {
    let latest = nameOf(window, nowMs);
    for (const call of this.calls.values()) {
      const period = call.periods[window];
      if (period !== undefined && period > latest) latest = period;
    }
    return latest;
  }

  #periods(limits: Limits, nowMs: number): Partial<Record<BudgetPeriod, string>> {
    const periods: Partial<Record<BudgetPeriod, string>> = { total: 'all' };
    for (const { period } of limits.budgets ?? []) periods[period] = this.current(period, nowMs);
    return periods;
  }

  #takeTokens(call: ModelCall, tokens: number, nowUs: number): void {
    if (call.limits.tokens_per_minute === undefined || tokens <= 0) return;
    this.tokenTatUs = Math.max(this.tokenTatUs, nowUs) + Math.ceil((tokens * 60e6) / call.limits.tokens_per_minute);
    call.tokenTatUs = this.tokenTatUs;
  }

  #dead(call: ModelCall, nowMs: number): boolean {
    return call.open && nowMs > Math.ceil(call.expiresAtMs / 1000) * 1000 + 5_000;
  }
}

/** The time all units of a burst take one by one, or the burst's share of a minute if that is more; never a whole unit over. */
function modelBurstUs(perMinute: number, burst: number): number {
  const share = Math.ceil(60e6 * burst);
  const one = Math.ceil(60e6 / perMinute);
  let oneByOne = one;
  for (let units = 2; units <= perMinute * burst && oneByOne < share + one; units += 1) oneByOne += one;
  return Math.max(share, Math.min(oneByOne, share + one - 1));
}

/** `2026-11-18`, the Monday of its week, `2026-11`, or `all`. */
function nameOf(window: BudgetPeriod, nowMs: number): string {
  const date = new Date(nowMs);
  if (window === 'day') return date.toISOString().slice(0, 10);
  if (window === 'month') return date.toISOString().slice(0, 7);
  if (window === 'total') return 'all';
  const daysSinceMonday = (date.getUTCDay() + 6) % 7;
  return new Date(nowMs - daysSinceMonday * dayMs).toISOString().slice(0, 10);
}
