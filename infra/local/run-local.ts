import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { styleText } from 'node:util';
import packageJson from '../../package.json' with { type: 'json' };
import { FolderUploads } from '../../shared/store/upload-folder.ts';
import { CollectedMetrics } from '../../shared/telemetry/collected-metrics.ts';
import { type LogSink, setLogSink } from '../../shared/telemetry/log-sink.ts';
import { setHostMetrics } from '../../shared/telemetry/metrics-source.ts';
import { awsLambdaShim } from './awslambda.ts';
import { renderBanner } from './banner.ts';
import { createMissingTables, localTableNames } from './create-tables.ts';
import { type Credentials, loadCredentials, saveCredentials } from './credentials.ts';
import { type EmbeddedDynamoDb, startEmbeddedDynamoDb } from './embedded-dynamodb.ts';
import { ensureFirstKey } from './first-key.ts';
import type { LambdaHandler } from './invoke.ts';
import { type LocalHost, startLocalHost } from './local-host.ts';
import { type LogFile, openLogFile } from './log-file.ts';
import { startSchedule } from './schedule.ts';
import type { LocalSettings } from './settings.ts';

/** The functions of one deployment. */
export interface Functions {
  readonly gateway: LambdaHandler;
  readonly admin: LambdaHandler;
  readonly sweeper: LambdaHandler;
}

/** A gateway that runs on this machine. */
export interface LocalGateway {
  readonly url: string;
  /** Lets open calls end for at most `drainMs`, then closes everything. */
  close(drainMs: number): Promise<void>;
}

/** More often than EventBridge can: a dead hold is settled within a minute of its call's deadline, the seconds until it expires included. */
const sweepEveryMs = 40_000;

/**
 * Starts everything `npm start` stands for: database, tables, functions, host, first key. Prints what
 * there is to know to stdout. The functions are loaded by `loadFunctions` after their environment is set.
 * @throws DataFolderInUse, the error of `listen`, or whatever loading the functions throws; nothing is left running.
 */
export async function runLocal(settings: LocalSettings, loadFunctions: () => Promise<Functions>): Promise<LocalGateway> {
  const closers: ((drainMs: number) => Promise<unknown>)[] = [];
  const close = async (drainMs: number): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer(drainMs);
  };
  try {
    const kept = await loadCredentials(settings.dataFolder);
    const adminKey = settings.adminKey ?? kept.adminKey;
    const log = await openLog(settings);
    if (log.file) closers.push(() => log.file?.flush() ?? Promise.resolve());
    const database = settings.dynamoDbEndpoint === undefined ? await startEmbeddedDynamoDb(settings.dataFolder) : undefined;
    if (database) closers.push(() => database.close());
    const endpoint = await prepareEnvironment(settings, database, adminKey);
    const uploads = await prepareUploads(settings.dataFolder, closers);

    const functions = await loadFunctions();
    const onFunctionError = (functionName: string, thrown: unknown): void => reportFailure(functionName, thrown, log.sink);
    const { gateway, admin } = functions;
    const host = await startLocalHost({ port: settings.port, gateway, admin, uploads, onFunctionError });
    closers.push((drainMs) => host.close(drainMs));
    closers.push(startSchedule({ functionName: 'sluice-sweeper', handler: functions.sweeper, everyMs: sweepEveryMs, onFunctionError }));

    await greet(settings, host, { ...kept, adminKey }, kept, endpoint, log.file);
    return { url: host.url, close };
  } catch (thrown) {
    await close(0);
    throw thrown;
  }
}

async function openLog(settings: LocalSettings): Promise<{ readonly file: LogFile | undefined; readonly sink: LogSink }> {
  const file = settings.dataFolder === undefined ? undefined : await openLogFile(join(settings.dataFolder, 'logs'));
  const metrics = new CollectedMetrics();
  setHostMetrics(metrics);
  const sink = (line: string): void => {
    metrics.take(line);
    file?.write(line);
    if (settings.showLog) process.stdout.write(`${line}\n`);
  };
  setLogSink(sink);
  return { file, sink };
}

/**
 * Sets what the stack would set in AWS, and returns the endpoint of the database. AWS credentials stay as they are:
 * an emulator checks none, and a profile may serve Bedrock.
 */
async function prepareEnvironment(settings: LocalSettings, database: EmbeddedDynamoDb | undefined, adminKey: string): Promise<string> {
  const endpoint = database?.endpoint ?? settings.dynamoDbEndpoint ?? '';
  const names = localTableNames(process.env);
  await createMissingTables(endpoint, names).catch((cause: unknown) => {
    throw new Error(`The DynamoDB at ${endpoint} does not answer as one: ${cause instanceof Error ? cause.message : cause}`, { cause });
  });
  Object.assign(process.env, names, { DYNAMODB_ENDPOINT: endpoint, SLUICE_ADMIN_KEY: adminKey, SLUICE_CONFIG: settings.configFile });
  if (settings.dataFolder !== undefined) {
    process.env.SLUICE_PAYLOAD_FOLDER = join(settings.dataFolder, 'payloads');
    process.env.SLUICE_USAGE_EXPORT_FOLDER = join(settings.dataFolder, 'exports');
  }
  process.env.AWS_REGION ??= 'us-east-1';
  Object.assign(globalThis, { awslambda: awsLambdaShim });
  return endpoint;
}

/** A place for uploads, unless the environment names a bucket; without a data folder they go when the gateway goes. */
async function prepareUploads(
  dataFolder: string | undefined,
  closers: ((drainMs: number) => Promise<unknown>)[],
): Promise<FolderUploads | undefined> {
  if (process.env.SLUICE_UPLOAD_BUCKET !== undefined) return undefined;
  const folder = dataFolder === undefined ? await mkdtemp(join(tmpdir(), 'sluice-uploads-')) : join(dataFolder, 'uploads');
  if (dataFolder === undefined) closers.push(() => rm(folder, { recursive: true, force: true }));
  const signingKey = randomBytes(32).toString('base64url');
  Object.assign(process.env, { SLUICE_UPLOAD_FOLDER: folder, SLUICE_UPLOAD_SIGNING_KEY: signingKey });
  return new FolderUploads(folder, signingKey);
}

async function greet(
  settings: LocalSettings,
  host: LocalHost,
  current: Credentials,
  kept: Credentials,
  endpoint: string,
  logFile: LogFile | undefined,
): Promise<void> {
  const firstKey = await ensureFirstKey(host.url, current).catch((thrown: unknown) => {
    process.stderr.write(`sluice: no first key could be made. ${thrown instanceof Error ? thrown.message : thrown}\n`);
    return undefined;
  });
  await saveCredentials(settings.dataFolder, { adminKey: kept.adminKey, ...(firstKey && { firstKey }) });
  const consolePage = await fetch(`${host.url}/console`).catch(() => undefined);
  await consolePage?.body?.cancel();
  const facts = {
    version: packageJson.version,
    url: host.url,
    adminKey: current.adminKey,
    firstKey: firstKey?.key,
    hasConsole: consolePage?.ok ?? false,
    data: settings.dynamoDbEndpoint === undefined ? (settings.dataFolder ?? 'in memory only') : `DynamoDB at ${endpoint}`,
    log: logFile?.path,
  };
  process.stdout.write(`${renderBanner(facts, useColor())}\n`);
}

function useColor(): boolean {
  return process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
}

function reportFailure(functionName: string, thrown: unknown, sink: LogSink): void {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  sink(
    JSON.stringify({ level: 'error', time: new Date().toISOString(), function: functionName, message: error.message, stack: error.stack }),
  );
  const label = process.stderr.isTTY ? styleText('red', 'error') : 'error';
  process.stderr.write(`${label}  ${functionName}: ${error.message.split('\n', 1)[0]}\n`);
}
