import type { DynamoDb } from '../../shared/store/dynamo-client.ts';
import { StoreError } from '../../shared/store/dynamo-client.ts';

/** A DynamoDB that takes `writes` more writes and then nothing, as if the process ended there. */
export function endingAfter(writes: number, dynamo: DynamoDb): DynamoDb {
  let left = writes;
  const write = <Result>(send: () => Promise<Result>): Promise<Result> => {
    if (left === 0) return Promise.reject(new StoreError('unavailable', 'ECONNRESET', 'The process ended here.'));
    left -= 1;
    return send();
  };
  return {
    get: (input) => dynamo.get(input),
    query: (input) => dynamo.query(input),
    scan: (input) => dynamo.scan(input),
    batchGet: (table, keys, consistent) => dynamo.batchGet(table, keys, consistent),
    put: (input) => write(() => dynamo.put(input)),
    update: (input) => write(() => dynamo.update(input)),
    delete: (input) => write(() => dynamo.delete(input)),
    batchPut: (table, items) => write(() => dynamo.batchPut(table, items)),
    batchDelete: (table, keys) => write(() => dynamo.batchDelete(table, keys)),
    close: () => dynamo.close(),
  };
}

/** A DynamoDB of which every call fails. */
export function unreachable(dynamo: DynamoDb): DynamoDb {
  const fail = () => Promise.reject(new StoreError('unavailable', 'ECONNREFUSED', 'Nothing listens there.'));
  return { ...endingAfter(0, dynamo), get: fail, query: fail, scan: fail, batchGet: fail };
}
