import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from 'aws-lambda';
import type { HoldsUnderWay, Ledger } from '../../shared/admission/ledger.ts';
import { LiveConfigSource } from '../../shared/config/config-live-source.ts';
import { type Environment, readEnvironment, storeConnection } from '../../shared/config/environment.ts';
import { type ConfigSource, type LiveConfig, liveConfig } from '../../shared/config/live-config.ts';
import { loadConfigFile } from '../../shared/config/load-config.ts';
import { ReferencedSecrets } from '../../shared/config/secrets.ts';
import { SecretsManagerStore } from '../../shared/config/secrets-manager.ts';
import { DynamoConfigStore } from '../../shared/store/config-store-dynamo.ts';
import { ControlTable } from '../../shared/store/control-table.ts';
import type { DynamoDb } from '../../shared/store/dynamo-client.ts';
import { connectDynamoDb } from '../../shared/store/dynamo-connect.ts';
import { DynamoLedger } from '../../shared/store/ledger-store.ts';
import { StoredAlerts } from '../../shared/store/record-alerts.ts';
import { callRecords, usageExport, usageFold } from '../../shared/store/record-connect.ts';
import type { UsageExport } from '../../shared/store/usage-export.ts';
import type { UsageFold } from '../../shared/store/usage-fold.ts';
import { createLog, describeError, type Log } from '../../shared/telemetry/log.ts';
import { sweepLine } from '../../shared/telemetry/sweep-line.ts';
import { chatChannel, type DeliveryPorts, deliverAlerts, type NamedChannel, topicChannel, webhookChannel } from './deliver-alerts.ts';
import { secondLook } from './second-look.ts';

interface SweeperParts extends DeliveryPorts {
  readonly ledger: Ledger;
  readonly fold: UsageFold;
  /** Undefined where nobody wants the months exported. */
  readonly months: UsageExport | undefined;
  readonly log: Log;
}

let wiring: Promise<SweeperParts> | undefined;

/**
 * Settles the holds of dead invocations, in full as spent, brings the sums of usage up to date, delivers budget alerts, and
 * exports the usage of a month that is over.
 * Called once a minute; running late or twice does no harm.
 */
export async function handler(
  _event?: unknown,
  context?: Pick<Context, 'getRemainingTimeInMillis'>,
): Promise<{
  readonly settled: number;
  readonly calls: number;
  readonly late: number;
  readonly alerts: number;
}> {
  wiring ??= wire(readEnvironment()).catch((error: unknown) => {
    wiring = undefined;
    throw error;
  });
  const parts = await wiring;
  const nowMs = Date.now();
  let underWay: HoldsUnderWay | undefined;
  const dead = await parts.ledger.sweep(nowMs, (holds) => {
    underWay = holds;
  });
  const folded = await parts.fold.run(nowMs);
  const alerts = await deliverAlerts(parts, nowMs);
  await exportMonth(parts, nowMs);
  parts.log.write('info', 'sweep', sweepLine({ dead, underWay, ...folded }, nowMs));
  const late = await secondLook(underWay, nowMs, {
    ledger: parts.ledger,
    nowMs: Date.now,
    sleep,
    remainingMs: () => context?.getRemainingTimeInMillis() ?? 0,
  });
  if (late.length > 0) parts.log.write('info', 'sweep', sweepLine({ dead: late, underWay: undefined, calls: 0, late: 0 }, Date.now()));
  return { settled: dead.length + late.length, ...folded, alerts };
}

/** An export that fails is tried again by the next run, and holds up nothing else. */
async function exportMonth({ months, log }: SweeperParts, nowMs: number): Promise<void> {
  try {
    const key = await months?.run(nowMs);
    if (key !== undefined) log.write('info', 'usage exported', { key });
  } catch (error) {
    log.write('error', 'usage not exported', describeError(error));
  }
}

async function wire(environment: Environment): Promise<SweeperParts> {
  const log = createLog(environment.SLUICE_LOG_LEVEL, Date.now);
  const db = await connectDynamoDb(storeConnection(environment));
  const secrets = new ReferencedSecrets({
    store: new SecretsManagerStore(),
    secretId: environment.SLUICE_PROVIDER_SECRET_ID,
    nowMs: Date.now,
  });
  const config = await followedConfig(environment, db, secrets, log);
  return {
    ledger: new DynamoLedger({ db, table: environment.SLUICE_LEDGER_TABLE, recorder: callRecords(db, environment) }),
    fold: usageFold(db, environment),
    months: await usageExport(db, environment),
    alerts: new StoredAlerts(db, environment.SLUICE_RECORDS_TABLE),
    channels: async () => alertChannels(environment, await config.current(), secrets),
    log,
  };
}

/** The configuration as calls have it, so that who is told changes with it and without a deployment. */
async function followedConfig(environment: Environment, db: DynamoDb, secrets: ReferencedSecrets, log: Log): Promise<ConfigSource> {
  return new LiveConfigSource({
    file: await loadConfigFile(environment.SLUICE_CONFIG),
    versions: new DynamoConfigStore(new ControlTable(db, environment.SLUICE_CONTROL_TABLE)),
    make: (settings, version) => liveConfig(settings, { secrets, version }),
    nowMs: () => Date.now(),
    onProblem: (message, error) => log.write('error', message, describeError(error)),
  });
}

function alertChannels(environment: Environment, { settings }: LiveConfig, secrets: ReferencedSecrets): NamedChannel[] {
  const channels: NamedChannel[] = [];
  const { webhook, slack } = settings.alerts;
  if (webhook !== undefined)
    channels.push({ name: 'webhook', tell: webhookChannel(webhook.url, () => secrets.read(webhook.secret, false)) });
  if (slack !== undefined) channels.push({ name: 'slack', tell: chatChannel(() => secrets.read(slack.url, false)) });
  const { credentials } = storeConnection(environment);
  const { SLUICE_ALERT_TOPIC_ARN: topic } = environment;
  if (topic !== undefined && credentials !== undefined) channels.push({ name: 'topic', tell: topicChannel(topic, credentials) });
  return channels;
}
