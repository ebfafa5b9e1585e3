import { DynamoAnswers } from '../../shared/store/cache-answers.ts';
import { headOf } from '../../shared/store/cache-items.ts';
import type { DynamoDb, DynamoItem } from '../../shared/store/dynamo-client.ts';
import { connectDynamoDb } from '../../shared/store/dynamo-connect.ts';
import { load, median, percentile } from './load.ts';

/** What an answer of one size takes up in the cache, how long a hit takes, and what both cost; times in milliseconds. */
export interface CacheRow {
  readonly bytes: number;
  readonly storedBytes: number;
  /** All items of the answer, names of attributes included, as DynamoDB counts them. */
  readonly itemBytes: number;
  readonly storeP50: number;
  readonly storeP99: number;
  readonly hitP50: number;
  readonly hitP99: number;
  readonly streamedP50: number;
  readonly streamedP99: number;
  readonly readUnits: number;
  readonly writeUnits: number;
  readonly millionHitsUsd: number;
  readonly millionMissesUsd: number;
}

/** Sizes of bodies, in bytes: from a short answer to one as long as a booklet. */
export const cachedSizes: readonly number[] = [2_000, 8_000, 40_000, 100_000];

/** The route of the benchmark's configuration whose answers have this size and are kept. */
export function keptRoute(bytes: number): string {
  return `kept-${bytes}`;
}

/** On demand in us-east-1: https://aws.amazon.com/dynamodb/pricing/on-demand/ */
const usdPerMillion = { writeUnits: 0.625, readUnits: 0.125 };
/** A miss writes the lease and the count, and a hit the count, an item of less than 1 KB each. */
const [leaseUnits, countUnits] = [1, 1];
/** What a miss finds is nothing, which takes as much to read as 4 KB. */
const emptyReadUnits = 0.5;

interface CacheBench {
  readonly gatewayUrl: string;
  readonly key: string;
  /** Of DynamoDB. */
  readonly endpoint: string;
  readonly rounds: number;
  readonly roundMs: number;
}

/** Measures hits against the store's own round trip, in turn, one call at a time. */
export async function measureCache(bench: CacheBench): Promise<CacheRow[]> {
  const db = await connectDynamoDb({ region: 'us-east-1', endpoint: bench.endpoint });
  try {
    const rows: CacheRow[] = [];
    for (const bytes of cachedSizes) rows.push(await measureSize(bytes, bench, db));
    return rows;
  } finally {
    db.close();
  }
}

async function measureSize(size: number, bench: CacheBench, db: DynamoDb): Promise<CacheRow> {
  const targetOf = (stream: boolean) => ({
    url: `${bench.gatewayUrl}/v1/chat/completions`,
    headers: { authorization: `Bearer ${bench.key}` },
    body: JSON.stringify({ model: keptRoute(size), stream, messages: [{ role: 'user', content: 'Tell me all you know.' }] }),
  });
  const [whole, streamed] = [targetOf(false), targetOf(true)];
  const { key, bytes } = await storedAnswer(whole);
  const answers = new DynamoAnswers({ db, table });
  const rounds: { store: Quantiles; hit: Quantiles; streamed: Quantiles }[] = [];
  // Both connections are made and warm before anything counts.
  await load(whole, 1, bench.roundMs);
  await findings(answers, key, bench.roundMs);
  for (let round = 0; round < bench.rounds; round += 1) {
    rounds.push({
      store: await findings(answers, key, bench.roundMs),
      hit: await load(whole, 1, bench.roundMs),
      streamed: await load(streamed, 1, bench.roundMs),
    });
  }
  const middle = (pick: (round: (typeof rounds)[number]) => number): number => median(rounds.map(pick));
  return {
    bytes,
    ...(await costOf(db, key)),
    storeP50: middle(({ store }) => store.p50),
    storeP99: middle(({ store }) => store.p99),
    hitP50: middle(({ hit }) => hit.p50),
    hitP99: middle(({ hit }) => hit.p99),
    streamedP50: middle((round) => round.streamed.p50),
    streamedP99: middle((round) => round.streamed.p99),
  };
}

interface Quantiles {
  readonly p50: number;
  readonly p99: number;
}

const table = 'sluice-cache';

/** Asks until the answer comes out of the cache, and says under which key. */
async function storedAnswer({ url, headers, body }: { url: string; headers: Readonly<Record<string, string>>; body: string }) {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });
    const bytes = (await response.arrayBuffer()).byteLength;
    const key = response.headers.get('x-sluice-cache-key');
    if (response.headers.get('x-sluice-cache') === 'hit' && key !== null) return { key, bytes };
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('the answer was never stored');
}

/** The look-up of a hit alone, by the gateway's own client, unpacking included. */
async function findings(answers: DynamoAnswers, key: string, durationMs: number): Promise<Quantiles> {
  const times: number[] = [];
  for (const until = performance.now() + durationMs; performance.now() < until; ) {
    const begun = performance.now();
    const { answer } = await answers.find(key, false);
    times.push(performance.now() - begun);
    if (answer === undefined) throw new Error('the stored answer is gone');
  }
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
}

/** What DynamoDB charges for the answer as it is stored. */
async function costOf(db: DynamoDb, key: string) {
  const item = await db.get({ table, key: { pk: `ANSWER#${key}`, sk: 'HEAD' }, consistent: true });
  const head = item && headOf(item);
  if (item === undefined || head?.data === undefined) throw new Error('the stored answer is not one item');
  const itemBytes = itemSize(item);
  const readUnits = Math.ceil(itemBytes / 4_096) / 2;
  const writeUnits = leaseUnits + Math.ceil(itemBytes / 1_024) + countUnits;
  return {
    storedBytes: head.data.length,
    itemBytes,
    readUnits,
    writeUnits,
    millionHitsUsd: readUnits * usdPerMillion.readUnits + countUnits * usdPerMillion.writeUnits,
    millionMissesUsd: emptyReadUnits * usdPerMillion.readUnits + writeUnits * usdPerMillion.writeUnits,
  };
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html */
function itemSize(item: DynamoItem): number {
  return Object.entries(item).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + valueSize(value), 0);
}

function valueSize(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value === 'number') return Math.ceil(String(value).replace(/\D/g, '').length / 2) + 1;
  if (value instanceof Uint8Array) return value.byteLength;
  if (typeof value !== 'object' || value === null) return 1;
  return 3 + Object.entries(value).reduce((sum, [name, member]) => sum + 1 + Buffer.byteLength(name) + valueSize(member), 0);
}
