/**
 * A value of an item as the rooms of the store write it: plain JavaScript. Strings, numbers, booleans,
 * null, bytes, lists and maps map to S, N, BOOL, NULL, B, L and M. There are no DynamoDB sets (a map does
 * the same and says more). Properties that are `undefined` are left out. Numbers must be finite and come
 * back as JavaScript numbers: keep integers safe.
 */
export type DynamoValue = string | number | boolean | null | Uint8Array | readonly DynamoValue[] | DynamoMap;

/** A map inside an item, or an item. */
export interface DynamoMap {
  readonly [name: string]: DynamoValue | undefined;
}

/** An item with all its attributes. */
export type DynamoItem = DynamoMap;

/** The primary key that all our tables share. */
export interface DynamoKey extends DynamoMap {
  readonly pk: string;
  readonly sk: string;
}

/** Placeholders of expressions: `#name` → attribute name, `:value` → value. */
export interface ExpressionParts {
  readonly names?: Readonly<Record<string, string>> | undefined;
  readonly values?: Readonly<Record<string, DynamoValue>> | undefined;
}

/** Whether a conditional write happened. A condition that does not hold is an answer, not a failure. */
export interface WriteResult {
  readonly written: boolean;
  /**
   * Written: the item as `returns` asked for. Not written: the item that stood in the way, where the
   * store gives it (dynalite does not) and `returnsOnRefusal` was set.
   */
  readonly item: DynamoItem | undefined;
}

export interface GetInput {
  readonly table: string;
  readonly key: DynamoKey;
  /** Strongly consistent. Default false. */
  readonly consistent?: boolean | undefined;
  readonly projection?: string | undefined;
  readonly names?: Readonly<Record<string, string>> | undefined;
}

export interface PutInput extends ExpressionParts {
  readonly table: string;
  readonly item: DynamoItem;
  readonly condition?: string | undefined;
  readonly returnsOnRefusal?: boolean | undefined;
}

export interface UpdateInput extends ExpressionParts {
  readonly table: string;
  readonly key: DynamoKey;
  readonly update: string;
  readonly condition?: string | undefined;
  readonly returns?: 'ALL_NEW' | 'ALL_OLD' | 'UPDATED_NEW' | 'UPDATED_OLD' | undefined;
  readonly returnsOnRefusal?: boolean | undefined;
}

export interface DeleteInput extends ExpressionParts {
  readonly table: string;
  readonly key: DynamoKey;
  readonly condition?: string | undefined;
  readonly returns?: 'ALL_OLD' | undefined;
}

export interface QueryInput extends ExpressionParts {
  readonly table: string;
  readonly index?: string | undefined;
  readonly keyCondition: string;
  readonly filter?: string | undefined;
  readonly projection?: string | undefined;
  readonly limit?: number | undefined;
  /** Default true: ascending by sort key. */
  readonly forward?: boolean | undefined;
  readonly consistent?: boolean | undefined;
  /** Where the page before ended. */
  readonly startKey?: DynamoMap | undefined;
}

export interface ScanInput extends ExpressionParts {
  readonly table: string;
  readonly filter?: string | undefined;
  readonly projection?: string | undefined;
  readonly limit?: number | undefined;
  readonly segment?: number | undefined;
  readonly totalSegments?: number | undefined;
  readonly consistent?: boolean | undefined;
  readonly startKey?: DynamoMap | undefined;
}

/** One page; `nextKey` is absent on the last. */
export interface Page {
  readonly items: DynamoItem[];
  readonly nextKey: DynamoMap | undefined;
}

/**
 * The part of DynamoDB the store uses. Both implementations retry throttling, 5xx and lost connections
 * with full jitter inside a deadline and then throw {@link StoreError}. A write may therefore reach the table
 * twice: every write on this interface has to be harmless when repeated (a condition, a plain put, a
 * delete); an `ADD` without a condition is not.
 */
export interface DynamoDb {
  get(input: GetInput): Promise<DynamoItem | undefined>;
  put(input: PutInput): Promise<WriteResult>;
  update(input: UpdateInput): Promise<WriteResult>;
  delete(input: DeleteInput): Promise<WriteResult>;
  query(input: QueryInput): Promise<Page>;
  scan(input: ScanInput): Promise<Page>;
  /** Up to 100 keys; items that do not exist are absent from the answer, order is not kept. */
  batchGet(table: string, keys: readonly DynamoKey[], consistent?: boolean): Promise<DynamoItem[]>;
  /** Any number of plain puts, 25 at a time. */
  batchPut(table: string, items: readonly DynamoItem[]): Promise<void>;
  /** Any number of deletes, 25 at a time. */
  batchDelete(table: string, keys: readonly DynamoKey[]): Promise<void>;
  /** Closes idle connections. */
  close(): void;
}

/**
 * Why the store failed:
 * - `throttled`: it asks for less; nothing was written.
 * - `unavailable`: no answer, or a 5xx: a write may or may not have happened.
 * - `rejected`: it says the request is wrong (table missing, no permission, malformed); nothing was written.
 */
export type StoreErrorKind = 'throttled' | 'unavailable' | 'rejected';

/** DynamoDB did not do what it was asked to, retries included. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly kind: StoreErrorKind;
  /** DynamoDB's own name for it, such as `ProvisionedThroughputExceededException`, or the code of the socket error. */
  readonly code: string;

  constructor(kind: StoreErrorKind, code: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.code = code;
  }
}
