import { randomBytes, randomUUID } from 'node:crypto';
import { makeAdminHandler } from '../../functions/admin/admin-handler.ts';
import { adminRoutes } from '../../functions/admin/routes.ts';
import { createMissingTables, localTableNames } from '../../infra/local/create-tables.ts';
import { startEmbeddedDynamoDb } from '../../infra/local/embedded-dynamodb.ts';
import { startLocalHost } from '../../infra/local/local-host.ts';
import type { LedgerReader } from '../../shared/control/standing.ts';
import { DynamoControlStore } from '../../shared/store/control-store-dynamo.ts';
import { ControlTable } from '../../shared/store/control-table.ts';
import type { DynamoDb } from '../../shared/store/dynamo-client.ts';
import { connectDynamoDb } from '../../shared/store/dynamo-connect.ts';
import { createLog } from '../../shared/telemetry/log.ts';

/** The admin key of a control plane under test. */
export const adminKey = 'admin-key-under-test';

/** A control table in an embedded DynamoDB of its own. */
export interface TestControlTable {
  readonly endpoint: string;
  readonly tableName: string;
  readonly dynamo: DynamoDb;
  readonly store: DynamoControlStore;
  close(): Promise<void>;
}

/** Starts a DynamoDB in memory with the project's tables. */
export async function startControlTable(): Promise<TestControlTable> {
  const database = await startEmbeddedDynamoDb(undefined);
  const names = localTableNames({});
  await createMissingTables(database.endpoint, names);
  const dynamo = await connectDynamoDb({ region: 'us-east-1', endpoint: database.endpoint });
  const tableName = names.SLUICE_CONTROL_TABLE ?? '';
  return {
    endpoint: database.endpoint,
    tableName,
    dynamo,
    store: new DynamoControlStore(new ControlTable(dynamo, tableName)),
    async close() {
      dynamo.close();
      await database.close();
    },
  };
}

/** An answer of the control plane, read to its end. */
export interface TestAnswer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: a test says itself what it expects of a body
  readonly body: any;
}

/** A control plane that listens on a port of its own. */
export interface TestControlPlane extends TestControlTable {
  readonly url: string;
  /** The clock of the control plane; set it to move time. */
  nowMs: number;
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<TestAnswer>;
}

/** Starts the admin function behind the local host, on a table of its own. */
export async function startControlPlane(ledgerOn?: (dynamo: DynamoDb) => LedgerReader): Promise<TestControlPlane> {
  const table = await startControlTable();
  const ledger = ledgerOn?.(table.dynamo);
  const plane = { nowMs: Date.UTC(2027, 0, 15, 12) };
  const routes = adminRoutes({ store: table.store, ...(ledger && { ledger }), clock: () => plane.nowMs, randomBytes });
  const handler = makeAdminHandler(async () => ({ routes, adminKey: async () => adminKey, log: createLog('error', Date.now) }));
  const host = await startLocalHost({ port: 0, gateway: handler, admin: handler });
  return Object.assign(plane, table, {
    url: host.url,
    async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<TestAnswer> {
      const response = await fetch(`${host.url}${path}`, {
        method,
        headers: { authorization: `Bearer ${adminKey}`, ...headers },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      return { status: response.status, headers: response.headers, body: await response.json() };
    },
    async close() {
      await host.close(1000);
      await table.close();
    },
  });
}

/** A name that no other test uses. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomUUID().slice(0, 8)}`;
}
