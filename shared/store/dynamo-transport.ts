import type {
  AttributeValue,
  BatchGetItemCommandInput,
  BatchGetItemCommandOutput,
  BatchWriteItemCommandInput,
  BatchWriteItemCommandOutput,
  DeleteItemCommandInput,
  DeleteItemCommandOutput,
  GetItemCommandInput,
  GetItemCommandOutput,
  PutItemCommandInput,
  PutItemCommandOutput,
  QueryCommandInput,
  QueryCommandOutput,
  ScanCommandInput,
  ScanCommandOutput,
  UpdateItemCommandInput,
  UpdateItemCommandOutput,
} from '@aws-sdk/client-dynamodb';
import { StoreError } from './dynamo-client.ts';

interface Operation<Input, Output> {
  readonly input: Input;
  readonly output: Omit<Output, '$metadata'>;
}

/** The operations the store uses, by the names of DynamoDB's API. */
export interface DynamoOperations {
  GetItem: Operation<GetItemCommandInput, GetItemCommandOutput>;
  PutItem: Operation<PutItemCommandInput, PutItemCommandOutput>;
  UpdateItem: Operation<UpdateItemCommandInput, UpdateItemCommandOutput>;
  DeleteItem: Operation<DeleteItemCommandInput, DeleteItemCommandOutput>;
  Query: Operation<QueryCommandInput, QueryCommandOutput>;
  Scan: Operation<ScanCommandInput, ScanCommandOutput>;
  BatchGetItem: Operation<BatchGetItemCommandInput, BatchGetItemCommandOutput>;
  BatchWriteItem: Operation<BatchWriteItemCommandInput, BatchWriteItemCommandOutput>;
}

/**
 * One attempt at one operation. Throws {@link ConditionRefused} when a condition does not hold and
 * `StoreError` for every failure; retrying is not its business.
 */
export interface DynamoTransport {
  attempt<Name extends keyof DynamoOperations>(
    name: Name,
    input: DynamoOperations[Name]['input'],
    timeoutMs: number,
  ): Promise<DynamoOperations[Name]['output']>;
  close(): void;
}

/** The condition of a write did not hold. */
export class ConditionRefused extends Error {
  override readonly name = 'ConditionRefused';
  /** The item that stood in the way, where the store gives it. */
  readonly item: Record<string, AttributeValue> | undefined;

  constructor(item: Record<string, AttributeValue> | undefined) {
    super('The condition of the write does not hold');
    this.item = item;
  }
}

/** How patiently an operation is retried. */
export interface Patience {
  /** All attempts and waits together end within this. */
  readonly deadlineMs: number;
  /** One attempt ends within this, so that a lost packet costs no more. */
  readonly attemptMs: number;
  readonly attempts: number;
}

/** Two seconds: long enough for a partition that splits or a node that fails over, short enough for a caller who waits. */
export const defaultPatience: Patience = { deadlineMs: 2_000, attemptMs: 1_000, attempts: 4 };

const firstBackoffMs = 25;
const longestBackoffMs = 400;

const throttlingCodes = new Set(['ProvisionedThroughputExceededException', 'ThrottlingException', 'RequestLimitExceeded']);

/** Sorts a failure DynamoDB reported, by its code and HTTP status. */
export function storeErrorOf(code: string, status: number, message: string, cause?: unknown): StoreError {
  if (throttlingCodes.has(code)) return new StoreError('throttled', code, message, cause);
  return new StoreError(status >= 500 ? 'unavailable' : 'rejected', code, message, cause);
}

/**
 * Runs an operation, again where that may help: with full jitter
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), within a deadline.
 */
export async function withRetries<Name extends keyof DynamoOperations>(
  transport: DynamoTransport,
  name: Name,
  input: DynamoOperations[Name]['input'],
  patience: Patience,
): Promise<DynamoOperations[Name]['output']> {
  const endMs = performance.now() + patience.deadlineMs;
  for (let attempt = 1; ; attempt += 1) {
    const leftMs = endMs - performance.now();
    try {
      return await transport.attempt(name, input, Math.max(1, Math.min(patience.attemptMs, leftMs)));
    } catch (error) {
      if (!(error instanceof StoreError) || error.kind === 'rejected' || attempt >= patience.attempts) throw error;
      const waitMs = Math.random() * Math.min(longestBackoffMs, firstBackoffMs * 2 ** attempt);
      if (performance.now() + waitMs >= endMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }
}
