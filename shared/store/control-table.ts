import type { Page, PageRequest } from '../control/page.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { type DynamoDb, type DynamoItem, type DynamoKey, StoreError } from './dynamo-client.ts';

/**
 * Records of the control plane as items: one JSON text in `body`, because a record is read and written
 * whole, and `revision` beside it for conditions. Every method throws `store_unavailable` when DynamoDB
 * does not answer.
 */
export class ControlTable {
  readonly #dynamo: DynamoDb;
  readonly #table: string;

  constructor(dynamo: DynamoDb, tableName: string) {
    this.#dynamo = dynamo;
    this.#table = tableName;
  }

  /** The JSON value at `key`, read consistently; undefined when there is none. */
  async get(key: DynamoKey): Promise<unknown> {
    const item = await answerOf(this.#dynamo.get({ table: this.#table, key, consistent: true }));
    return item && bodyOf(item);
  }

  /** Writes over whatever was there before. */
  async put(key: DynamoKey, body: object): Promise<void> {
    await answerOf(this.#dynamo.put({ table: this.#table, item: { ...key, body: JSON.stringify(body) } }));
  }

  /** Writes revision n over n - 1, or 1 where nothing is. Returns false when something else is there. */
  async putRevision(key: DynamoKey, body: { readonly revision: number }): Promise<boolean> {
    const nothingThere = 'attribute_not_exists(pk)';
    const unchangedSinceRead = 'revision = :previous';
    const first = body.revision === 1;
    const { written } = await answerOf(
      this.#dynamo.put({
        table: this.#table,
        item: { ...key, body: JSON.stringify(body), revision: body.revision },
        condition: first ? nothingThere : unchangedSinceRead,
        values: first ? undefined : { ':previous': body.revision - 1 },
      }),
    );
    return written;
  }

  /** Removes the record and returns what was there. */
  async delete(key: DynamoKey): Promise<unknown> {
    const { item } = await answerOf(this.#dynamo.delete({ table: this.#table, key, returns: 'ALL_OLD' }));
    return item && bodyOf(item);
  }

  /** A page of one list by sort key, read consistently. */
  async list(pk: string, request: PageRequest, order: 'ascending' | 'descending'): Promise<Page<unknown>> {
    const { items, nextKey } = await answerOf(
      this.#dynamo.query({
        table: this.#table,
        keyCondition: 'pk = :pk',
        values: { ':pk': pk },
        forward: order === 'ascending',
        consistent: true,
        limit: request.limit,
        startKey: request.after === undefined ? undefined : { pk, sk: request.after },
      }),
    );
    const next = nextKey?.sk;
    return { items: items.map(bodyOf), ...(typeof next === 'string' && { next }) };
  }
}

function bodyOf(item: DynamoItem): unknown {
  const { body } = item;
  return JSON.parse(typeof body === 'string' ? body : 'null');
}

async function answerOf<Answer>(asked: Promise<Answer>): Promise<Answer> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw new GatewayError('store_unavailable', 'The store of this gateway does not answer at this moment. Repeat the request shortly.', {
      retryAfterMs: 1000,
      cause: error,
    });
  }
}
