import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readEnvironment } from '../../shared/config/environment.ts';
import { sortableId } from '../../shared/control/sortable-id.ts';
import type { DynamoDb } from '../../shared/store/dynamo-client.ts';
import { connectDynamoDb } from '../../shared/store/dynamo-connect.ts';
import { callRecords, usageExport, usageReader } from '../../shared/store/record-connect.ts';
import { ExportFolder, UsageExport } from '../../shared/store/usage-export.ts';
import type { CallRecord } from '../../shared/telemetry/call-record.ts';
import { lastMonth } from '../../shared/telemetry/usage-month.ts';
import { startDynalite, type TestDynamoDb } from '../support/ledger-servers.ts';

const environment = readEnvironment({ SLUICE_RECORD_DAYS: '400' });
const table = environment.SLUICE_RECORDS_TABLE;
const hour = 3_600_000;
const december = Date.UTC(2026, 11, 1);

let server: TestDynamoDb;
let db: DynamoDb;
let folder: string;

beforeAll(async () => {
  server = await startDynalite();
  db = await connectDynamoDb({ region: 'us-east-1', endpoint: server.endpoint });
  const records = callRecords(db, environment);
  for (const [atMs, fields] of [
    [Date.UTC(2026, 9, 31, 23, 59), { keyId: 'key_before' }],
    [Date.UTC(2026, 10, 3, 12), { keyId: 'key_1', team: '=cmd()', costNanoUsd: 1_234_567 }],
    [Date.UTC(2026, 10, 3, 13), { keyId: 'key_1', team: '=cmd()', costNanoUsd: 1 }],
    [Date.UTC(2026, 10, 30, 23, 59), { keyId: 'key_2', costNanoUsd: 5, unpriced: true }],
    [december + 1, { keyId: 'key_after' }],
  ] as const) {
    const record: CallRecord = {
      id: sortableId('req_', atMs, randomBytes),
      startedAtMs: atMs,
      endedAtMs: atMs + 100,
      ending: 'answered',
      servedBy: 'up/m',
      provider: 'up',
      attempts: [],
      usage: { inputTokens: 10, outputTokens: 2 },
      costNanoUsd: 0,
      ...fields,
    };
    await records.write(record, atMs + 100);
  }
}, 30_000);
afterAll(async () => {
  db.close();
  await server.close();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-export-'));
});
afterEach(async () => {
  await db.delete({ table, key: { pk: 'export', sk: 'usage#2026-11' } });
  await rm(folder, { recursive: true, force: true });
});

function exportTo(format: 'csv' | 'parquet', put?: (key: string) => Promise<void>): UsageExport {
  const place = put === undefined ? new ExportFolder(folder) : { put };
  return new UsageExport({ db, table, usage: usageReader(db, environment), place, format });
}

describe('the last month', () => {
  it('is the one that has been over for three hours', () => {
    expect(lastMonth(december + 2 * hour).name).toBe('2026-10');
    expect(lastMonth(december + 3 * hour)).toEqual({ name: '2026-11', fromMs: Date.UTC(2026, 10, 1), toMs: december });
    expect(lastMonth(Date.UTC(2027, 0, 15))).toEqual({ name: '2026-12', fromMs: december, toMs: Date.UTC(2027, 0, 1) });
    expect(lastMonth(Date.UTC(2027, 1, 15)).name).toBe('2027-01');
  });
});

describe('the usage of a month', () => {
  it('is written as CSV, a line for each day and whatever tells calls apart, to the nano-dollar', async () => {
    expect(await exportTo('csv').run(december + 4 * hour)).toBe('usage/month=2026-11/usage.csv');
    const [header = '', ...lines] = (await readFile(join(folder, 'usage/month=2026-11/usage.csv'), 'utf8')).trimEnd().split('\r\n');
    expect(header).toMatch(/^day,key,team,user,organization,model,provider,calls,errors,.*cost_usd,cost_nano_usd,/);
    const rows = lines.map((line) => Object.fromEntries(line.split(',').map((value, index) => [header.split(',')[index], value])));
    expect(rows).toMatchObject([
      { day: '2026-11-03', key: 'key_1', team: "'=cmd()", model: 'up/m', calls: '2', cost_usd: '0.001234568', cost_nano_usd: '1234568' },
      { day: '2026-11-30', key: 'key_2', team: '', calls: '1', input_tokens: '10', unpriced_calls: '1', cost_nano_usd: '5' },
    ]);
  });

  it('is written as Parquet that another program reads', async () => {
    expect(await exportTo('parquet').run(december + 4 * hour)).toBe('usage/month=2026-11/usage.parquet');
    const { buffer, byteOffset, byteLength } = await readFile(join(folder, 'usage/month=2026-11/usage.parquet'));
    const rows = await parquetReadObjects({ file: buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer });
    expect(rows).toMatchObject([
      { day: '2026-11-03', key: 'key_1', team: '=cmd()', user: null, calls: 2n, cost_usd: 0.001234568, cost_nano_usd: 1234568n },
      { day: '2026-11-30', key: 'key_2', team: null, calls: 1n, output_tokens: 2n, cost_nano_usd: 5n },
    ]);
  });

  it('is written once, by whichever instance comes first', async () => {
    const keys: string[] = [];
    const note = async (key: string): Promise<void> => void keys.push(key);
    const first = exportTo('csv', note);
    expect(await first.run(december + 4 * hour)).toBeDefined();
    expect(await first.run(december + 5 * hour)).toBeUndefined();
    expect(await exportTo('csv', note).run(december + 5 * hour)).toBeUndefined();
    expect(keys).toHaveLength(1);
  });

  it('is written again by the next run where the place did not take it', async () => {
    const failing = exportTo('csv', () => Promise.reject(new Error('S3 answered 503')));
    await expect(failing.run(december + 4 * hour)).rejects.toThrow('503');
    expect(await exportTo('csv').run(december + 4 * hour)).toBeDefined();
  });

  it('leaves no file where there were no calls, and nothing is exported where nobody wants it', async () => {
    expect(await exportTo('csv').run(Date.UTC(2026, 5, 15))).toBeUndefined();
    expect(await usageExport(db, environment)).toBeUndefined();
    expect(await usageExport(db, readEnvironment({ SLUICE_USAGE_EXPORT_FOLDER: folder }))).toBeInstanceOf(UsageExport);
    const inAws = { SLUICE_USAGE_EXPORT_BUCKET: 'b', AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: 'secret' };
    expect(await usageExport(db, readEnvironment(inAws))).toBeInstanceOf(UsageExport);
  });
});
