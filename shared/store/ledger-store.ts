import type {
  AdmissionAsk,
  Admitted,
  CrashRecorder,
  DeadHold,
  Extended,
  ExtensionAsk,
  ExtensionRefused,
  HoldsUnderWay,
  Ledger,
  Refused,
  ScopeHold,
  Settled,
  SettlementAsk,
  Standing,
} from '../admission/ledger.ts';
import { gravest, type Wish } from '../admission/ledger-decision.ts';
import { concernsModel, type Scope } from '../admission/scopes.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { type DynamoDb, StoreError } from './dynamo-client.ts';
import { LedgerItems } from './ledger-items.ts';
import { LateWork, type Patience } from './ledger-late-work.ts';
import { LedgerScopes, type ScopeTaken } from './ledger-scopes.ts';
import { sweepLedger } from './ledger-sweep.ts';

/** Something about the ledger an operator should see in the log. */
export interface LedgerEvent {
  readonly event: 'let_through' | 'settlement_failed' | 'release_failed';
  readonly requestId: string;
  readonly scopeId: string;
  readonly message: string;
  readonly amountNanoUsd: number;
}

/** What the ledger is made of and how it behaves. */
export interface DynamoLedgerOptions {
  readonly db: DynamoDb;
  readonly table: string;
  readonly recorder: CrashRecorder;
  /** Whether calls are refused (`closed`, the default) or let through when the store does not answer; asked when that happens. */
  readonly onStoreFailure?: (() => 'closed' | 'open') | undefined;
  readonly log?: ((event: LedgerEvent) => void) | undefined;
  /** The longest an admission waits for the store, in milliseconds. Default 2,000. */
  readonly deadlineMs?: number | undefined;
}

const defaultDeadlineMs = 2_000;

/** What callers are told to wait when the store does not answer. */
const storeRetryMs = 2_000;

interface Failed {
  readonly outcome: 'failed';
  readonly scope: Scope;
  readonly error: unknown;
  /** Ends when the attempt that took too long ends. */
  readonly over: Promise<unknown>;
}

/** The ledger in DynamoDB: one conditional write per scope to admit and one to settle, all scopes at once. */
export class DynamoLedger implements Ledger {
  readonly #db: DynamoDb;
  readonly #table: string;
  readonly #items: LedgerItems;
  readonly #scopes: LedgerScopes;
  readonly #open: () => boolean;
  readonly #log: (event: LedgerEvent) => void;
  readonly #deadlineMs: number;
  readonly #late = new LateWork();

  constructor(options: DynamoLedgerOptions) {
    this.#db = options.db;
    this.#table = options.table;
    this.#items = new LedgerItems(options.db, options.table, options.recorder);
    this.#scopes = new LedgerScopes(this.#items);
    this.#open = () => options.onStoreFailure?.() === 'open';
    this.#log = options.log ?? (() => undefined);
    this.#deadlineMs = options.deadlineMs ?? defaultDeadlineMs;
  }

  async admit(ask: AdmissionAsk): Promise<Admitted | Refused> {
    const { scopes, nowMs, requestId, expiresAtMs } = ask;
    const wish = { requestId, expiresAtMs, ...wholeWish(ask), countsRequest: true, unpriced: ask.unpriced, previous: undefined };
    const outcomes = await Promise.all(scopes.map((scope) => this.#bounded(scope, this.#scopes.take(scope, wish, nowMs))));
    const failed = outcomes.filter((outcome) => outcome.outcome === 'failed');
    const refused = gravest(outcomes.filter((outcome) => outcome.outcome === 'refused'));
    const admitted = admittedOf(
      wish,
      outcomes.filter((outcome) => outcome.outcome === 'taken'),
      failed,
    );
    const [failure] = failed;
    if (refused || (failure && !this.#open())) {
      for (const { scope, over } of failed) {
        this.#late.add(async () => {
          await over;
          await this.#scopes.abandon(scope, ask.requestId, nowMs);
        });
      }
      const released = this.release(admitted, nowMs);
      if (!refused) throw storeUnavailable(failure?.error);
      await released;
      return refused;
    }
    for (const { scope, error } of failed) this.#tell('let_through', ask.requestId, scope, error, admitted.amountNanoUsd);
    return admitted.clamped ? this.#trimmed(admitted, nowMs) : admitted;
  }

  async extend(admitted: Admitted, ask: ExtensionAsk): Promise<Extended | ExtensionRefused> {
    const { nowMs } = ask;
    const expiresAtMs = ask.expiresAtMs ?? admitted.expiresAtMs;
    const more = { ...wholeWish(ask), expiresAtMs };
    const outcomes = await Promise.all(
      heldScopes(admitted).map((scope) => this.#bounded(scope, this.#scopes.extend(scope, admitted, more, nowMs))),
    );
    const taken = outcomes.filter((outcome) => outcome.outcome === 'taken');
    const kept = withHolds(admitted, taken, expiresAtMs);
    const refusal = gravest(outcomes.filter((outcome) => outcome.outcome === 'refused'));
    if (refusal) return { outcome: 'refused', refusal, admitted: kept };
    const failed = outcomes.filter((outcome) => outcome.outcome === 'failed');
    if (failed[0] && !this.#open()) throw storeUnavailable(failed[0].error);
    for (const { scope, error } of failed) this.#tell('let_through', admitted.requestId, scope, error, ask.amountNanoUsd);
    const grantedNanoUsd = Math.min(more.amountNanoUsd, ...taken.map((scope) => amountOf(scope.holds) - admitted.amountNanoUsd));
    const grantedTokens = Math.min(more.tokens, ...taken.map((scope) => tokensOf(scope.holds) - admitted.tokens));
    const amountNanoUsd = admitted.amountNanoUsd + grantedNanoUsd;
    const tokens = admitted.tokens + grantedTokens;
    return { outcome: 'extended', admitted: { ...kept, amountNanoUsd, tokens }, grantedNanoUsd, grantedTokens };
  }

  async settle(admitted: Admitted, ask: SettlementAsk): Promise<Settled> {
    const concerned = (scope: Scope) => ask.servedModels === undefined || concernsModel(scope, ask.servedModels);
    const actual = { nanoUsd: whole(ask.actualNanoUsd), tokens: whole(ask.actualTokens), request: true };
    const settled = await this.#end(admitted, ask.nowMs, (scope) => (concerned(scope) ? actual : { ...actual, nanoUsd: 0, tokens: 0 }));
    const unheld = admitted.unheld.filter(concerned);
    const charged = await Promise.all(
      unheld.map((scope) => {
        const charge = () => this.#scopes.charge(scope, admitted.requestId, actual, ask.nowMs);
        return this.#patiently(charge, 'settlement_failed', admitted.requestId, scope, ask.actualNanoUsd, 'outage');
      }),
    );
    const failed = unheld.filter((_, index) => charged[index] === undefined);
    return { ...settled, failed: [...settled.failed, ...failed] };
  }

  release(admitted: Admitted, nowMs: number): Promise<Settled> {
    return this.#end(admitted, nowMs, () => ({ nanoUsd: 0, tokens: 0, request: false }));
  }

  async read(scopes: readonly Scope[], nowMs: number): Promise<Standing[]> {
    try {
      return await Promise.all(scopes.map((scope) => this.#scopes.read(scope, nowMs)));
    } catch (error) {
      throw storeUnavailable(error);
    }
  }

  sweep(nowMs: number, underWay?: (holds: HoldsUnderWay) => void): Promise<DeadHold[]> {
    return sweepLedger({ db: this.#db, table: this.#table, items: this.#items }, nowMs, underWay);
  }

  /** Resolves when all accounting that was put off, because the store failed, is done or given up. */
  drained(): Promise<void> {
    return this.#late.drained();
  }

  /** A clamped call holds no more in any scope than it may spend. Where the store fails it holds more until it is settled. */
  async #trimmed(admitted: Admitted, nowMs: number): Promise<Admitted> {
    const trimmed = await Promise.all(
      heldScopes(admitted).map((scope) =>
        this.#scopes.trim(scope, admitted, nowMs).catch(() => admitted.holds.filter((hold) => hold.scope === scope)),
      ),
    );
    return { ...admitted, holds: trimmed.flat() };
  }

  async #end(
    admitted: Admitted,
    nowMs: number,
    actualOf: (scope: Scope) => { nanoUsd: number; tokens: number; request: boolean },
  ): Promise<Settled> {
    const scopes = heldScopes(admitted);
    const ended = await Promise.all(
      scopes.map((scope) => {
        const actual = actualOf(scope);
        const event = actual.request ? 'settlement_failed' : 'release_failed';
        const end = () => this.#scopes.end(scope, admitted, actual, nowMs);
        return this.#patiently(end, event, admitted.requestId, scope, actual.nanoUsd);
      }),
    );
    return {
      alreadySettled: scopes.filter((_, index) => ended[index] === false),
      failed: scopes.filter((_, index) => ended[index] === undefined),
    };
  }

  /** Tries here, and when the store fails goes on in the background: nobody is kept waiting for accounting. */
  async #patiently(
    work: () => Promise<boolean>,
    event: LedgerEvent['event'],
    requestId: string,
    scope: Scope,
    amountNanoUsd: number,
    patience: Patience = 'hold',
  ): Promise<boolean | undefined> {
    try {
      return await work();
    } catch (error) {
      this.#tell(event, requestId, scope, error, amountNanoUsd);
      this.#late.add(work, patience);
      return undefined;
    }
  }

  /** Bounds how long a caller waits, and makes a result of what is thrown. */
  async #bounded<Outcome>(scope: Scope, work: Promise<Outcome>): Promise<Outcome | Failed> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new StoreError('unavailable', 'Timeout', 'The ledger did not answer in time')), this.#deadlineMs);
    });
    try {
      return await Promise.race([work, timeout]);
    } catch (error) {
      return { outcome: 'failed', scope, error, over: work.catch(() => undefined) };
    } finally {
      clearTimeout(timer);
    }
  }

  #tell(event: LedgerEvent['event'], requestId: string, scope: Scope, error: unknown, amountNanoUsd: number): void {
    this.#log({ event, requestId, scopeId: scope.id, message: error instanceof Error ? error.message : String(error), amountNanoUsd });
  }
}

/** Money and tokens are counted in whole units, rounded against the caller. @throws RangeError for what cannot be counted. */
function whole(count: number): number {
  const rounded = Math.ceil(count);
  if (!Number.isSafeInteger(rounded) || rounded < 0) throw new RangeError(`${count} is no amount that can be held or charged`);
  return rounded;
}

function wholeWish(ask: Pick<AdmissionAsk, 'amountNanoUsd' | 'floorNanoUsd' | 'tokens' | 'floorTokens'>) {
  return {
    amountNanoUsd: whole(ask.amountNanoUsd),
    floorNanoUsd: ask.floorNanoUsd === undefined ? undefined : whole(ask.floorNanoUsd),
    tokens: whole(ask.tokens),
    floorTokens: ask.floorTokens === undefined ? undefined : whole(ask.floorTokens),
  };
}

function admittedOf(
  wish: Pick<Wish, 'requestId' | 'amountNanoUsd' | 'tokens' | 'expiresAtMs'>,
  taken: readonly ScopeTaken[],
  failed: readonly Failed[],
): Admitted {
  const amountNanoUsd = Math.min(wish.amountNanoUsd, ...taken.map((scope) => amountOf(scope.holds)));
  const tokens = Math.min(wish.tokens, ...taken.map((scope) => tokensOf(scope.holds)));
  return {
    outcome: 'admitted',
    requestId: wish.requestId,
    amountNanoUsd,
    tokens,
    clamped: amountNanoUsd < wish.amountNanoUsd || tokens < wish.tokens,
    expiresAtMs: wish.expiresAtMs,
    holds: taken.flatMap((scope) => scope.holds),
    unheld: failed.map((failure) => failure.scope),
    standings: taken.map((scope) => scope.standing),
  };
}

function withHolds(admitted: Admitted, taken: readonly ScopeTaken[], expiresAtMs: number): Admitted {
  const changed = new Map(taken.map((scope) => [scope.scope, scope]));
  return {
    ...admitted,
    expiresAtMs,
    holds: [...admitted.holds.filter((hold) => !changed.has(hold.scope)), ...taken.flatMap((scope) => scope.holds)],
    standings: admitted.standings.map((standing) => changed.get(standing.scope)?.standing ?? standing),
  };
}

function heldScopes(admitted: Admitted): Scope[] {
  return [...new Set(admitted.holds.map((hold) => hold.scope))];
}

function amountOf(holds: readonly ScopeHold[]): number {
  return holds.reduce((sum, hold) => sum + hold.amountNanoUsd, 0);
}

function tokensOf(holds: readonly ScopeHold[]): number {
  return holds.reduce((sum, hold) => sum + hold.tokens, 0);
}

function storeUnavailable(cause: unknown): GatewayError {
  return new GatewayError('store_unavailable', 'The gateway cannot check limits at the moment. Nothing was charged; try again.', {
    retryAfterMs: storeRetryMs,
    cause,
  });
}
