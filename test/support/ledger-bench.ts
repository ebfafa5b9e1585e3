import type { Admitted } from '../../shared/admission/ledger.ts';
import type { Limits } from '../../shared/admission/limits.ts';
import type { DynamoDb, DynamoItem } from '../../shared/store/dynamo-client.ts';
import { connectDynamoDb } from '../../shared/store/dynamo-connect.ts';
import { DynamoOverTransport } from '../../shared/store/dynamo-operations.ts';
import { SdkTransport } from '../../shared/store/dynamo-sdk.ts';
import { DynamoLedger } from '../../shared/store/ledger-store.ts';
import { admittedOf, askFor, RememberingRecorder, scopeWith } from './ledger-fixtures.ts';
import { emulators } from './ledger-servers.ts';

// Measures admissions with their settlements, against calls in flight and shards: `node test/support/ledger-bench.ts [dynalite|dynoxide]`.
// Calls in flight are admitted before and stay; ten lanes then admit and settle. The store runs beside on the same machine, so
// rates say how configurations compare; CPU and size of an item are what a deployment sees.

const lanes = 10;
const measuredMs = 1_500;
const limits: Limits = {
  requests_per_minute: 600_000,
  tokens_per_minute: 1_000_000_000,
  budgets: [
    { amount_usd: 100_000, period: 'day' },
    { amount_usd: 900_000, period: 'month' },
  ],
};

interface Counted {
  readonly db: DynamoDb;
  readonly counts: { updates: number; refused: number; reads: number };
}

function counting(db: DynamoDb): Counted {
  const counts = { updates: 0, refused: 0, reads: 0 };
  const get: DynamoDb['get'] = (input) => {
    counts.reads += 1;
    return db.get(input);
  };
  const update: DynamoDb['update'] = async (input) => {
    counts.updates += 1;
    const result = await db.update(input);
    if (!result.written) counts.refused += 1;
    return result;
  };
  return { db: Object.assign(Object.create(db), { get, update }), counts };
}

/** Item size as DynamoDB counts it: names and values in UTF-8 bytes, numbers about a byte for two digits and one more. */
function sizeOf(item: DynamoItem): number {
  let size = 0;
  for (const [name, value] of Object.entries(item)) {
    size += name.length;
    if (typeof value === 'string') size += value.length;
    else if (typeof value === 'number') size += Math.ceil(String(Math.abs(value)).length / 2) + 1;
  }
  return size;
}

async function measure(title: string, source: DynamoDb, inFlight: number, shards: number): Promise<void> {
  const { db, counts } = counting(source);
  const ledger = new DynamoLedger({ db, table: 'sluice-ledger', recorder: new RememberingRecorder() });
  const scope = scopeWith(`bench-${title}-${inFlight}-${shards}`, { ...limits, shards });
  const pair = async () => {
    const nowMs = Date.now();
    const admitted: Admitted = admittedOf(await ledger.admit(askFor([scope], { nowMs, amountNanoUsd: 5_000, tokens: 500 })));
    await ledger.settle(admitted, { actualNanoUsd: 1_000, actualTokens: 100, nowMs: Date.now() });
  };
  for (let call = 0; call < inFlight; call += 1) admittedOf(await ledger.admit(askFor([scope])));
  for (let call = 0; call < 100; call += 1) await pair();
  Object.assign(counts, { updates: 0, refused: 0, reads: 0 });
  let pairs = 0;
  const endMs = performance.now() + measuredMs;
  const cpu = process.cpuUsage();
  const lane = async () => {
    while (performance.now() < endMs) {
      await pair();
      pairs += 1;
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  const { user, system } = process.cpuUsage(cpu);
  const item = await source.get({ table: 'sluice-ledger', key: { pk: scope.id, sk: '0' }, consistent: true });
  const size = item ? sizeOf(item) : 0;
  const perPair = (count: number) => (count / pairs).toFixed(2);
  process.stdout.write(
    `| ${[
      title,
      inFlight,
      shards,
      Math.round((pairs * 1000) / measuredMs),
      Math.round((user + system) / pairs),
      perPair(counts.updates),
      perPair(counts.refused),
      perPair(counts.reads),
      size,
      Math.ceil(size / 1024),
    ].join(' | ')} |\n`,
  );
}

const emulator = emulators.find((candidate) => candidate.name === (process.argv[2] ?? 'dynalite'));
if (!emulator) throw new Error('no such emulator here');
const server = await emulator.start();
const connection = { region: 'us-east-1', endpoint: server.endpoint };
const signed = await connectDynamoDb(connection);
const sdk = new DynamoOverTransport(new SdkTransport({ ...connection, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }));
process.stdout.write(
  '| client | in flight | shards | pairs/s | CPU µs/pair | updates/pair | refused/pair | reads/pair | bytes of shard 0 | write units |\n',
);
process.stdout.write('|---|---|---|---|---|---|---|---|---|---|\n');
for (const [title, db] of [
  ['signed', signed],
  ['sdk', sdk],
] as const) {
  for (const shards of title === 'signed' ? [1, 4, 8] : [1]) {
    for (const inFlight of [0, 20, 100, 190, 400]) {
      // One item never holds 400: it would be spread.
      if (inFlight > 190 && shards === 1) continue;
      await measure(title, db, inFlight, shards);
    }
  }
}
signed.close();
sdk.close();
await server.close();
