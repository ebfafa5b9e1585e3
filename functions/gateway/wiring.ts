import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ledger } from '../../shared/admission/ledger.ts';
import type { Usage } from '../../shared/calls/usage.ts';
import { LiveConfigSource } from '../../shared/config/config-live-source.ts';
import { type ConfigVersionReader, fileVersion } from '../../shared/config/config-versions.ts';
import type { Environment } from '../../shared/config/environment.ts';
import { readEnvironment, storeConnection } from '../../shared/config/environment.ts';
import type { GatewayConfig } from '../../shared/config/gateway-config.ts';
import { type ConfigSource, liveConfig } from '../../shared/config/live-config.ts';
import { loadConfigFile } from '../../shared/config/load-config.ts';
import { ReferencedSecrets } from '../../shared/config/secrets.ts';
import { SecretsManagerStore } from '../../shared/config/secrets-manager.ts';
import { CachedDirectory } from '../../shared/control/cached-directory.ts';
import type { Directory } from '../../shared/control/directory.ts';
import { GatewayError } from '../../shared/errors/gateway-error.ts';
import type { CacheParts } from '../../shared/middleware/cache-parts.ts';
import type { IdempotencyParts } from '../../shared/middleware/idempotency.ts';
import type { UploadParts } from '../../shared/middleware/read-upload.ts';
import { type Charge, chargeFor } from '../../shared/pricing/charge.ts';
import type { Price } from '../../shared/pricing/price.ts';
import { loadPriceTables } from '../../shared/pricing/price-table.ts';
import type { SecretReader } from '../../shared/providers/configured-provider.ts';
import { HttpClient } from '../../shared/providers/http-client.ts';
import type { PassThroughClient } from '../../shared/providers/pass-through.ts';
import { HealthBoard } from '../../shared/routing/health-board.ts';
import type { RoutingPorts } from '../../shared/routing/journey.ts';
import type { Target } from '../../shared/routing/plan.ts';
import { RetryBudget } from '../../shared/routing/retry-budget.ts';
import { DynamoHealthStore } from '../../shared/store/breaker-store-dynamo.ts';
import { DynamoConfigStore } from '../../shared/store/config-store-dynamo.ts';
import { DynamoControlStore } from '../../shared/store/control-store-dynamo.ts';
import { ControlTable } from '../../shared/store/control-table.ts';
import { connectDynamoDb } from '../../shared/store/dynamo-connect.ts';
import { DynamoLedger } from '../../shared/store/ledger-store.ts';
import { StoredAlerts } from '../../shared/store/record-alerts.ts';
import type { CallRecords } from '../../shared/store/record-calls.ts';
import { callRecords, payloadStore } from '../../shared/store/record-connect.ts';
import { breakerLine } from '../../shared/telemetry/breaker-line.ts';
import { createLog, describeError, type Log } from '../../shared/telemetry/log.ts';
import type { PayloadStore } from '../../shared/telemetry/payload.ts';
import type { CallExporter } from './export-call.ts';
import { exportLazily } from './export-lazily.ts';
import { BudgetNotices } from './notice-budgets.ts';
import { wirePassThrough, wireTransports } from './transports.ts';
import { wireCache } from './wire-cache.ts';
import { wireUploads } from './wire-uploads.ts';

/** The parts of the data plane that last from one request to the next. */
export interface GatewayParts {
  readonly config: ConfigSource;
  readonly directory: Directory;
  readonly ledger: Ledger;
  readonly records: CallRecords;
  readonly budgetNotices: BudgetNotices;
  readonly exporter: Pick<CallExporter, 'export'>;
  /** Undefined where no place for payloads is deployed. */
  readonly payloads: PayloadStore | undefined;
  readonly routing: RoutingPorts;
  readonly health: HealthBoard;
  readonly cache: CacheParts;
  readonly idempotency: IdempotencyParts;
  readonly passThrough: Pick<PassThroughClient, 'send'>;
  readonly uploads: UploadParts['uploads'];
  readonly log: Log;
}

/** The clock of the data plane, in milliseconds since the epoch, with the fractions that stages are timed by. */
export function nowMs(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 1000) / 1000;
}

/** Wires the real parts together. */
export async function wireGateway(environment: Environment = readEnvironment()): Promise<GatewayParts> {
  const log = createLog(environment.SLUICE_LOG_LEVEL, Date.now);
  const secrets = new ReferencedSecrets({
    store: new SecretsManagerStore(),
    secretId: environment.SLUICE_PROVIDER_SECRET_ID,
    nowMs: Date.now,
  });
  const [dynamo, settings] = await Promise.all([
    connectDynamoDb(storeConnection(environment)),
    loadConfigFile(environment.SLUICE_CONFIG),
    loadPriceTables(),
  ]);
  const records = callRecords(dynamo, environment);
  const health = new HealthBoard(
    new DynamoHealthStore({ dynamo, table: environment.SLUICE_CACHE_TABLE, clock: Date.now, newId: () => randomUUID().slice(0, 8) }),
    (error) => log.write('warn', 'health of targets is not shared', describeError(error)),
    (opened) => log.write('warn', 'breaker opened', breakerLine(opened, nowMs())),
  );
  const controlTable = new ControlTable(dynamo, environment.SLUICE_CONTROL_TABLE);
  const control = new DynamoControlStore(controlTable);
  const config = followedConfig(settings, new DynamoConfigStore(controlTable), secrets, log);
  config.touch();
  // As the configuration says that this instance saw last: when the store is gone, that cannot be asked any more.
  const onStoreFailure = () => config.lastKnown.settings.on_store_failure;
  return {
    config,
    directory: new CachedDirectory(control, {
      clock: Date.now,
      believesUnread: (error) => onStoreFailure() === 'open' && believedUnread(error, log),
    }),
    ledger: new DynamoLedger({
      db: dynamo,
      table: environment.SLUICE_LEDGER_TABLE,
      recorder: records,
      onStoreFailure,
      log: (event) => log.write('error', 'ledger', { ...event }),
    }),
    records,
    payloads: await payloadStore(environment),
    budgetNotices: new BudgetNotices({ alerts: new StoredAlerts(dynamo, environment.SLUICE_RECORDS_TABLE), log, nowMs }),
    exporter: exportLazily({
      client: new HttpClient(),
      secrets,
      region: environment.AWS_REGION,
      credentials: storeConnection(environment).credentials,
      log,
      nowMs,
    }),
    routing: routingPorts(secrets, health),
    health,
    passThrough: wirePassThrough(secrets),
    uploads: wireUploads(environment),
    ...wireCache({ db: dynamo, table: environment.SLUICE_CACHE_TABLE }, { environment, log, nowMs }),
    log,
  };
}

/** Only the store's own failures let a record that was read before go on to hold. */
function believedUnread(error: unknown, log: Log): boolean {
  if (!(error instanceof GatewayError) || error.code !== 'store_unavailable') return false;
  log.write('warn', 'a record holds as it was read last', describeError(error));
  return true;
}

/** The configuration of the deployment until the control plane has one, and from then on what it says. */
function followedConfig(file: GatewayConfig, versions: ConfigVersionReader, secrets: SecretReader, log: Log): LiveConfigSource {
  return new LiveConfigSource({
    file,
    versions,
    make: (settings, version) => {
      log.write('info', 'configuration in effect', { version, from: version === fileVersion ? 'deployment' : 'control plane' });
      return liveConfig(settings, { secrets, version });
    },
    nowMs: Date.now,
    onProblem: (message, error) => log.write('error', message, describeError(error)),
  });
}

function routingPorts(secrets: SecretReader, health: HealthBoard): RoutingPorts {
  return {
    nowMs,
    random: Math.random,
    health,
    retryBudget: new RetryBudget(),
    sleep: (ms, signal) => sleep(ms, undefined, { signal }),
    transportFor: wireTransports(secrets),
  };
}

/** What a call is charged at a target, at this moment; undefined where nobody knows. */
export function chargeAt(priceOf: (target: Target) => Price | undefined) {
  return (target: Target, usage: Usage, serviceTier: string | undefined): Charge | undefined =>
    chargeFor(usage, priceOf(target), { atMs: Date.now(), serviceTier, statesCost: target.provider.statesCost });
}

/** The same in nano-USD alone. */
export function costAt(priceOf: (target: Target) => Price | undefined) {
  const charge = chargeAt(priceOf);
  return (...consumed: Parameters<typeof charge>): number | undefined => charge(...consumed)?.totalNanoUsd;
}
