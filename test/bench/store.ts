import { startEmbeddedDynamoDb } from '../../infra/local/embedded-dynamodb.ts';

// The DynamoDB of the benchmark, in a process of its own, so that its work is not counted as the gateway's.
const { endpoint } = await startEmbeddedDynamoDb(undefined);
process.stdout.write(`ready ${endpoint}\n`);
