import type { Limits } from '../admission/limits.ts';
import type { GroupRecord, SharedLimits } from './group-record.ts';

/** What an operator decides about a team, user or organisation. */
export type GroupSettings = Pick<GroupRecord, 'limits' | 'models' | 'tags' | 'defaults'>;

/** The record of a group as `settings` say, whether or not there was one. Settings left out are gone. */
export function groupRecordOf(id: string, stored: GroupRecord | undefined, settings: GroupSettings, nowMs: number): GroupRecord {
  return {
    ...settings,
    id,
    createdAtMs: stored?.createdAtMs ?? nowMs,
    updatedAtMs: nowMs,
    revision: (stored?.revision ?? 0) + 1,
  };
}

/** Shared limits as `limits` say, whether or not there were any. */
export function sharedLimitsOf(stored: SharedLimits | undefined, limits: Limits, nowMs: number): SharedLimits {
  return { limits, updatedAtMs: nowMs, revision: (stored?.revision ?? 0) + 1 };
}
