import type { Ledger } from '../../shared/admission/ledger.ts';
import { type Environment, readEnvironment, storeConnection } from '../../shared/config/environment.ts';
import { connectDynamoDb } from '../../shared/store/dynamo-connect.ts';
import { DynamoLedger } from '../../shared/store/ledger-store.ts';
import { createLog } from '../../shared/telemetry/log.ts';

let ledger: Promise<Ledger> | undefined;

/** Settles the holds of dead invocations, in full as spent. Called once a minute; running late or twice does no harm. */
export async function handler(): Promise<{ readonly settled: number }> {
  ledger ??= wire(readEnvironment());
  const dead = await (await ledger).sweep(Date.now());
  return { settled: dead.length };
}

async function wire(environment: Environment): Promise<Ledger> {
  const log = createLog(environment.SLUICE_LOG_LEVEL, Date.now);
  return new DynamoLedger({
    db: await connectDynamoDb(storeConnection(environment)),
    table: environment.SLUICE_LEDGER_TABLE,
    recorder: { record: async (dead) => log.write('warn', 'dead hold settled in full', { ...dead }) },
  });
}
