import type { GroupRecord } from '../../shared/control/group-record.ts';
import type { KeyRecord } from '../../shared/control/key-record.ts';

/** A key's record with everything that a test does not care about filled in. */
export function keyRecord(fields: Partial<KeyRecord> = {}): KeyRecord {
  return {
    id: 'key_1',
    name: 'a key',
    prefix: 'sk-aaaaaaaa',
    disabled: false,
    createdAtMs: 0,
    updatedAtMs: 0,
    hashes: [{ hash: 'hash-1', prefix: 'sk-aaaaaaaa' }],
    revision: 1,
    ...fields,
  };
}

/** A group's record likewise. */
export function groupRecord(fields: Partial<GroupRecord> = {}): GroupRecord {
  return { id: 'growth', createdAtMs: 0, updatedAtMs: 0, revision: 1, ...fields };
}
