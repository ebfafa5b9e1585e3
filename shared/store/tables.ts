/**
 * The tables, as data: the AWS stack and the laptop create the same ones from this list.
 *
 * All share one key shape (`pk`, `sk`, both strings) and one TTL attribute (`expiresAt`, seconds
 * since the epoch, as DynamoDB wants it). TTL deletion lags by up to days, so every reader that
 * minds expiry also compares the clock.
 */
export interface TableDefinition {
  /** The environment variable that carries the table's name to the functions. */
  readonly environmentVariable: string;
  /** Name on a laptop; in AWS CloudFormation picks one. */
  readonly localName: string;
  /** Secondary indexes: name → key attributes (strings). All attributes are projected. */
  readonly indexes: Readonly<Record<string, { readonly partitionKey: string; readonly sortKey: string }>>;
  /** Whether losing the table would lose something that cannot be made again. */
  readonly durable: boolean;
}

export const tables = {
  /** Keys, teams, users, organisations, limits, configuration versions, audit trail. */
  control: {
    environmentVariable: 'SLUICE_CONTROL_TABLE',
    localName: 'sluice-control',
    indexes: {},
    durable: true,
  },
  /** One item per limited scope (and shard): rates, budgets, holds. Nothing else, so that its write capacity is its own. */
  ledger: {
    environmentVariable: 'SLUICE_LEDGER_TABLE',
    localName: 'sluice-ledger',
    indexes: {},
    durable: true,
  },
  /** Cached answers, leases of single flight, idempotency entries. */
  cache: {
    environmentVariable: 'SLUICE_CACHE_TABLE',
    localName: 'sluice-cache',
    indexes: {},
    durable: false,
  },
  /** One record per call, and the usage roll-ups. */
  records: {
    environmentVariable: 'SLUICE_RECORDS_TABLE',
    localName: 'sluice-records',
    indexes: {
      /** Newest first by any listing: `listKey` is what is listed (a shard of a day, a session), `listSort` time and id. */
      byList: { partitionKey: 'listKey', sortKey: 'listSort' },
    },
    durable: true,
  },
} as const satisfies Record<string, TableDefinition>;

export type TableId = keyof typeof tables;
