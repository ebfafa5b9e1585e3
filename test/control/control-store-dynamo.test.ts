import { randomBytes, randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findRoute } from '../../functions/admin/find-route.ts';
import type { AdminAnswer } from '../../functions/admin/operation.ts';
import { adminRoutes } from '../../functions/admin/routes.ts';
import { CachedDirectory } from '../../shared/control/cached-directory.ts';
import { newKeyRecord } from '../../shared/control/key-changes.ts';
import { hashKey, makeKey } from '../../shared/control/key-secret.ts';
import { filteredPage, maxPageSize, type Page, type PageRequest } from '../../shared/control/page.ts';
import { DynamoControlStore } from '../../shared/store/control-store-dynamo.ts';
import { ControlTable } from '../../shared/store/control-table.ts';
import { startControlTable, type TestControlTable } from '../support/control-plane.ts';
import { groupRecord, keyRecord } from '../support/control-records.ts';
import { endingAfter, unreachable } from '../support/failing-dynamodb.ts';

let table: TestControlTable;

beforeAll(async () => {
  table = await startControlTable();
});

afterAll(async () => {
  await table.close();
});

describe('revisions', () => {
  it('writes a record over the revision before it and over no other', async () => {
    const first = groupRecord({ id: randomUUID() });
    expect(await table.store.putGroup('team', first)).toBe(true);
    expect(await table.store.putGroup('team', first)).toBe(false);
    expect(await table.store.putGroup('team', { ...first, tags: { a: 'b' }, revision: 2 })).toBe(true);
    expect(await table.store.putGroup('team', { ...first, tags: { c: 'd' }, revision: 2 })).toBe(false);
    expect((await table.store.findGroup('team', first.id))?.tags).toEqual({ a: 'b' });
  });

  it('refuses a change to what was deleted meanwhile', async () => {
    const record = keyRecord({ id: randomUUID() });
    await table.store.putKey(record);
    expect((await table.store.deleteKey(record.id))?.id).toBe(record.id);
    expect(await table.store.putKey({ ...record, revision: 2 })).toBe(false);
    expect(await table.store.deleteKey(record.id)).toBeUndefined();
  });

  it('keeps users, teams and organisations of one name apart', async () => {
    const id = randomUUID();
    await table.store.putGroup('team', groupRecord({ id, tags: { kind: 'team' } }));
    await table.store.putGroup('user', groupRecord({ id, tags: { kind: 'user' } }));
    expect((await table.store.findGroup('user', id))?.tags).toEqual({ kind: 'user' });
    expect(await table.store.findGroup('organization', id)).toBeUndefined();
  });
});

describe('when the process ends between two writes', () => {
  /** A control plane that ends after so many writes, and what stands after it did. */
  async function endsAfter(writes: number, method: string, path: string, body?: unknown): Promise<AdminAnswer | undefined> {
    const store = new DynamoControlStore(new ControlTable(endingAfter(writes, table.dynamo), table.tableName));
    const routes = adminRoutes({ store, clock: Date.now, randomBytes });
    const { route, params } = findRoute(routes, method, path);
    return route.operation({ params, query: {}, body, actor: 'test', address: undefined }).catch((error: unknown) => {
      expect(error).toMatchObject({ code: 'store_unavailable' });
      return undefined;
    });
  }

  const directory = () => new CachedDirectory(table.store, { clock: Date.now });

  it('a key that can be used is listed, and says what its creator was told', async () => {
    for (let writes = 0; writes <= 4; writes++) {
      const name = randomUUID();
      const answer = await endsAfter(writes, 'POST', '/admin/keys', { name });
      const listed = (await table.store.listKeys({ limit: maxPageSize })).items.filter((key) => key.name === name);
      // Writes: begun entry, hash, record, done entry.
      expect(listed).toHaveLength(writes >= 3 ? 1 : 0);
      expect(answer === undefined).toBe(writes < 3);
      for (const key of listed) expect(await table.store.findKeyId(key.hashes[0]?.hash ?? '')).toBe(key.id);
    }
  });

  it('a key whose deletion has been answered, or has begun to take hold, opens nothing', async () => {
    for (let writes = 0; writes <= 4; writes++) {
      const secret = makeKey(randomBytes);
      const record = newKeyRecord(`key_${randomUUID()}`, { name: 'a', disabled: false }, secret, Date.now());
      await table.store.addKeyHash(secret.hash, record.id);
      await table.store.putKey(record);
      await endsAfter(writes, 'DELETE', `/admin/keys/${record.id}`);
      const found = await directory().find(secret.hash);
      const listed = await table.store.findKey(record.id);
      // Writes: begun entry, record, hash, done entry.
      expect(found === undefined).toBe(writes >= 2);
      expect(listed === undefined).toBe(found === undefined);
    }
  });

  it('a rotated key is opened by the old secret or by the new one, never by none', async () => {
    for (let writes = 0; writes <= 5; writes++) {
      const old = makeKey(randomBytes);
      const record = newKeyRecord(`key_${randomUUID()}`, { name: 'a', disabled: false }, old, Date.now());
      await table.store.addKeyHash(old.hash, record.id);
      await table.store.putKey(record);
      const answer = await endsAfter(writes, 'POST', `/admin/keys/${record.id}/rotate`, {});
      const stored = await table.store.findKey(record.id);
      const rotated = stored?.hashes[0]?.hash !== old.hash;
      // Writes: begun entry, new hash, record, old hash, done entry.
      expect(rotated).toBe(writes >= 3);
      expect((await directory().find(old.hash)) === undefined).toBe(rotated);
      if (answer && 'key' in answer.body) expect((await directory().find(hashKey(String(answer.body.key))))?.key.id).toBe(record.id);
    }
  });

  it('leaves an audit entry of every change it has made', async () => {
    for (let writes = 0; writes <= 3; writes++) {
      const id = `team-${randomUUID()}`;
      await endsAfter(writes, 'PUT', `/admin/teams/${id}`, { tags: { a: 'b' } });
      const made = (await table.store.findGroup('team', id)) !== undefined;
      const entries = (await table.store.listAuditEntries({ limit: maxPageSize })).items.filter((entry) => entry.target === id);
      expect(made).toBe(writes >= 2);
      expect(entries.map((entry) => entry.outcome)).toEqual(writes === 0 ? [] : [writes >= 3 ? 'done' : 'begun']);
    }
  });
});

describe('when DynamoDB is gone', () => {
  it('says so instead of calling a key unknown', async () => {
    const store = new DynamoControlStore(new ControlTable(unreachable(table.dynamo), table.tableName));
    const directory = new CachedDirectory(store, { clock: Date.now });
    await expect(directory.find('any')).rejects.toMatchObject({ code: 'store_unavailable', status: 503, retryAfterMs: 1000 });
  });
});

describe('paging', () => {
  it('shows every record once and in order, whatever the size of the pages', async () => {
    const prefix = randomUUID();
    const ids = Array.from({ length: 23 }, (_, index) => `${prefix}-${String(index).padStart(2, '0')}`);
    for (const id of ids) await table.store.putGroup('organization', groupRecord({ id }));
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 30 }), async (limit) => {
        const seen: string[] = [];
        let request: PageRequest = { limit };
        for (;;) {
          const page = await table.store.listGroups('organization', request);
          expect(page.items.length).toBeLessThanOrEqual(limit);
          seen.push(...page.items.map((group) => group.id));
          if (page.next === undefined) break;
          request = { limit, after: page.next };
        }
        expect(seen.filter((id) => id.startsWith(prefix))).toEqual(ids);
      }),
      { numRuns: 30 },
    );
  });

  it('goes on after an item that was deleted meanwhile', async () => {
    const prefix = `zz${randomUUID()}`;
    for (const letter of ['a', 'b', 'c']) await table.store.putGroup('user', groupRecord({ id: `${prefix}-${letter}` }));
    await table.store.deleteGroup('user', `${prefix}-b`);
    const page = await table.store.listGroups('user', { limit: 10, after: `${prefix}-b` });
    expect(page.items.map((group) => group.id)).toEqual([`${prefix}-c`]);
  });

  it('pages a filtered list as if the others were not there', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.boolean(), { maxLength: 40 }),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 9 }),
        async (wanted, limit, inner) => {
          const all = wanted.map((isWanted, index) => ({ key: String(index).padStart(3, '0'), isWanted }));
          const read = async ({ after }: PageRequest): Promise<Page<(typeof all)[number]>> => {
            const rest = all.filter((item) => after === undefined || item.key > after);
            const items = rest.slice(0, inner);
            const last = items.at(-1);
            return { items, ...(rest.length > inner && last && { next: last.key }) };
          };
          const seen: string[] = [];
          let after: string | undefined;
          do {
            const page = await filteredPage(
              { limit, ...(after !== undefined && { after }) },
              read,
              (item) => item.isWanted,
              (item) => item.key,
            );
            expect(page.items.length).toBeLessThanOrEqual(limit);
            seen.push(...page.items.map((item) => item.key));
            after = page.next;
          } while (after !== undefined);
          expect(seen).toEqual(all.filter((item) => item.isWanted).map((item) => item.key));
        },
      ),
    );
  });
});
