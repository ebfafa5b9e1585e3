import type { AwsCredentials } from '../aws/credentials.ts';
import type { DynamoDb } from './dynamo-client.ts';
import { DynamoOverTransport } from './dynamo-operations.ts';
import { SignedTransport } from './dynamo-signed.ts';
import type { Patience } from './dynamo-transport.ts';

/** Where DynamoDB is and how to speak to it. */
export interface DynamoConnection {
  readonly region: string;
  /** Another DynamoDB than the region's: the embedded one, or DynamoDB Local. */
  readonly endpoint?: string | undefined;
  /** The environment's credentials. Absent: those the SDK finds (a profile, SSO, a container role). */
  readonly credentials?: AwsCredentials | undefined;
  readonly patience?: Patience | undefined;
}

/** Emulators check no signature, but want one. */
const emulatorCredentials: AwsCredentials = { accessKeyId: 'local', secretAccessKey: 'local' };

/**
 * Connects to DynamoDB: with the lean signed client where credentials are at hand, as in every Lambda
 * function and with an emulator, else through the AWS SDK, which is loaded only then.
 */
export async function connectDynamoDb(connection: DynamoConnection): Promise<DynamoDb> {
  const credentials = connection.credentials ?? (connection.endpoint === undefined ? undefined : emulatorCredentials);
  if (credentials) {
    const { region, endpoint } = connection;
    return new DynamoOverTransport(new SignedTransport({ region, endpoint, credentials: () => credentials }), connection.patience);
  }
  const { SdkTransport } = await import('./dynamo-sdk.ts');
  return new DynamoOverTransport(new SdkTransport({ region: connection.region }), connection.patience);
}
