import { GatewayError } from '../errors/gateway-error.ts';
import type { SecretStore } from './secrets.ts';

/** Reads secrets from AWS Secrets Manager. The SDK is loaded at the first look, which a laptop never takes. */
export class SecretsManagerStore implements SecretStore {
  async read(secretId: string): Promise<string> {
    const { GetSecretValueCommand, SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager');
    const client = new SecretsManagerClient({});
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: secretId }));
    if (SecretString === undefined) throw new GatewayError('internal_error', `The secret ${secretId} holds no text.`);
    return SecretString;
  }
}
