import type { Ledger } from '../../shared/admission/ledger.ts';
import { type Environment, readEnvironment, storeConnection } from '../../shared/config/environment.ts';
import { connectDynamoDb } from '../../shared/store/dynamo-connect.ts';
import { DynamoLedger } from '../../shared/store/ledger-store.ts';
import { callRecords, usageFold } from '../../shared/store/record-connect.ts';
import type { UsageFold } from '../../shared/store/usage-fold.ts';
import { createLog, type Log } from '../../shared/telemetry/log.ts';
import { sweepLine } from '../../shared/telemetry/sweep-line.ts';

interface SweeperParts {
  readonly ledger: Ledger;
  readonly fold: UsageFold;
  readonly log: Log;
}

let wiring: Promise<SweeperParts> | undefined;

/**
 * Settles the holds of dead invocations, in full as spent, and brings the sums of usage up to date. Called once a minute;
 * running late or twice does no harm.
 */
export async function handler(): Promise<{ readonly settled: number; readonly calls: number; readonly late: number }> {
  wiring ??= wire(readEnvironment()).catch((error: unknown) => {
    wiring = undefined;
    throw error;
  });
  const { ledger, fold, log } = await wiring;
  const nowMs = Date.now();
  const dead = await ledger.sweep(nowMs);
  const folded = await fold.run(nowMs);
  log.write('info', 'sweep', sweepLine({ dead, ...folded }, nowMs));
  return { settled: dead.length, ...folded };
}

async function wire(environment: Environment): Promise<SweeperParts> {
  const log = createLog(environment.SLUICE_LOG_LEVEL, Date.now);
  const db = await connectDynamoDb(storeConnection(environment));
  return {
    ledger: new DynamoLedger({ db, table: environment.SLUICE_LEDGER_TABLE, recorder: callRecords(db, environment) }),
    fold: usageFold(db, environment),
    log,
  };
}
