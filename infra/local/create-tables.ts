import {
  type AttributeDefinition,
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  DynamoDBClient,
  ResourceInUseException,
  ResourceNotFoundException,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { type TableDefinition, tables } from '../../shared/store/tables.ts';

/** Anything passes as a key where nobody checks signatures. */
export const localCredentials = { accessKeyId: 'local', secretAccessKey: 'local' } as const;

/** The tables' names, by the environment variable that tells them to the functions. */
export function localTableNames(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.values<TableDefinition>(tables).map((table) => [
      table.environmentVariable,
      environment[table.environmentVariable] ?? table.localName,
    ]),
  );
}

/**
 * Creates those tables that the DynamoDB at `endpoint` does not have yet. Safe to run from several
 * processes at once.
 * @throws Error when nothing answers there within a few seconds.
 */
export async function createMissingTables(endpoint: string, names: Readonly<Record<string, string>>): Promise<void> {
  const client = new DynamoDBClient({ endpoint, region: 'us-east-1', credentials: localCredentials, maxAttempts: 2 });
  try {
    await Promise.all(
      Object.values<TableDefinition>(tables).map((table) =>
        createIfMissing(client, table, names[table.environmentVariable] ?? table.localName),
      ),
    );
  } finally {
    client.destroy();
  }
}

async function createIfMissing(client: DynamoDBClient, table: TableDefinition, name: string): Promise<void> {
  try {
    await client.send(new DescribeTableCommand({ TableName: name }));
    return;
  } catch (thrown) {
    if (!(thrown instanceof ResourceNotFoundException)) throw thrown;
  }
  try {
    await client.send(new CreateTableCommand(tableInput(table, name)));
  } catch (thrown) {
    if (!(thrown instanceof ResourceInUseException)) throw thrown;
  }
  await waitUntilTableExists({ client, maxWaitTime: 30, minDelay: 0.05, maxDelay: 1 }, { TableName: name });
  await enableTimeToLive(client, name);
}

function tableInput(table: TableDefinition, name: string): CreateTableCommandInput {
  const indexes = Object.entries(table.indexes);
  const attributes = new Set(['pk', 'sk', ...indexes.flatMap(([, index]) => [index.partitionKey, index.sortKey])]);
  return {
    TableName: name,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [...attributes].map((AttributeName): AttributeDefinition => ({ AttributeName, AttributeType: 'S' })),
    KeySchema: keySchema('pk', 'sk'),
    ...(indexes.length > 0 && {
      GlobalSecondaryIndexes: indexes.map(([IndexName, index]) => ({
        IndexName,
        KeySchema: keySchema(index.partitionKey, index.sortKey),
        Projection: { ProjectionType: 'ALL' },
      })),
    }),
  };
}

function keySchema(partitionKey: string, sortKey: string): CreateTableCommandInput['KeySchema'] {
  return [
    { AttributeName: partitionKey, KeyType: 'HASH' },
    { AttributeName: sortKey, KeyType: 'RANGE' },
  ];
}

/** Not every emulator knows the call. Nothing depends on it: readers compare the clock. */
async function enableTimeToLive(client: DynamoDBClient, name: string): Promise<void> {
  try {
    await client.send(
      new UpdateTimeToLiveCommand({ TableName: name, TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true } }),
    );
  } catch (thrown) {
    if (!(thrown instanceof Error) || !/UnknownOperation|NotImplemented|InternalFailure/.test(thrown.name)) throw thrown;
  }
}
