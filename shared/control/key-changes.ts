import { GatewayError } from '../errors/gateway-error.ts';
import type { KeyRecord } from './key-record.ts';
import type { KeySecret } from './key-secret.ts';

/** What an operator decides about a key. */
export type KeySettings = Pick<
  KeyRecord,
  'name' | 'team' | 'user' | 'organization' | 'models' | 'limits' | 'defaults' | 'tags' | 'disabled' | 'expiresAtMs'
>;

/** Settings to change: absent stays, null is taken away. */
export type KeySettingsChange = { readonly [Name in keyof KeySettings]?: KeySettings[Name] | null | undefined };

/** How many replaced secrets may still be in their grace at once. */
const maxSecretsInGrace = 5;

/** The record of a key that has just been made. */
export function newKeyRecord(id: string, settings: KeySettings, secret: KeySecret, nowMs: number): KeyRecord {
  return {
    ...settings,
    id,
    prefix: secret.prefix,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    hashes: [{ hash: secret.hash, prefix: secret.prefix }],
    revision: 1,
  };
}

/** The record with some settings changed. */
export function changedKeyRecord(record: KeyRecord, change: KeySettingsChange, nowMs: number): KeyRecord {
  return {
    ...record,
    name: change.name ?? record.name,
    disabled: change.disabled ?? record.disabled,
    team: changed(record.team, change.team),
    user: changed(record.user, change.user),
    organization: changed(record.organization, change.organization),
    models: changed(record.models, change.models),
    limits: changed(record.limits, change.limits),
    defaults: changed(record.defaults, change.defaults),
    tags: changed(record.tags, change.tags),
    expiresAtMs: changed(record.expiresAtMs, change.expiresAtMs),
    updatedAtMs: nowMs,
    revision: record.revision + 1,
  };
}

function changed<Value>(stored: Value | undefined, change: Value | null | undefined): Value | undefined {
  return change === undefined ? stored : (change ?? undefined);
}

/**
 * The record opened by a new secret, and by the old one for `graceMs` more. Secrets whose grace is over
 * are dropped. Applied again with the same secret it changes nothing but the revision.
 * @throws GatewayError `conflict` when too many secrets are in their grace already.
 */
export function rotatedKeyRecord(record: KeyRecord, secret: KeySecret, graceMs: number, nowMs: number): KeyRecord {
  const [current, ...replaced] = record.hashes;
  if (!current || current.hash === secret.hash) return { ...record, revision: record.revision + 1 };
  const ended = { ...current, validUntilMs: nowMs + graceMs };
  const stillValid = [ended, ...replaced].filter((old) => old.validUntilMs === undefined || old.validUntilMs > nowMs);
  if (stillValid.length > maxSecretsInGrace) {
    throw new GatewayError(
      'conflict',
      `Key ${record.id} already has ${maxSecretsInGrace} replaced secrets that are still valid. Rotate with grace_seconds 0, or wait until one has ended.`,
    );
  }
  return {
    ...record,
    prefix: secret.prefix,
    hashes: [{ hash: secret.hash, prefix: secret.prefix }, ...stillValid],
    rotatedAtMs: nowMs,
    updatedAtMs: nowMs,
    revision: record.revision + 1,
  };
}

/** Hashes that `before` listed and `after` does not: nothing will be opened by them again. */
export function droppedHashes(before: KeyRecord, after: KeyRecord): readonly string[] {
  const kept = new Set(after.hashes.map((entry) => entry.hash));
  return before.hashes.map((entry) => entry.hash).filter((hash) => !kept.has(hash));
}
