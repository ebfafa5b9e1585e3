import type { CacheRow } from './cache-hits.ts';
import type { StartUp } from './start-up.ts';

/** One line of the comparison; times in milliseconds. */
export interface Row {
  readonly mode: 'json' | 'stream';
  readonly keyName: string;
  readonly inFlight: number;
  readonly directPerSecond: number;
  readonly viaPerSecond: number;
  readonly addedP50: number;
  readonly addedP99: number;
  readonly addedFirstByteP50: number;
  readonly cpuMsPerCall: number;
}

/** Everything a run found out. */
export interface Report {
  readonly version: string;
  readonly machine: string;
  readonly rounds: number;
  readonly roundMs: number;
  readonly rows: readonly Row[];
  readonly roundTripMs: number;
  /** The DynamoDB emulator that stood for the real one. */
  readonly storeName: string;
  /** The gateway's CPU for a stream of 200 chunks, by what is asked of it. */
  readonly longStream: {
    readonly free: number;
    readonly limited: number;
    readonly nativeMessages: number;
    readonly translated: number;
  };
  readonly cacheRows: readonly CacheRow[];
  readonly startUp: StartUp;
}

/** The page `docs/benchmarks.md`. */
export function renderReport(report: Report): string {
  const { rows, startUp, longStream } = report;
  const line = (row: Row): string =>
    `| ${row.mode} | ${row.keyName} | ${row.inFlight} | ${Math.round(row.directPerSecond)} | ${Math.round(row.viaPerSecond)} | ${row.addedP50.toFixed(2)} | ${row.addedP99.toFixed(2)} | ${row.addedFirstByteP50.toFixed(2)} | ${row.cpuMsPerCall.toFixed(2)} |`;
  return `# Benchmarks

Written by \`npm run bench\` with Sluice ${report.version} on ${report.machine}.

## What a call through the gateway adds

The gateway against the same upstream called directly, in turn within one run: ${report.rounds} rounds of ${report.roundMs / 1000} s each, medians of the rounds; \`added\` is the median of the
differences round by round. The upstream answers at once, so these are the gateway's own costs; a model takes seconds. Times are milliseconds.

| answer | key | in flight | direct calls/s | gateway calls/s | added p50 | added p99 | added first byte p50 | gateway CPU a call |
|---|---|---|---|---|---|---|---|---|
${rows.map(line).join('\n')}

- **no limits**: a key without limits. Authentication, parsing, routing, pricing, the hold on the key (one write before and one after the call), metrics and the call's record are on.
- **all limits**: a key with requests and tokens a minute, parallel calls and a monthly budget: one conditional write before and one after each call. A write
  to this store takes ${report.roundTripMs.toFixed(2)} ms by itself (p50, one at a time, through the gateway's own client).
- **stream**: 20 chunks, each flushed by itself.

A stream of 200 chunks takes ${longStream.free.toFixed(2)} ms of the gateway's CPU without limits and ${longStream.limited.toFixed(2)} ms with them. From a provider that speaks Anthropic
Messages it takes ${longStream.nativeMessages.toFixed(2)} ms in that dialect and ${longStream.translated.toFixed(2)} ms translated to chat completions, without limits.

## The cache

${renderCache(report.cacheRows)}

## The code package

| what | figure |
|---|---|
| code that loads at start | ${Math.round(startUp.startKb)} KB |
| all code, with what loads on first use | ${Math.round(startUp.totalKb)} KB |
| import in a fresh process, page cache warm, median of 10 | ${startUp.importMs.toFixed(1)} ms |
| \`node:http\` alone in a fresh process, for scale (21 to 25 ms on a quiet core of a 2 GHz Xeon) | ${startUp.nodeHttpMs.toFixed(1)} ms |

## Method

The gateway runs as \`npm start\` runs it (the Lambda handlers behind the local host), pinned to one processor, after ten seconds of load that are not timed. The load generator, the upstream and an in-memory
DynamoDB emulator (${report.storeName}) in a process of its own share the other. The load is closed-loop over kept-alive connections. CPU is read from the kernel's books of the gateway's process, so it includes the
local host's HTTP server, which API Gateway and the Lambda runtime replace in AWS. No TLS anywhere. Machines differ and shared ones are noisy: compare the columns of one run, not
absolute figures of two.
`;
}

function renderCache(rows: readonly CacheRow[]): string {
  const kb = (bytes: number): string => `${(bytes / 1_000).toFixed(1)} KB`;
  const ms = (value: number): string => value.toFixed(2);
  const usd = (value: number): string => `$${value.toFixed(2)}`;
  const times = rows.map(
    (row) =>
      `| ${kb(row.bytes)} | ${ms(row.storeP50)} | ${ms(row.storeP99)} | ${ms(row.hitP50)} | ${ms(row.hitP99)} | ${ms(row.streamedP50)} | ${ms(row.streamedP99)} |`,
  );
  const costs = rows.map(
    (row) =>
      `| ${kb(row.bytes)} | ${kb(row.storedBytes)} | ${kb(row.itemBytes)} | ${row.writeUnits} | ${usd(row.millionMissesUsd)} | ${row.readUnits} | ${usd(row.millionHitsUsd)} |`,
  );
  return `A hit against the look-up alone (the gateway's own client, unpacking included), in turn, one call at a time, milliseconds. Bodies are English text.

| body | look-up p50 | look-up p99 | hit p50 | hit p99 | streamed hit p50 | streamed hit p99 |
|---|---|---|---|---|---|---|
${times.join('\n')}

What is stored, and what DynamoDB charges for it on demand in us-east-1 ($0.625 a million write units, $0.125 a million read units): arithmetic from the size of the
items as they were stored. A miss writes the lease, the answer and the count; a hit reads the answer and writes the count.

| body | compressed | item | write units of a miss | a million misses | read units of a hit | a million hits |
|---|---|---|---|---|---|---|
${costs.join('\n')}`;
}
