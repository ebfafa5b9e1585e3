import { createHash, timingSafeEqual } from 'node:crypto';
import { GatewayError } from '../../shared/errors/gateway-error.ts';

/**
 * Refuses a request that does not bring the admin key as `Authorization: Bearer <key>`. Compared as
 * SHA-256 digests in constant time, so that neither length nor content shows in how long it takes.
 * @throws GatewayError `missing_api_key` or `invalid_api_key`.
 */
export function checkAdminKey(authorization: string | undefined, adminKey: string): void {
  const given = /^Bearer[ ]+(\S+)[ ]*$/i.exec(authorization ?? '')?.[1];
  if (given === undefined) {
    throw new GatewayError('missing_api_key', 'The control plane needs the admin key: send it as "Authorization: Bearer <admin key>".');
  }
  if (!timingSafeEqual(sha256(given), sha256(adminKey))) {
    throw new GatewayError('invalid_api_key', 'This is not the admin key of this gateway. Keys for models do not open the control plane.');
  }
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest();
}
