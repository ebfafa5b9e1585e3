import type { AuditEntry } from './audit-entry.ts';
import type { DirectorySource } from './cached-directory.ts';
import type { GroupKind, GroupRecord, SharedLimits, SharedLimitsName } from './group-record.ts';
import type { KeyRecord } from './key-record.ts';
import type { Page, PageRequest } from './page.ts';
import type { TagLimits } from './tag-limits.ts';

/**
 * Keeps the records of the control plane. All reads are strongly consistent; every method throws
 * `store_unavailable` when the store does not answer.
 *
 * A write that takes a record with `revision` n succeeds when the stored one has n - 1 (or, for 1, when
 * there is none), and returns false otherwise: someone else's change came first.
 */
export interface ControlStore extends DirectorySource {
  /**
   * Makes `keyHash` findable. Nothing can be done with it until a key's record lists it too, which is
   * why this comes first: whatever crashes in between, a usable key is a listed one.
   */
  addKeyHash(keyHash: string, keyId: string): Promise<void>;
  /** Forgets hashes that no record lists any more. */
  removeKeyHashes(keyHashes: readonly string[]): Promise<void>;
  putKey(record: KeyRecord): Promise<boolean>;
  /** Removes the record, and with it every use of the key. Returns what was there; undefined when nothing was. */
  deleteKey(id: string): Promise<KeyRecord | undefined>;
  /** Newest first. */
  listKeys(request: PageRequest): Promise<Page<KeyRecord>>;

  putGroup(kind: GroupKind, record: GroupRecord): Promise<boolean>;
  deleteGroup(kind: GroupKind, id: string): Promise<GroupRecord | undefined>;
  /** By id, ascending. */
  listGroups(kind: GroupKind, request: PageRequest): Promise<Page<GroupRecord>>;

  putSharedLimits(name: SharedLimitsName, row: SharedLimits): Promise<boolean>;
  putTagLimits(row: TagLimits): Promise<boolean>;

  /** Writes an entry, over the one with the same id if there is one. */
  putAuditEntry(entry: AuditEntry): Promise<void>;
  /** Newest first. */
  listAuditEntries(request: PageRequest): Promise<Page<AuditEntry>>;
}
