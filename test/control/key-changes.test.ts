import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { changedKeyRecord, droppedHashes, newKeyRecord, rotatedKeyRecord } from '../../shared/control/key-changes.ts';
import { keyRecordSchema } from '../../shared/control/key-record.ts';
import { makeKey } from '../../shared/control/key-secret.ts';
import { sortableId } from '../../shared/control/sortable-id.ts';
import { keyRecord } from '../support/control-records.ts';

it('changes what is named, takes away what is null and leaves the rest', () => {
  const before = keyRecord({ team: 'growth', user: 'ada', limits: { requests_per_minute: 5 }, tags: { env: 'prod' }, expiresAtMs: 9 });
  const after = changedKeyRecord(before, { name: 'other', team: null, limits: { parallel_requests: 1 }, expiresAtMs: null }, 77);
  expect(keyRecordSchema.parse(JSON.parse(JSON.stringify(after)))).toEqual({
    ...keyRecord({ user: 'ada', tags: { env: 'prod' }, name: 'other', limits: { parallel_requests: 1 }, updatedAtMs: 77, revision: 2 }),
  });
});

it('opens a rotated key by the new secret, and by the old one until its grace ends', () => {
  const old = makeKey(randomBytes);
  const next = makeKey(randomBytes);
  const record = newKeyRecord('key_1', { name: 'a', disabled: false }, old, 1_000);
  const rotated = rotatedKeyRecord(record, next, 60_000, 2_000);
  expect(rotated.hashes).toEqual([
    { hash: next.hash, prefix: next.prefix },
    { hash: old.hash, prefix: old.prefix, validUntilMs: 62_000 },
  ]);
  expect(rotated.prefix).toBe(next.prefix);
  expect(droppedHashes(record, rotated)).toEqual([]);
});

it('drops the old secret at once where there is no grace, and others when theirs is over', () => {
  const record = newKeyRecord('key_1', { name: 'a', disabled: false }, makeKey(randomBytes), 0);
  const once = rotatedKeyRecord(record, makeKey(randomBytes), 5_000, 1_000);
  const twice = rotatedKeyRecord(once, makeKey(randomBytes), 0, 7_000);
  expect(twice.hashes).toHaveLength(1);
  expect(droppedHashes(once, twice)).toEqual(once.hashes.map((entry) => entry.hash));
});

it('rotates once however often the same rotation is applied', () => {
  const record = newKeyRecord('key_1', { name: 'a', disabled: false }, makeKey(randomBytes), 0);
  const next = makeKey(randomBytes);
  const once = rotatedKeyRecord(record, next, 60_000, 1_000);
  const again = rotatedKeyRecord(once, next, 60_000, 1_000);
  expect(again).toEqual({ ...once, revision: once.revision + 1 });
});

it('refuses a sixth secret in grace', () => {
  let record = newKeyRecord('key_1', { name: 'a', disabled: false }, makeKey(randomBytes), 0);
  for (let rotation = 0; rotation < 5; rotation++) record = rotatedKeyRecord(record, makeKey(randomBytes), 60_000, rotation);
  expect(() => rotatedKeyRecord(record, makeKey(randomBytes), 60_000, 10)).toThrow(expect.objectContaining({ code: 'conflict' }));
  expect(rotatedKeyRecord(record, makeKey(randomBytes), 60_000, 200_000).hashes).toHaveLength(2);
});

it('makes ids that sort by time', () => {
  const times = [0, 1, 31, 32, 1_764_000_000_000, 1_764_000_000_001, 4_102_444_800_000];
  const ids = times.map((timeMs) => sortableId('key_', timeMs, randomBytes));
  expect(ids.toSorted()).toEqual(ids);
  for (const id of ids) expect(id).toMatch(/^key_[0-9a-hjkmnp-tv-z]{16}$/);
});
