import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DescribeTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMissingTables, localCredentials, localTableNames } from '../../infra/local/create-tables.ts';
import { DataFolderInUse, type EmbeddedDynamoDb, startEmbeddedDynamoDb } from '../../infra/local/embedded-dynamodb.ts';

const names = localTableNames({});
const table = 'sluice-control';
let folder: string;
const cleanUps: (() => unknown)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-data-'));
});
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  await rm(folder, { recursive: true, force: true });
});

function clientFor(endpoint: string): DynamoDBClient {
  const client = new DynamoDBClient({ endpoint, region: 'us-east-1', credentials: localCredentials });
  cleanUps.push(() => client.destroy());
  return client;
}

async function start(dataFolder: string | undefined = folder): Promise<EmbeddedDynamoDb> {
  const database = await startEmbeddedDynamoDb(dataFolder);
  cleanUps.push(() => database.close());
  await createMissingTables(database.endpoint, names);
  return database;
}

const item = { pk: { S: 'key#1' }, sk: { S: 'record' }, spentNanoUsd: { N: '12345678901' } };
const key = { pk: item.pk, sk: item.sk };

describe('the embedded DynamoDB', () => {
  it('has every table, on-demand, with its indexes', async () => {
    const client = clientFor((await start()).endpoint);
    const described = await client.send(new DescribeTableCommand({ TableName: 'sluice-records' }));
    expect(described.Table?.TableStatus).toBe('ACTIVE');
    expect(described.Table?.GlobalSecondaryIndexes?.map((index) => index.IndexName)).toEqual(['byList']);
    await client.send(
      new PutItemCommand({
        TableName: 'sluice-records',
        Item: { pk: { S: 'a' }, sk: { S: 'b' }, listKey: { S: 'day' }, listSort: { S: '1' } },
      }),
    );
    const listed = await client.send(
      new QueryCommand({
        TableName: 'sluice-records',
        IndexName: 'byList',
        KeyConditionExpression: 'listKey = :day',
        ExpressionAttributeValues: { ':day': { S: 'day' } },
      }),
    );
    expect(listed.Items).toHaveLength(1);
  });

  it('creates missing tables only, however often and at once', async () => {
    const { endpoint } = await start();
    const client = clientFor(endpoint);
    await client.send(new PutItemCommand({ TableName: table, Item: item }));
    await Promise.all([createMissingTables(endpoint, names), createMissingTables(endpoint, names)]);
    expect((await client.send(new GetItemCommand({ TableName: table, Key: key }))).Item).toEqual(item);
  });

  it('keeps its items over a restart', async () => {
    const first = await startEmbeddedDynamoDb(folder);
    await createMissingTables(first.endpoint, names);
    await clientFor(first.endpoint).send(new PutItemCommand({ TableName: table, Item: item }));
    await first.close();
    const second = await start();
    expect((await clientFor(second.endpoint).send(new GetItemCommand({ TableName: table, Key: key }))).Item).toEqual(item);
  });

  it('keeps what it acknowledged when its process is killed', async () => {
    const child = fork(join(import.meta.dirname, 'fixtures/hold-database.ts'), [folder], {
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    cleanUps.push(() => child.kill('SIGKILL'));
    const [endpoint] = (await once(child, 'message')) as [string];
    await clientFor(endpoint).send(new PutItemCommand({ TableName: table, Item: item }));
    child.kill('SIGKILL');
    await once(child, 'exit');
    const again = await start();
    expect((await clientFor(again.endpoint).send(new GetItemCommand({ TableName: table, Key: key }))).Item).toEqual(item);
  });

  it('refuses a folder that another process has open', async () => {
    const child = fork(join(import.meta.dirname, 'fixtures/hold-database.ts'), [folder]);
    cleanUps.push(() => child.kill('SIGKILL'));
    await once(child, 'message');
    await expect(startEmbeddedDynamoDb(folder)).rejects.toBeInstanceOf(DataFolderInUse);
  });

  it('keeps nothing in memory', async () => {
    const first = await startEmbeddedDynamoDb(undefined);
    await createMissingTables(first.endpoint, names);
    await clientFor(first.endpoint).send(new PutItemCommand({ TableName: table, Item: item }));
    await first.close();
    const second = await startEmbeddedDynamoDb(undefined);
    cleanUps.push(() => second.close());
    await createMissingTables(second.endpoint, names);
    expect((await clientFor(second.endpoint).send(new GetItemCommand({ TableName: table, Key: key }))).Item).toBeUndefined();
  });

  it('survives a client that leaves within a request', async () => {
    const { endpoint } = await start();
    const socket = createConnection(Number(new URL(endpoint).port), '127.0.0.1');
    await once(socket, 'connect');
    socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{"half":');
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.resetAndDestroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const client = clientFor(endpoint);
    await client.send(new PutItemCommand({ TableName: table, Item: item }));
    expect((await client.send(new GetItemCommand({ TableName: table, Key: key }))).Item).toEqual(item);
  });
});

describe('table names', () => {
  it('come from the environment, else from the table list', () => {
    expect(localTableNames({ SLUICE_LEDGER_TABLE: 'mine' })).toMatchObject({
      SLUICE_LEDGER_TABLE: 'mine',
      SLUICE_CONTROL_TABLE: 'sluice-control',
    });
  });
});
