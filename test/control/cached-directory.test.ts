import { beforeEach, describe, expect, it } from 'vitest';
import { CachedDirectory, type CachedDirectoryOptions, type DirectorySource } from '../../shared/control/cached-directory.ts';
import type { GroupRecord, SharedLimits } from '../../shared/control/group-record.ts';
import type { KeyRecord } from '../../shared/control/key-record.ts';
import type { TagLimits } from '../../shared/control/tag-limits.ts';
import { GatewayError } from '../../shared/errors/gateway-error.ts';
import { groupRecord, keyRecord } from '../support/control-records.ts';

/** A source in memory that counts its reads and can be made to fail or to hang. */
class MemorySource implements DirectorySource {
  readonly keyIds = new Map<string, string>();
  readonly keys = new Map<string, KeyRecord>();
  readonly groups = new Map<string, GroupRecord>();
  readonly limits = new Map<string, SharedLimits>();
  tagLimits: TagLimits | undefined;
  reads: string[] = [];
  failure: Error | undefined;
  gate: Promise<void> = Promise.resolve();

  findKeyId = (hash: string) => this.#read(`hash ${hash}`, () => this.keyIds.get(hash));
  findKey = (id: string) => this.#read(`key ${id}`, () => this.keys.get(id));
  findGroup = (kind: string, id: string) => this.#read(`${kind} ${id}`, () => this.groups.get(`${kind} ${id}`));
  findSharedLimits = (name: string) => this.#read(`limits ${name}`, () => this.limits.get(name));

  findTagLimits = () => this.#read('limits of tags', () => this.tagLimits);

  async #read<Value>(what: string, value: () => Value): Promise<Value> {
    this.reads.push(what);
    const found = value();
    await this.gate;
    if (this.failure) throw this.failure;
    return found;
  }
}

let nowMs = 1_000_000;
let source: MemorySource;

function directory(options: Partial<CachedDirectoryOptions> = {}): CachedDirectory {
  return new CachedDirectory(source, { clock: () => nowMs, ...options });
}

beforeEach(() => {
  nowMs = 1_000_000;
  source = new MemorySource();
  source.keyIds.set('hash-1', 'key_1');
  source.keys.set('key_1', keyRecord({ team: 'growth', user: 'ada' }));
  source.groups.set('team growth', groupRecord({ limits: { requests_per_minute: 5 } }));
  source.limits.set('gateway', { limits: { requests_per_minute: 100 }, updatedAtMs: 0, revision: 1 });
  source.limits.set('end-users', { limits: { requests_per_minute: 1 }, updatedAtMs: 0, revision: 1 });
  source.tagLimits = { tags: { 'feature=search': { requests_per_minute: 2 } }, updatedAtMs: 0, revision: 1 };
});

describe('what it finds', () => {
  it('finds the key and everything it counts against', async () => {
    const principal = await directory().find('hash-1');
    expect(principal?.key.id).toBe('key_1');
    expect(principal?.team?.limits).toEqual({ requests_per_minute: 5 });
    expect(principal?.user).toBeUndefined();
    expect(principal?.gateway).toEqual({ requests_per_minute: 100 });
    expect(principal?.endUserDefaults).toEqual({ requests_per_minute: 1 });
    expect(principal?.tagLimits).toEqual({ 'feature=search': { requests_per_minute: 2 } });
  });

  it('finds nothing for a hash that leads to a key which no longer lists it', async () => {
    source.keys.set('key_1', keyRecord({ hashes: [{ hash: 'hash-2', prefix: 'sk-b' }] }));
    expect(await directory().find('hash-1')).toBeUndefined();
  });

  it('says when the grace of a replaced secret ends', async () => {
    source.keys.set(
      'key_1',
      keyRecord({
        hashes: [
          { hash: 'hash-2', prefix: 'sk-b' },
          { hash: 'hash-1', prefix: 'sk-a', validUntilMs: 1_060_000 },
        ],
      }),
    );
    expect((await directory().find('hash-1'))?.graceEndsAtMs).toBe(1_060_000);
  });

  it('opens at once to a secret that is newer than the record in memory', async () => {
    const cached = directory();
    await cached.find('hash-1');
    source.keyIds.set('hash-2', 'key_1');
    source.keys.set('key_1', keyRecord({ hashes: [{ hash: 'hash-2', prefix: 'sk-b' }] }));
    expect((await cached.find('hash-2'))?.key.id).toBe('key_1');
  });
});

describe('how long it believes', () => {
  it('reads a key once in ten seconds however many calls come', async () => {
    const cached = directory();
    for (let call = 0; call < 50; call++) await cached.find('hash-1');
    nowMs += 9_999;
    await cached.find('hash-1');
    expect(source.reads.filter((read) => read === 'key key_1')).toHaveLength(1);
    expect(source.reads.filter((read) => read === 'user ada')).toHaveLength(1);
    nowMs += 1;
    await cached.find('hash-1');
    expect(source.reads.filter((read) => read === 'key key_1')).toHaveLength(2);
    expect(source.reads.filter((read) => read === 'hash hash-1')).toHaveLength(1);
  });

  it('stops opening to a deleted key after ten seconds', async () => {
    const cached = directory();
    await cached.find('hash-1');
    source.keys.delete('key_1');
    nowMs += 10_000;
    expect(await cached.find('hash-1')).toBeUndefined();
  });

  it('counts the age of a record from the start of its reading', async () => {
    const cached = directory();
    let open = () => {};
    source.gate = new Promise((resolve) => {
      open = resolve;
    });
    const finding = cached.find('hash-1');
    source.keys.set('key_1', keyRecord({ disabled: true }));
    nowMs += 9_000;
    open();
    await finding;
    nowMs += 9_000;
    source.gate = Promise.resolve();
    expect((await cached.find('hash-1'))?.key.disabled).toBe(true);
  });

  it('takes up a group that is made later, and a changed one, within ten seconds', async () => {
    const cached = directory();
    await cached.find('hash-1');
    source.groups.set('user ada', groupRecord({ id: 'ada', limits: { parallel_requests: 2 } }));
    source.groups.set('team growth', groupRecord({ limits: { requests_per_minute: 9 } }));
    nowMs += 10_000;
    const principal = await cached.find('hash-1');
    expect(principal?.user?.limits).toEqual({ parallel_requests: 2 });
    expect(principal?.team?.limits).toEqual({ requests_per_minute: 9 });
  });

  it('believes for a second only that a hash is unknown', async () => {
    const cached = directory();
    expect(await cached.find('hash-2')).toBeUndefined();
    source.keyIds.set('hash-2', 'key_2');
    source.keys.set('key_2', keyRecord({ id: 'key_2', hashes: [{ hash: 'hash-2', prefix: 'sk-b' }] }));
    nowMs += 1_000;
    expect((await cached.find('hash-2'))?.key.id).toBe('key_2');
  });

  it('reads anew when the clock was set back', async () => {
    const cached = directory();
    await cached.find('hash-1');
    source.keys.set('key_1', keyRecord({ disabled: true }));
    nowMs -= 3_600_000;
    expect((await cached.find('hash-1'))?.key.disabled).toBe(true);
  });
});

describe('under load', () => {
  it('reads once for a hundred calls that come at the same time', async () => {
    const cached = directory();
    const principals = await Promise.all(Array.from({ length: 100 }, () => cached.find('hash-1')));
    expect(principals.every((principal) => principal?.key.id === 'key_1')).toBe(true);
    expect(source.reads.filter((read) => read.startsWith('hash'))).toHaveLength(1);
    expect(source.reads.filter((read) => read.startsWith('key'))).toHaveLength(1);
  });

  it('hands a failure of the store to those who wait for it and forgets it', async () => {
    const cached = directory();
    source.failure = new GatewayError('store_unavailable', 'gone');
    await expect(cached.find('hash-1')).rejects.toMatchObject({ code: 'store_unavailable' });
    source.failure = undefined;
    expect((await cached.find('hash-1'))?.key.id).toBe('key_1');
  });

  it('never says that a known key is unknown because the store fails', async () => {
    const cached = directory();
    await cached.find('hash-1');
    nowMs += 10_000;
    source.failure = new GatewayError('store_unavailable', 'gone');
    await expect(cached.find('hash-1')).rejects.toMatchObject({ code: 'store_unavailable' });
  });

  it('keeps a known key in memory through a flood of wrong ones', async () => {
    const cached = directory({ maxKeys: 10, maxUnknown: 10 });
    await cached.find('hash-1');
    for (let wrong = 0; wrong < 1_000; wrong++) expect(await cached.find(`wrong-${wrong}`)).toBeUndefined();
    source.reads = [];
    await cached.find('hash-1');
    expect(source.reads).toEqual([]);
  });
});

describe('while the store does not answer', () => {
  const gone = new GatewayError('store_unavailable', 'gone');

  it('goes on with what was read last where that is wanted, for an hour, and asks again every second', async () => {
    const open = directory({ believesUnread: () => true });
    await open.find('hash-1');
    source.failure = gone;
    nowMs += 10_000;
    const principal = await open.find('hash-1');
    expect(principal?.key.id).toBe('key_1');
    expect(principal?.team?.limits).toEqual({ requests_per_minute: 5 });
    expect(principal?.gateway).toEqual({ requests_per_minute: 100 });
    source.reads = [];
    nowMs += 900;
    await open.find('hash-1');
    expect(source.reads).toEqual([]);
    nowMs += 200;
    await open.find('hash-1');
    expect(source.reads).toContain('key key_1');
    nowMs += 3_600_000;
    await expect(open.find('hash-1')).rejects.toBe(gone);
  });

  it('takes up what changed as soon as the store is back', async () => {
    const open = directory({ believesUnread: () => true });
    await open.find('hash-1');
    source.failure = gone;
    nowMs += 10_000;
    await open.find('hash-1');
    source.failure = undefined;
    source.keys.delete('key_1');
    nowMs += 1_100;
    expect(await open.find('hash-1')).toBeUndefined();
  });

  it('holds nothing against a key that was unknown before, and lets nobody in of whom nothing is known', async () => {
    const open = directory({ believesUnread: () => true });
    expect(await open.find('hash-2')).toBeUndefined();
    source.failure = gone;
    nowMs += 10_000;
    await expect(open.find('hash-2')).rejects.toBe(gone);
    await expect(open.find('hash-3')).rejects.toBe(gone);
  });

  it('believes nothing past its age where that is not wanted', async () => {
    const closed = directory();
    await closed.find('hash-1');
    source.failure = gone;
    nowMs += 10_000;
    await expect(closed.find('hash-1')).rejects.toBe(gone);
  });
});
