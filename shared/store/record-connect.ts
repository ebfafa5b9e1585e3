import { type Environment, storeConnection } from '../config/environment.ts';
import type { PayloadStore } from '../telemetry/payload.ts';
import type { DynamoDb } from './dynamo-client.ts';
import { keyOwners } from './key-owner.ts';
import { CallRecords } from './record-calls.ts';
import { Books } from './usage-books.ts';
import type { ExportPlace, UsageExport } from './usage-export.ts';
import { UsageFold } from './usage-fold.ts';
import { UsageReader } from './usage-read.ts';

type RecordSettings = Pick<Environment, 'SLUICE_RECORDS_TABLE' | 'SLUICE_RECORD_DAYS' | 'SLUICE_CONTROL_TABLE'>;

/** The records of calls, as the environment says where and for how long. */
export function callRecords(db: DynamoDb, environment: RecordSettings): CallRecords {
  return new CallRecords({
    db,
    table: environment.SLUICE_RECORDS_TABLE,
    retentionMs: retentionMs(environment),
    ownerOf: keyOwners(db, environment.SLUICE_CONTROL_TABLE),
  });
}

/** What makes the sums of usage. */
export function usageFold(db: DynamoDb, environment: RecordSettings): UsageFold {
  const records = callRecords(db, environment);
  return new UsageFold({ db, table: environment.SLUICE_RECORDS_TABLE, records, retentionMs: retentionMs(environment) });
}

/** What reads the sums of usage. */
export function usageReader(db: DynamoDb, environment: RecordSettings): UsageReader {
  return new UsageReader(db, environment.SLUICE_RECORDS_TABLE, callRecords(db, environment));
}

/** What is read of calls: records, usage, and the books. */
export function observationParts(db: DynamoDb, environment: RecordSettings & Pick<Environment, 'SLUICE_LEDGER_TABLE'>) {
  const records = callRecords(db, environment);
  const usage = usageReader(db, environment);
  return { records, usage, books: new Books({ db, ledgerTable: environment.SLUICE_LEDGER_TABLE, records, usage }) };
}

/** Where prompts and answers are kept; undefined where there is no place for them, and nothing loaded for it either. */
export async function payloadStore(environment: Environment): Promise<PayloadStore | undefined> {
  const { SLUICE_PAYLOAD_BUCKET: bucket, SLUICE_PAYLOAD_LOG_GROUP: logGroup, SLUICE_PAYLOAD_FOLDER: folder } = environment;
  if (folder !== undefined) return new (await import('./record-payloads.ts')).FolderPayloads(folder);
  const { region, credentials } = storeConnection(environment);
  if (credentials === undefined) return undefined;
  const { AWS_ENDPOINT_URL_S3: s3, AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: logs } = environment;
  if (bucket !== undefined) return new (await import('./record-payloads.ts')).S3Payloads({ bucket, region, credentials, endpoint: s3 });
  if (logGroup === undefined) return undefined;
  return new (await import('./payload-log-group.ts')).LogGroupPayloads({ logGroup, region, credentials, endpoint: logs });
}

/** What exports the usage of each month; undefined where nobody wants it, and nothing loaded for it either. */
export async function usageExport(db: DynamoDb, environment: Environment): Promise<UsageExport | undefined> {
  const place = await exportPlace(environment);
  if (place === undefined) return undefined;
  const { UsageExport: Export } = await import('./usage-export.ts');
  const { SLUICE_RECORDS_TABLE: table, SLUICE_USAGE_EXPORT_FORMAT: format } = environment;
  return new Export({ db, table, usage: usageReader(db, environment), format, place });
}

async function exportPlace(environment: Environment): Promise<ExportPlace | undefined> {
  const { SLUICE_USAGE_EXPORT_BUCKET: bucket, SLUICE_USAGE_EXPORT_FOLDER: folder, AWS_ENDPOINT_URL_S3: endpoint } = environment;
  if (folder !== undefined) return new (await import('./usage-export.ts')).ExportFolder(folder);
  const { region, credentials } = storeConnection(environment);
  if (bucket === undefined || credentials === undefined) return undefined;
  return new (await import('./s3-objects.ts')).S3Objects({ bucket, region, credentials, endpoint });
}

function retentionMs({ SLUICE_RECORD_DAYS: days }: Pick<Environment, 'SLUICE_RECORD_DAYS'>): number {
  return days * 86_400_000;
}
