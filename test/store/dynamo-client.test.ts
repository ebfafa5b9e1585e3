import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { DynamoDBClient, ProvisionedThroughputExceededException, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DynamoDb, DynamoItem } from '../../shared/store/dynamo-client.ts';
import { connectDynamoDb } from '../../shared/store/dynamo-connect.ts';
import { DynamoOverTransport } from '../../shared/store/dynamo-operations.ts';
import { SdkTransport } from '../../shared/store/dynamo-sdk.ts';
import { emulators, type TestDynamoDb } from '../support/ledger-servers.ts';

const table = 'sluice-control';
const emulatorCredentials = { accessKeyId: 'local', secretAccessKey: 'local' };

describe.each(emulators)('both clients on $name', ({ start }) => {
  let server: TestDynamoDb;
  const clients: { signed?: DynamoDb; sdk?: DynamoDb } = {};

  beforeAll(async () => {
    server = await start();
    const connection = { region: 'us-east-1', endpoint: server.endpoint };
    clients.signed = await connectDynamoDb(connection);
    clients.sdk = new DynamoOverTransport(new SdkTransport({ ...connection, credentials: emulatorCredentials }));
  });
  afterAll(async () => {
    clients.signed?.close();
    clients.sdk?.close();
    await server.close();
  });

  it.each(['signed', 'sdk'] as const)('keep every kind of value as it was (%s)', async (which) => {
    const db = clients[which]!;
    const item: DynamoItem = {
      pk: `values-${which}`,
      sk: 'a',
      text: 'ünï "quoted" \u2028',
      empty: '',
      number: -12.5,
      large: Number.MAX_SAFE_INTEGER,
      yes: true,
      nothing: null,
      bytes: new Uint8Array([0, 255, 7]),
      list: ['a', 1, [false], { deep: 'b' }],
      map: { inner: { n: 1 } },
    };
    expect(await db.put({ table, item: { ...item, absent: undefined } })).toEqual({ written: true, item: undefined });
    const read = await db.get({ table, key: { pk: `values-${which}`, sk: 'a' }, consistent: true });
    expect({ ...read, bytes: Array.from(read?.bytes as Uint8Array) }).toEqual({ ...item, bytes: [0, 255, 7] });
    expect(await db.get({ table, key: { pk: 'values', sk: 'nowhere' } })).toBeUndefined();
  });

  it.each(['signed', 'sdk'] as const)('answer a condition that does not hold, and do not throw (%s)', async (which) => {
    const db = clients[which]!;
    const key = { pk: `condition-${which}`, sk: 'a' };
    const once = { table, item: { ...key, v: 1 }, condition: 'attribute_not_exists(pk)' };
    expect((await db.put(once)).written).toBe(true);
    expect((await db.put(once)).written).toBe(false);
    const update = {
      table,
      key,
      update: 'SET v = v + :one',
      condition: 'v = :v',
      values: { ':one': 1, ':v': 1 },
      returns: 'ALL_NEW' as const,
    };
    expect(await db.update(update)).toEqual({ written: true, item: { ...key, v: 2 } });
    expect((await db.update({ ...update, returnsOnRefusal: true })).written).toBe(false);
    expect((await db.delete({ table, key, condition: 'v = :v', values: { ':v': 7 } })).written).toBe(false);
    expect(await db.delete({ table, key, returns: 'ALL_OLD' })).toEqual({ written: true, item: { ...key, v: 2 } });
  });

  it.each(['signed', 'sdk'] as const)('page through queries, scans and batches (%s)', async (which) => {
    const db = clients[which]!;
    const keys = Array.from({ length: 130 }, (_, index) => ({ pk: `page-${which}`, sk: String(index).padStart(3, '0') }));
    await db.batchPut(
      table,
      keys.map((key) => ({ ...key, v: Number(key.sk) })),
    );
    expect(await db.batchGet(table, [...keys, { pk: 'page', sk: 'nowhere' }], true)).toHaveLength(130);
    const query = { table, keyCondition: 'pk = :pk', values: { ':pk': `page-${which}` }, limit: 100, forward: false };
    const first = await db.query(query);
    expect(first.items).toHaveLength(100);
    expect(first.items[0]).toMatchObject({ sk: '129' });
    const second = await db.query({ ...query, startKey: first.nextKey });
    expect(second.items).toHaveLength(30);
    expect(second.nextKey).toBeUndefined();
    const scanned = await db.scan({ table, filter: 'pk = :pk', values: { ':pk': `page-${which}` } });
    expect(scanned.items).toHaveLength(130);
    await db.batchDelete(table, keys);
    expect((await db.query(query)).items).toEqual([]);
  });

  it.each(['signed', 'sdk'] as const)('say that a request is wrong without trying again (%s)', async (which) => {
    const missing = clients[which]!.get({ table: 'no-such-table', key: { pk: 'a', sk: 'b' } });
    await expect(missing).rejects.toMatchObject({ name: 'StoreError', kind: 'rejected', code: 'ResourceNotFoundException' });
  });
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

function json(status: number, body: unknown): Answer {
  return (_, response) => response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body));
}

const throttled = json(400, { __type: 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException', message: 'slow down' });
const broken = json(500, { __type: 'com.amazonaws.dynamodb.v20120810#InternalServerError' });
const found = json(200, { Item: { pk: { S: 'a' }, sk: { S: 'b' } } });
const silent: Answer = () => undefined;
const cut: Answer = (request) => request.socket.destroy();
const halfway: Answer = (request, response) => {
  response.writeHead(200, { 'content-length': '100' });
  response.write('{"Item":');
  setTimeout(() => request.socket.destroy(), 5);
};
const babble: Answer = (_, response) => response.writeHead(200).end('<html>');

describe('the signed client and a store in trouble', () => {
  let server: Server;
  let endpoint: string;
  let answers: Answer[] = [];
  let asked = 0;

  beforeAll(async () => {
    server = createServer((request, response) => {
      request.resume();
      request.on('end', () => {
        asked += 1;
        const answer = answers.length > 1 ? answers.shift() : answers[0];
        answer?.(request, response);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    endpoint = typeof address === 'object' && address ? `http://127.0.0.1:${address.port}` : '';
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  async function getWith(...script: Answer[]) {
    answers = script;
    asked = 0;
    const db = await connectDynamoDb({ region: 'us-east-1', endpoint, patience: { deadlineMs: 600, attemptMs: 150, attempts: 4 } });
    try {
      return await db.get({ table, key: { pk: 'a', sk: 'b' } });
    } finally {
      db.close();
    }
  }

  it.each([
    ['throttling', throttled],
    ['a server error', broken],
    ['an answer that never comes', silent],
    ['a connection that breaks', cut],
    ['an answer that breaks off', halfway],
    ['an answer that is not JSON', babble],
  ])('tries again after %s', async (_, trouble) => {
    expect(await getWith(trouble, found)).toEqual({ pk: 'a', sk: 'b' });
    expect(asked).toBe(2);
  });

  it.each([
    ['throttled', throttled],
    ['unavailable', broken],
    ['unavailable', silent],
    ['unavailable', cut],
  ])('gives up as %s within its deadline', async (kind, trouble) => {
    const startMs = performance.now();
    await expect(getWith(trouble)).rejects.toMatchObject({ name: 'StoreError', kind });
    expect(performance.now() - startMs).toBeLessThan(2_500);
    expect(asked).toBeGreaterThan(1);
  });

  it('says unavailable when nothing listens', async () => {
    const db = await connectDynamoDb({
      region: 'us-east-1',
      endpoint: 'http://127.0.0.1:1',
      patience: { deadlineMs: 200, attemptMs: 100, attempts: 2 },
    });
    await expect(db.get({ table, key: { pk: 'a', sk: 'b' } })).rejects.toMatchObject({ kind: 'unavailable', code: 'ECONNREFUSED' });
  });
});

describe('the SDK client and a store in trouble', () => {
  const client = new DynamoDBClient({ region: 'us-east-1', credentials: emulatorCredentials, maxAttempts: 1 });
  const mock = mockClient(client);
  const db = new DynamoOverTransport(new SdkTransport({ region: 'us-east-1' }, client), { deadlineMs: 500, attemptMs: 100, attempts: 4 });
  const throttling = new ProvisionedThroughputExceededException({ message: 'slow down', $metadata: { httpStatusCode: 400 } });
  const update = { table, key: { pk: 'a', sk: 'b' }, update: 'SET v = :v', values: { ':v': 1 }, returns: 'ALL_NEW' as const };

  it('tries again after throttling and lost connections', async () => {
    mock.reset();
    mock
      .on(UpdateItemCommand)
      .rejectsOnce(throttling)
      .rejectsOnce(Object.assign(new Error('socket hang up'), { name: 'TimeoutError' }))
      .resolves({ Attributes: { v: { N: '1' } } });
    expect(await db.update(update)).toEqual({ written: true, item: { v: 1 } });
    expect(mock.commandCalls(UpdateItemCommand)).toHaveLength(3);
  });

  it('gives up as throttled or unavailable, and never tries again what is wrong', async () => {
    mock.reset();
    mock.on(UpdateItemCommand).rejects(throttling);
    await expect(db.update(update)).rejects.toMatchObject({ kind: 'throttled', code: 'ProvisionedThroughputExceededException' });
    mock.reset();
    mock.on(UpdateItemCommand).rejects(Object.assign(new Error('gone'), { name: 'TimeoutError' }));
    await expect(db.update(update)).rejects.toMatchObject({ kind: 'unavailable' });
    mock.reset();
    mock.on(UpdateItemCommand).rejects(Object.assign(new Error('who are you?'), { name: 'CredentialsProviderError' }));
    await expect(db.update(update)).rejects.toMatchObject({ kind: 'rejected' });
    expect(mock.commandCalls(UpdateItemCommand)).toHaveLength(1);
  });
});
