import type { KeysAndAttributes, WriteRequest } from '@aws-sdk/client-dynamodb';
import {
  type DeleteInput,
  type DynamoDb,
  type DynamoItem,
  type DynamoKey,
  type DynamoMap,
  type DynamoValue,
  type ExpressionParts,
  type GetInput,
  type Page,
  type PutInput,
  type QueryInput,
  type ScanInput,
  StoreError,
  type UpdateInput,
  type WriteResult,
} from './dynamo-client.ts';
import {
  ConditionRefused,
  type DynamoOperations,
  type DynamoTransport,
  defaultPatience,
  type Patience,
  withRetries,
} from './dynamo-transport.ts';
import { fromWireItem, toWire, toWireItem, type WireItem } from './dynamo-values.ts';

/** DynamoDB's limits for one batch: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html */
const batchGetSize = 100;
const batchWriteSize = 25;
const batchRounds = 8;

/** `DynamoDb` in plain values over a transport that speaks DynamoDB's own. */
export class DynamoOverTransport implements DynamoDb {
  readonly #transport: DynamoTransport;
  readonly #patience: Patience;

  constructor(transport: DynamoTransport, patience: Patience = defaultPatience) {
    this.#transport = transport;
    this.#patience = patience;
  }

  async get(input: GetInput): Promise<DynamoItem | undefined> {
    const output = await this.#run('GetItem', {
      TableName: input.table,
      Key: toWireItem(input.key),
      ConsistentRead: input.consistent ?? false,
      ...(input.projection !== undefined && { ProjectionExpression: input.projection }),
      ...(input.names && { ExpressionAttributeNames: { ...input.names } }),
    });
    return output.Item && fromWireItem(output.Item);
  }

  async put(input: PutInput): Promise<WriteResult> {
    return this.#write(async () => {
      await this.#run('PutItem', {
        TableName: input.table,
        Item: toWireItem(input.item),
        ...expressionParts(input),
        ...(input.condition !== undefined && { ConditionExpression: input.condition }),
        ...(input.returnsOnRefusal && { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' }),
      });
      return undefined;
    });
  }

  async update(input: UpdateInput): Promise<WriteResult> {
    return this.#write(async () => {
      const output = await this.#run('UpdateItem', {
        TableName: input.table,
        Key: toWireItem(input.key),
        UpdateExpression: input.update,
        ...expressionParts(input),
        ...(input.condition !== undefined && { ConditionExpression: input.condition }),
        ...(input.returns && { ReturnValues: input.returns }),
        ...(input.returnsOnRefusal && { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' }),
      });
      return output.Attributes;
    });
  }

  async delete(input: DeleteInput): Promise<WriteResult> {
    return this.#write(async () => {
      const output = await this.#run('DeleteItem', {
        TableName: input.table,
        Key: toWireItem(input.key),
        ...expressionParts(input),
        ...(input.condition !== undefined && { ConditionExpression: input.condition }),
        ...(input.returns && { ReturnValues: input.returns }),
      });
      return output.Attributes;
    });
  }

  async query(input: QueryInput): Promise<Page> {
    const output = await this.#run('Query', {
      TableName: input.table,
      KeyConditionExpression: input.keyCondition,
      ...expressionParts(input),
      ...pageParts(input),
      ...(input.index !== undefined && { IndexName: input.index }),
      ScanIndexForward: input.forward ?? true,
    });
    return pageOf(output);
  }

  async scan(input: ScanInput): Promise<Page> {
    const output = await this.#run('Scan', {
      TableName: input.table,
      ...expressionParts(input),
      ...pageParts(input),
      ...(input.segment !== undefined && { Segment: input.segment }),
      ...(input.totalSegments !== undefined && { TotalSegments: input.totalSegments }),
    });
    return pageOf(output);
  }

  async batchGet(table: string, keys: readonly DynamoKey[], consistent = false): Promise<DynamoItem[]> {
    const found: DynamoItem[] = [];
    for (let start = 0; start < keys.length; start += batchGetSize) {
      const wireKeys = keys.slice(start, start + batchGetSize).map((key) => toWireItem(key));
      let open: KeysAndAttributes | undefined = { Keys: wireKeys, ConsistentRead: consistent };
      for (let round = 1; open?.Keys?.length; round += 1) {
        if (round > batchRounds) throw new StoreError('throttled', 'UnprocessedKeys', 'DynamoDB left a part of a batch undone');
        if (round > 1) await pause(round);
        const output: DynamoOperations['BatchGetItem']['output'] = await this.#run('BatchGetItem', { RequestItems: { [table]: open } });
        for (const item of output.Responses?.[table] ?? []) found.push(fromWireItem(item));
        open = output.UnprocessedKeys?.[table];
      }
    }
    return found;
  }

  async batchPut(table: string, items: readonly DynamoItem[]): Promise<void> {
    await this.#batchWrite(
      table,
      items.map((item) => ({ PutRequest: { Item: toWireItem(item) } })),
    );
  }

  async batchDelete(table: string, keys: readonly DynamoKey[]): Promise<void> {
    await this.#batchWrite(
      table,
      keys.map((key) => ({ DeleteRequest: { Key: toWireItem(key) } })),
    );
  }

  close(): void {
    this.#transport.close();
  }

  async #batchWrite(table: string, requests: readonly WriteRequest[]): Promise<void> {
    for (let start = 0; start < requests.length; start += batchWriteSize) {
      let open: WriteRequest[] | undefined = requests.slice(start, start + batchWriteSize);
      for (let round = 1; open?.length; round += 1) {
        if (round > batchRounds) throw new StoreError('throttled', 'UnprocessedItems', 'DynamoDB left a part of a batch undone');
        if (round > 1) await pause(round);
        const output: DynamoOperations['BatchWriteItem']['output'] = await this.#run('BatchWriteItem', { RequestItems: { [table]: open } });
        open = output.UnprocessedItems?.[table];
      }
    }
  }

  async #write(run: () => Promise<WireItem | undefined>): Promise<WriteResult> {
    try {
      const item = await run();
      return { written: true, item: item && fromWireItem(item) };
    } catch (error) {
      if (!(error instanceof ConditionRefused)) throw error;
      return { written: false, item: error.item && fromWireItem(error.item) };
    }
  }

  #run<Name extends keyof DynamoOperations>(name: Name, input: DynamoOperations[Name]['input']): Promise<DynamoOperations[Name]['output']> {
    return withRetries(this.#transport, name, input, this.#patience);
  }
}

function expressionParts(parts: ExpressionParts) {
  return {
    ...(parts.names && { ExpressionAttributeNames: { ...parts.names } }),
    ...(parts.values && { ExpressionAttributeValues: wireValues(parts.values) }),
  };
}

function wireValues(values: Readonly<Record<string, DynamoValue>>): WireItem {
  const wire: WireItem = {};
  for (const name of Object.keys(values)) {
    const value = values[name];
    if (value !== undefined) wire[name] = toWire(value);
  }
  return wire;
}

function pageParts(input: Pick<QueryInput, 'filter' | 'projection' | 'limit' | 'consistent' | 'startKey'>) {
  return {
    ...(input.filter !== undefined && { FilterExpression: input.filter }),
    ...(input.projection !== undefined && { ProjectionExpression: input.projection }),
    ...(input.limit !== undefined && { Limit: input.limit }),
    ...(input.consistent !== undefined && { ConsistentRead: input.consistent }),
    ...(input.startKey && { ExclusiveStartKey: toWireItem(input.startKey) }),
  };
}

function pageOf(output: { Items?: WireItem[] | undefined; LastEvaluatedKey?: WireItem | undefined }): Page {
  const nextKey: DynamoMap | undefined = output.LastEvaluatedKey && fromWireItem(output.LastEvaluatedKey);
  return { items: (output.Items ?? []).map(fromWireItem), nextKey };
}

function pause(round: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.random() * 25 * 2 ** round));
}
