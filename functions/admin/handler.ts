import { randomBytes } from 'node:crypto';
import { type Environment, readEnvironment } from '../../shared/config/environment.ts';
import type { SecretStore } from '../../shared/config/secrets.ts';
import { DynamoControlStore } from '../../shared/store/control-store-dynamo.ts';
import { ControlTable } from '../../shared/store/control-table.ts';
import { connectDynamoDb } from '../../shared/store/dynamo-connect.ts';
import { makeAdminHandler } from './admin-handler.ts';
import { adminKeySource } from './admin-key-source.ts';
import type { AdminRoute } from './operation.ts';
import { adminRoutes } from './routes.ts';

/** What lasts from one request to the next. */
interface Wiring {
  readonly routes: readonly AdminRoute[];
  readonly adminKey: () => Promise<string>;
}

let wiring: Promise<Wiring> | undefined;

/** The control plane as Lambda runs it. Its parts are made by the first request, not before. */
export const handler = makeAdminHandler({
  routes: async () => (await wired()).routes,
  adminKey: async () => (await wired()).adminKey(),
});

function wired(): Promise<Wiring> {
  wiring ??= wire(readEnvironment());
  return wiring;
}

async function wire(environment: Environment): Promise<Wiring> {
  const clock = Date.now;
  const dynamo = await connectDynamoDb({ region: environment.AWS_REGION, endpoint: environment.DYNAMODB_ENDPOINT });
  const store = new DynamoControlStore(new ControlTable(dynamo, environment.SLUICE_CONTROL_TABLE));
  return {
    routes: adminRoutes({ store, clock, randomBytes }),
    adminKey: adminKeySource({
      adminKey: environment.SLUICE_ADMIN_KEY,
      secretId: environment.SLUICE_ADMIN_SECRET_ID,
      secrets: secretsManager(environment.AWS_REGION),
      clock,
    }),
  };
}

/** Secrets Manager, whose client is loaded by the first secret that is read. */
function secretsManager(region: string): SecretStore {
  return {
    async read(secretId) {
      const { GetSecretValueCommand, SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager');
      const { SecretString } = await new SecretsManagerClient({ region }).send(new GetSecretValueCommand({ SecretId: secretId }));
      return SecretString ?? '';
    },
  };
}
