import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Environment, readEnvironment, storeConnection } from '../../shared/config/environment.ts';
import { SecretsManagerStore } from '../../shared/config/secrets-manager.ts';
import { loadPriceTables } from '../../shared/pricing/price-table.ts';
import { cacheAdministration } from '../../shared/store/cache-administration.ts';
import { DynamoControlStore } from '../../shared/store/control-store-dynamo.ts';
import { ControlTable } from '../../shared/store/control-table.ts';
import { connectDynamoDb } from '../../shared/store/dynamo-connect.ts';
import { DynamoLedger } from '../../shared/store/ledger-store.ts';
import { callRecords, observationParts, payloadStore, usageReader } from '../../shared/store/record-connect.ts';
import { CloudWatchMetrics } from '../../shared/telemetry/cloudwatch-metrics.ts';
import { createLog } from '../../shared/telemetry/log.ts';
import { hostMetrics } from '../../shared/telemetry/metrics-source.ts';
import { TeamDashboards } from '../../shared/telemetry/team-dashboard.ts';
import { type AdminWiring, makeAdminHandler } from './admin-handler.ts';
import { adminKeySource } from './admin-key-source.ts';
import { type BudgetWidgetParts, budgetWidget } from './budget-widget.ts';
import { cacheRoutes } from './cache-routes.ts';
import { configRoutes } from './config-routes.ts';
import { observationRoutes } from './observation-routes.ts';
import { adminRoutes } from './routes.ts';
import { wireConfig } from './wire-config.ts';

let wiring: Promise<AdminWiring> | undefined;
let widgetParts: Promise<BudgetWidgetParts> | undefined;

/** The control plane as Lambda runs it. Its parts are made by the first request, not before. */
export const handler = makeAdminHandler(() => {
  wiring ??= wire(readEnvironment()).catch((error: unknown) => {
    wiring = undefined;
    throw error;
  });
  return wiring;
});

/** Draws budgets on the CloudWatch dashboard: a function of its own, out of the same code package. */
export const widget = budgetWidget(() => {
  widgetParts ??= wireWidget(readEnvironment()).catch((error: unknown) => {
    widgetParts = undefined;
    throw error;
  });
  return widgetParts;
});

async function wireWidget(environment: Environment): Promise<BudgetWidgetParts> {
  const db = await connectDynamoDb(storeConnection(environment));
  return {
    store: new DynamoControlStore(new ControlTable(db, environment.SLUICE_CONTROL_TABLE)),
    ledger: new DynamoLedger({ db, table: environment.SLUICE_LEDGER_TABLE, recorder: callRecords(db, environment) }),
    usage: usageReader(db, environment),
    clock: Date.now,
  };
}

async function wire(environment: Environment): Promise<AdminWiring> {
  const clock = Date.now;
  const log = createLog(environment.SLUICE_LOG_LEVEL, clock);
  const [dynamo] = await Promise.all([connectDynamoDb(storeConnection(environment)), loadPriceTables()]);
  const store = new DynamoControlStore(new ControlTable(dynamo, environment.SLUICE_CONTROL_TABLE));
  const ledger = new DynamoLedger({
    db: dynamo,
    table: environment.SLUICE_LEDGER_TABLE,
    recorder: callRecords(dynamo, environment),
  });
  const { SLUICE_GATEWAY_LOG_GROUP: logGroup, AWS_REGION: region } = environment;
  const observation = {
    ...observationParts(dynamo, environment),
    payloads: await payloadStore(environment),
    metrics: hostMetrics() ?? new CloudWatchMetrics(),
    dashboards: logGroup === undefined ? undefined : new TeamDashboards({ logGroup, region }),
    store,
    clock,
    sleep,
  };
  const cache = cacheAdministration({ db: dynamo, table: environment.SLUICE_CACHE_TABLE }, clock);
  return {
    routes: [
      ...adminRoutes({ store, ledger, clock, randomBytes }),
      ...observationRoutes(observation),
      ...cacheRoutes({ store, clock, randomBytes, cache }),
      ...configRoutes(wireConfig(environment, dynamo, { store, clock, randomBytes, log, payloads: observation.payloads })),
    ],
    adminKey: adminKeySource({
      adminKey: environment.SLUICE_ADMIN_KEY,
      secretId: environment.SLUICE_ADMIN_SECRET_ID,
      secrets: new SecretsManagerStore(),
      clock,
    }),
    log,
  };
}
