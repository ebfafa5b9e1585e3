import { hasDynoxide, startDynalite, startDynoxide } from '../support/ledger-servers.ts';

// The DynamoDB of the benchmark, in a process of its own, so that its work is not counted as the gateway's. The native emulator where
// there is one: the embedded one takes milliseconds to parse a condition, which DynamoDB does not.
const database = await (hasDynoxide ? startDynoxide() : startDynalite());
process.once('SIGTERM', () => {
  database.close().then(() => process.exit(0));
});
process.stdout.write(`ready ${database.endpoint} ${hasDynoxide ? 'dynoxide' : 'dynalite'}\n`);
