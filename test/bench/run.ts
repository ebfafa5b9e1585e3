import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { connectDynamoDb } from '../../shared/store/dynamo-connect.ts';
import { cachedSizes, keptRoute, measureCache } from './cache-hits.ts';
import { type LoadResult, load, median } from './load.ts';
import { type BenchProcess, startProcess } from './processes.ts';
import { type Row, renderReport } from './report.ts';
import { measureStartUp } from './start-up.ts';

/**
 * The gateway against the same upstream called directly, alternating in one run. The gateway has a processor of its own; the
 * load, the upstream and the store share another.
 */
const adminKey = 'sluice-admin-of-the-benchmark-0123';
const rounds = Number(process.argv[2] ?? 5);
const roundMs = Number(process.argv[3] ?? 2_000);
const warmUpMs = 5_000;
const page = process.argv[4] ?? 'docs/benchmarks.md';

const store = await startProcess('test/bench/store.ts', { cpu: 0, ready: /ready \S+ \S+/ });
const upstream = await startProcess('test/bench/upstream.ts', { cpu: 0, ready: /ready \d+/ });
const upstreamUrl = `http://127.0.0.1:${/ready (\d+)/.exec(upstream.output)?.[1]}/v1`;
const [, endpoint = '', storeName = ''] = /ready (\S+) (\S+)/.exec(store.output) ?? [];

const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
const configPath = join(folder, 'gateway.yaml');
await writeFile(
  configPath,
  stringify({
    providers: {
      up: { type: 'openai-compatible', base_url: upstreamUrl, allow_private_address: true, stops_billing_on_abort: true },
      claude: { type: 'anthropic', base_url: new URL(upstreamUrl).origin, api_key: 'env:BENCH_KEY', allow_private_address: true },
    },
    prices: { 'up/*': { input: 1, output: 2 }, 'claude/*': { input: 1, output: 2 } },
    models: Object.fromEntries(
      cachedSizes.map((bytes) => [keptRoute(bytes), { targets: [`up/json-${bytes}`], cache: { ttl_seconds: 86_400 } }]),
    ),
  }),
);
const gateway = await startProcess('infra/local/main.ts', {
  cpu: 1,
  environment: {
    PORT: '0',
    SLUICE_CONFIG: configPath,
    SLUICE_DATA: ':memory:',
    DYNAMODB_ENDPOINT: endpoint,
    SLUICE_ADMIN_KEY: adminKey,
    BENCH_KEY: 'none',
  },
  ready: /sluice ready on \S+/,
});
const gatewayUrl = /sluice ready on (\S+)/.exec(gateway.output)?.[1] ?? '';

/** A key with every kind of limit, none of which refuses: each call is admitted and settled in the store. */
async function limitedKey(): Promise<string> {
  const limits = {
    requests_per_minute: 60_000_000,
    tokens_per_minute: 10_000_000_000,
    parallel_requests: 1_000,
    budgets: [{ amount_usd: 9_000_000, period: 'month' }],
  };
  const response = await fetch(`${gatewayUrl}/admin/keys`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'bench', limits }),
  });
  const created: { key: string } = JSON.parse(await response.text());
  return created.key;
}

const freeKey = /first key\s+(sk-\S+)/.exec(gateway.output)?.[1] ?? '';
const keys = { 'no limits': freeKey, 'all limits': await limitedKey() };
const bodyOf = (model: string, stream: boolean): string =>
  JSON.stringify({
    model,
    stream,
    max_tokens: 500,
    messages: [
      { role: 'system', content: 'You are terse.' },
      { role: 'user', content: 'Tell me about foxes, please.' },
    ],
  });

const modelOf = (mode: 'json' | 'stream'): string => (mode === 'json' ? 'json' : 'stream-20');

function viaTargetOf(mode: 'json' | 'stream', keyName: keyof typeof keys) {
  return {
    url: `${gatewayUrl}/v1/chat/completions`,
    headers: { authorization: `Bearer ${keys[keyName]}` },
    body: bodyOf(`up/${modelOf(mode)}`, mode === 'stream'),
  };
}

async function measure(mode: 'json' | 'stream', keyName: keyof typeof keys, inFlight: number): Promise<Row> {
  const direct: LoadResult[] = [];
  const via: LoadResult[] = [];
  const cpu: number[] = [];
  const directTarget = { url: `${upstreamUrl}/chat/completions`, headers: {}, body: bodyOf(modelOf(mode), mode === 'stream') };
  const viaTarget = viaTargetOf(mode, keyName);
  await load(viaTarget, inFlight, 500);
  for (let round = 0; round < rounds; round += 1) {
    direct.push(await load(directTarget, inFlight, roundMs));
    const before = (await gateway.cpuMs()) ?? Number.NaN;
    const result = await load(viaTarget, inFlight, roundMs);
    cpu.push((((await gateway.cpuMs()) ?? Number.NaN) - before) / result.calls);
    via.push(result);
  }
  const added = (pick: (result: LoadResult) => number): number =>
    median(via.map((result, index) => pick(result) - pick(direct[index] ?? result)));
  return {
    mode,
    keyName,
    inFlight,
    directPerSecond: median(direct.map(({ callsPerSecond }) => callsPerSecond)),
    viaPerSecond: median(via.map(({ callsPerSecond }) => callsPerSecond)),
    addedP50: added(({ p50 }) => p50),
    addedP99: added(({ p99 }) => p99),
    addedFirstByteP50: added(({ firstByteP50 }) => firstByteP50),
    cpuMsPerCall: median(cpu),
  };
}

/** Own CPU of one 200-chunk stream, at little load. */
async function longStreamCpuMs(keyName: keyof typeof keys, model = 'up/stream-200', endpointPath = 'chat/completions'): Promise<number> {
  const target = {
    url: `${gatewayUrl}/v1/${endpointPath}`,
    headers: { authorization: `Bearer ${keys[keyName]}` },
    body: bodyOf(model, true),
  };
  await load(target, 4, 1_000);
  const before = (await gateway.cpuMs()) ?? Number.NaN;
  const { calls } = await load(target, 4, roundMs * 2);
  return (((await gateway.cpuMs()) ?? Number.NaN) - before) / calls;
}

/** The store's own round trip, as the gateway's client sees it: the part of the added time that is not ours. */
async function storeRoundTripMs(): Promise<number> {
  const db = await connectDynamoDb({ region: 'us-east-1', endpoint });
  const times: number[] = [];
  for (let turn = 0; turn < 600; turn += 1) {
    const begun = performance.now();
    await db.update({ table: 'sluice-ledger', key: { pk: 'bench', sk: 'bench' }, update: 'ADD used :one', values: { ':one': 1 } });
    if (turn >= 100) times.push(performance.now() - begun);
  }
  db.close();
  return median(times);
}

const processes: BenchProcess[] = [gateway, upstream, store];
try {
  const roundTripMs = await storeRoundTripMs();
  const rows: Row[] = [];
  // The compiler has to have seen both ways often before they are timed: a gateway runs for hours.
  for (const mode of ['json', 'stream'] as const) await load(viaTargetOf(mode, 'all limits'), 10, warmUpMs);
  for (const keyName of ['no limits', 'all limits'] as const) {
    for (const mode of ['json', 'stream'] as const) {
      for (const inFlight of [1, 10, 50]) {
        const row = await measure(mode, keyName, inFlight);
        process.stdout.write(`${JSON.stringify(row)}\n`);
        rows.push(row);
      }
    }
  }
  const longStream = {
    free: await longStreamCpuMs('no limits'),
    limited: await longStreamCpuMs('all limits'),
    nativeMessages: await longStreamCpuMs('no limits', 'claude/stream-200', 'messages'),
    translated: await longStreamCpuMs('no limits', 'claude/stream-200'),
  };
  const cacheRows = await measureCache({ gatewayUrl, key: freeKey, endpoint, rounds, roundMs: roundMs / 2 });
  const startUp = await measureStartUp(10);
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`;
  const version: string = JSON.parse(await readFile('package.json', 'utf8')).version;
  await writeFile(page, renderReport({ version, machine, rounds, roundMs, rows, roundTripMs, storeName, longStream, cacheRows, startUp }));
  process.stdout.write(`written to ${page}\n`);
} finally {
  await Promise.all(processes.map((running) => running.stop()));
}
