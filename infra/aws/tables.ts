import { RemovalPolicy, Validations } from 'aws-cdk-lib';
import { AttributeType, Billing, type ITableV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { type TableDefinition, type TableId, tables } from '../../shared/store/tables.ts';

/** Every table, in the order of the list. */
export const tableIds: readonly TableId[] = ['control', 'ledger', 'cache', 'records'];

/** Reading and writing are item by item or by key; going through a whole table is a right of its own. */
export type TableAccess = keyof typeof tableActions;

const tableActions = {
  read: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query'],
  write: ['dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem', 'dynamodb:BatchWriteItem'],
  scan: ['dynamodb:Scan'],
} as const;

/**
 * The tables of `shared/store/tables.ts`, on demand: an idle gateway pays for storage only. What cannot be made
 * again is kept for 35 days back and survives the deletion of the stack.
 */
export class Tables extends Construct {
  readonly byId: Readonly<Record<TableId, ITableV2>>;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.byId = {
      control: this.#table('Control', tables.control),
      ledger: this.#table('Ledger', tables.ledger),
      cache: this.#table('Cache', tables.cache),
      records: this.#table('Records', tables.records),
    };
  }

  /** The environment that tells a function where these tables are. */
  environment(ids: readonly TableId[]): Record<string, string> {
    return Object.fromEntries(ids.map((id) => [tables[id].environmentVariable, this.byId[id].tableName]));
  }

  /** Leave to do these things with a table and its indexes. */
  allow(id: TableId, ...access: readonly TableAccess[]): PolicyStatement {
    const { tableArn } = this.byId[id];
    return new PolicyStatement({
      actions: access.flatMap((kind) => tableActions[kind]),
      resources: [tableArn, ...Object.keys(tables[id].indexes).map((index) => `${tableArn}/index/${index}`)],
    });
  }

  #table(id: string, definition: TableDefinition): ITableV2 {
    const table = new TableV2(this, id, {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billing: Billing.onDemand(),
      timeToLiveAttribute: 'expiresAt',
      globalSecondaryIndexes: Object.entries(definition.indexes).map(([indexName, index]) => ({
        indexName,
        partitionKey: { name: index.partitionKey, type: AttributeType.STRING },
        sortKey: { name: index.sortKey, type: AttributeType.STRING },
      })),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: definition.durable },
      deletionProtection: definition.durable,
      removalPolicy: definition.durable ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    if (!definition.durable) {
      Validations.of(table).acknowledge({
        id: 'AwsSolutions-DDB3',
        reason: 'Nothing in this table is worth restoring: what is lost is answered again by the provider.',
      });
    }
    return table;
  }
}
