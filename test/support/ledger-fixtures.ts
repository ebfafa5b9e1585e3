import type { AdmissionAsk, Admitted, CrashRecorder, DeadHold, Refused } from '../../shared/admission/ledger.ts';
import { type Limits, limitsSchema } from '../../shared/admission/limits.ts';
import { allScopesOf, type Scope, type ScopeKind } from '../../shared/admission/scopes.ts';
import type { DynamoDb } from '../../shared/store/dynamo-client.ts';
import { connectDynamoDb } from '../../shared/store/dynamo-connect.ts';
import { DynamoLedger, type DynamoLedgerOptions } from '../../shared/store/ledger-store.ts';

/** A recorder that remembers, as a table keyed by request and scope would. */
export class RememberingRecorder implements CrashRecorder {
  readonly recorded = new Map<string, DeadHold>();

  async record(holds: readonly DeadHold[]): Promise<void> {
    for (const hold of holds) this.recorded.set(`${hold.requestId} ${hold.scopeId}`, hold);
  }
}

/** Ten times as patient as in operation: the machine may be busy with other tests. */
const patience = { deadlineMs: 20_000, attemptMs: 10_000, attempts: 10 };

/** A client on an emulator. */
export function connect(endpoint: string): Promise<DynamoDb> {
  return connectDynamoDb({ region: 'us-east-1', endpoint, patience });
}

/** A ledger on an emulator. */
export async function ledgerOn(endpoint: string, options: Partial<DynamoLedgerOptions> = {}): Promise<DynamoLedger> {
  const db = options.db ?? (await connect(endpoint));
  return new DynamoLedger({ db, table: 'sluice-ledger', recorder: new RememberingRecorder(), deadlineMs: patience.deadlineMs, ...options });
}

/** A scope with limits as an operator would write them. */
export function scopeWith(id: string, limits: Limits, kind: ScopeKind = 'key'): Scope {
  const scope = allScopesOf(kind, id, limitsSchema.parse(limits)).at(-1);
  if (!scope) throw new Error('these limits limit nothing');
  return scope;
}

let counter = 0;

/** A request id nobody else has. */
export function freshRequestId(): string {
  counter += 1;
  return `r_${process.pid.toString(36)}_${counter.toString(36)}`;
}

/** An ask with everything that is not said at a modest default. */
export function askFor(scopes: readonly Scope[], rest: Partial<AdmissionAsk> = {}): AdmissionAsk {
  const nowMs = rest.nowMs ?? Date.now();
  return { requestId: freshRequestId(), scopes, amountNanoUsd: 1_000, tokens: 100, nowMs, expiresAtMs: nowMs + 60_000, ...rest };
}

/** The admission, or a failing test. */
export function admittedOf(outcome: Admitted | Refused): Admitted {
  if (outcome.outcome !== 'admitted') throw new Error(`refused by ${outcome.scope.id}: ${outcome.limit} ${outcome.reason}`);
  return outcome;
}

/** The refusal, or a failing test. */
export function refusedOf(outcome: Admitted | Refused): Refused {
  if (outcome.outcome !== 'refused') throw new Error('admitted');
  return outcome;
}
