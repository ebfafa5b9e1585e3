import type { Limits } from '../admission/limits.ts';
import type { AuditEntry } from './audit-entry.ts';
import type { GroupRecord, SharedLimits } from './group-record.ts';
import type { KeyRecord } from './key-record.ts';

/**
 * A key as the control plane shows it: every field always there, null for "none". Neither the secret nor
 * its hash is in it.
 */
export function renderKey(key: KeyRecord) {
  const [, ...replaced] = key.hashes;
  return {
    ...renderKeySettings(key),
    defaults: key.defaults ?? null,
    disabled: key.disabled,
    created_at: isoTime(key.createdAtMs),
    updated_at: isoTime(key.updatedAtMs),
    expires_at: isoTime(key.expiresAtMs),
    rotated_at: isoTime(key.rotatedAtMs),
    /** Secrets that a rotation replaced, with the end of their grace. */
    replaced_secrets: replaced.map((secret) => ({ prefix: secret.prefix, valid_until: isoTime(secret.validUntilMs) })),
  };
}

/** What a key itself may know of its settings too. */
export function renderKeySettings(key: KeyRecord) {
  return {
    id: key.id,
    name: key.name,
    prefix: key.prefix,
    team: key.team ?? null,
    user: key.user ?? null,
    organization: key.organization ?? null,
    models: key.models ?? null,
    limits: key.limits ?? null,
    tags: key.tags ?? null,
  };
}

/** A team, user or organisation as the control plane shows it. */
export function renderGroup(group: GroupRecord) {
  return {
    id: group.id,
    limits: group.limits ?? null,
    models: group.models ?? null,
    tags: group.tags ?? null,
    defaults: group.defaults ?? null,
    created_at: isoTime(group.createdAtMs),
    updated_at: isoTime(group.updatedAtMs),
  };
}

/** Shared limits as the control plane shows them: the limits themselves. None set is an empty object. */
export function renderSharedLimits(row: SharedLimits | undefined) {
  return { ...row?.limits };
}

/** The limits of a tag as the control plane shows them. */
export function renderTagLimits(id: string, limits: Limits) {
  return { id, limits };
}

/** An entry of the audit trail as the control plane shows it. */
export function renderAuditEntry(entry: AuditEntry) {
  return {
    id: entry.id,
    at: isoTime(entry.atMs),
    actor: entry.actor,
    address: entry.address ?? null,
    action: entry.action,
    target: entry.target,
    outcome: entry.outcome,
    before: entry.before ?? null,
    after: entry.after ?? null,
  };
}

/** ISO 8601 in UTC; null for a moment that there is none of. */
export function isoTime(timeMs: number): string;
export function isoTime(timeMs: number | undefined): string | null;
export function isoTime(timeMs: number | undefined): string | null {
  return timeMs === undefined ? null : new Date(timeMs).toISOString();
}
