import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  DynamoDBClient,
  DynamoDBServiceException,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { StoreError } from './dynamo-client.ts';
import { ConditionRefused, type DynamoOperations, type DynamoTransport, storeErrorOf } from './dynamo-transport.ts';

/** Where DynamoDB is, for the AWS SDK; credentials are found as the SDK finds them. */
export interface SdkTransportOptions {
  readonly region: string;
  readonly endpoint?: string | undefined;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string } | undefined;
}

type Senders = {
  [Name in keyof DynamoOperations]: (
    client: DynamoDBClient,
    input: DynamoOperations[Name]['input'],
    signal: AbortSignal,
  ) => Promise<DynamoOperations[Name]['output']>;
};

const senders: Senders = {
  GetItem: (client, input, abortSignal) => client.send(new GetItemCommand(input), { abortSignal }),
  PutItem: (client, input, abortSignal) => client.send(new PutItemCommand(input), { abortSignal }),
  UpdateItem: (client, input, abortSignal) => client.send(new UpdateItemCommand(input), { abortSignal }),
  DeleteItem: (client, input, abortSignal) => client.send(new DeleteItemCommand(input), { abortSignal }),
  Query: (client, input, abortSignal) => client.send(new QueryCommand(input), { abortSignal }),
  Scan: (client, input, abortSignal) => client.send(new ScanCommand(input), { abortSignal }),
  BatchGetItem: (client, input, abortSignal) => client.send(new BatchGetItemCommand(input), { abortSignal }),
  BatchWriteItem: (client, input, abortSignal) => client.send(new BatchWriteItemCommand(input), { abortSignal }),
};

/**
 * DynamoDB over the AWS SDK: finds credentials anywhere the SDK does (profiles, SSO, containers). Half a millisecond of CPU a call, so the
 * data plane prefers the signed transport where the environment holds credentials.
 */
export class SdkTransport implements DynamoTransport {
  readonly #client: DynamoDBClient;

  constructor(options: SdkTransportOptions, client?: DynamoDBClient) {
    this.#client =
      client ??
      new DynamoDBClient({
        region: options.region,
        maxAttempts: 1,
        ...(options.endpoint !== undefined && { endpoint: options.endpoint }),
        ...(options.credentials && { credentials: options.credentials }),
      });
  }

  async attempt<Name extends keyof DynamoOperations>(
    name: Name,
    input: DynamoOperations[Name]['input'],
    timeoutMs: number,
  ): Promise<DynamoOperations[Name]['output']> {
    try {
      return await senders[name](this.#client, input, AbortSignal.timeout(Math.ceil(timeoutMs)));
    } catch (error) {
      throw translated(error);
    }
  }

  close(): void {
    this.#client.destroy();
  }
}

function translated(error: unknown): Error {
  if (error instanceof ConditionalCheckFailedException) return new ConditionRefused(error.Item);
  if (error instanceof DynamoDBServiceException) {
    return storeErrorOf(error.name, error.$metadata?.httpStatusCode ?? (error.$fault === 'server' ? 500 : 400), error.message, error);
  }
  const code = error instanceof Error ? error.name : 'Error';
  // Anything else never got an answer: no connection, a broken one, no time left, or no credentials to be had.
  const rejected = code === 'CredentialsProviderError';
  return new StoreError(rejected ? 'rejected' : 'unavailable', code, error instanceof Error ? error.message : String(error), error);
}
