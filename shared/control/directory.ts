import type { Limits } from '../admission/limits.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import type { GroupRecord } from './group-record.ts';
import type { KeyRecord } from './key-record.ts';
import type { TagLimits } from './tag-limits.ts';

/** Who a call comes from: the key it was made with, and everything whose limits it counts against. */
export interface Principal {
  readonly key: KeyRecord;
  /** Absent when the key names none, or names one that has no record yet (and so no limits). */
  readonly team?: GroupRecord;
  readonly user?: GroupRecord;
  readonly organization?: GroupRecord;
  /** Limits of all traffic together. */
  readonly gateway?: Limits;
  /** Limits of an end user that a caller names and that has no user record. */
  readonly endUserDefaults?: Limits;
  /** Limits of tags, by `name=value` or `name=*`. */
  readonly tagLimits?: TagLimits['tags'];
  /** Set when the call came with a secret that a rotation replaced: until then it is still good. */
  readonly graceEndsAtMs?: number;
}

/** Finds who a key belongs to. */
export interface Directory {
  /**
   * @param keyHash what `hashKey` returns.
   * @returns undefined when no such key exists; a disabled or expired one is returned, see `checkKey`.
   * @throws GatewayError `store_unavailable`; never an authentication error because of the store.
   */
  find(keyHash: string): Promise<Principal | undefined>;
  /** A user's record, for end users that a caller names. Undefined when there is none: then the defaults hold. */
  findUser(id: string): Promise<GroupRecord | undefined>;
}

/**
 * Refuses a key that exists but may not be used now.
 * @throws GatewayError `key_disabled` or `expired_api_key`.
 */
export function checkKey(principal: Principal, nowMs: number): void {
  const { key, graceEndsAtMs } = principal;
  if (key.disabled) {
    throw new GatewayError('key_disabled', 'This API key is disabled. Ask the operator of this gateway to enable it, or use another key.');
  }
  if (key.expiresAtMs !== undefined && key.expiresAtMs <= nowMs) {
    throw new GatewayError('expired_api_key', `This API key expired at ${new Date(key.expiresAtMs).toISOString()}. Ask for a new one.`);
  }
  if (graceEndsAtMs !== undefined && graceEndsAtMs <= nowMs) {
    throw new GatewayError(
      'expired_api_key',
      `This API key was rotated and ended at ${new Date(graceEndsAtMs).toISOString()}. Use the key that replaced it.`,
    );
  }
}
