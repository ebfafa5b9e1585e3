import type { SecretStore } from '../../shared/config/secrets.ts';
import { GatewayError } from '../../shared/errors/gateway-error.ts';

/** How long the admin key is believed: as long as any secret, so that a new value opens within five minutes. */
const maxAgeMs = 5 * 60_000;

/** Where the admin key comes from. */
export interface AdminKeyOptions {
  /** The key itself, on a laptop. */
  readonly adminKey: string | undefined;
  /** Id of the secret it is in, in AWS. */
  readonly secretId: string | undefined;
  readonly secrets: SecretStore;
  readonly clock: () => number;
}

/**
 * Gives a reader of the admin key, which remembers it for five minutes. It throws `internal_error` when no
 * key is configured (a control plane without one is closed, not open) and `store_unavailable` when its secret
 * cannot be read.
 */
export function adminKeySource({ adminKey, secretId, secrets, clock }: AdminKeyOptions): () => Promise<string> {
  let remembered: { readonly key: string; readonly readAtMs: number } | undefined;
  return async () => {
    if (adminKey !== undefined) return adminKey;
    if (secretId === undefined) {
      throw new GatewayError('internal_error', 'This gateway has no admin key. Set SLUICE_ADMIN_KEY or SLUICE_ADMIN_SECRET_ID.');
    }
    const nowMs = clock();
    if (!remembered || nowMs - remembered.readAtMs >= maxAgeMs) {
      const key = (await readSecret(secrets, secretId)).trim();
      if (key === '') throw new GatewayError('internal_error', 'The secret of the admin key is empty.');
      remembered = { key, readAtMs: nowMs };
    }
    return remembered.key;
  };
}

async function readSecret(secrets: SecretStore, secretId: string): Promise<string> {
  try {
    return await secrets.read(secretId);
  } catch (cause) {
    throw new GatewayError(
      'store_unavailable',
      'The admin key cannot be read from its secret at this moment. Repeat the request shortly.',
      {
        retryAfterMs: 1000,
        cause,
      },
    );
  }
}
