import { afterAll, beforeAll, expect, it } from 'vitest';
import { hashKey } from '../../shared/control/key-secret.ts';
import { startControlPlane, type TestControlPlane, uniqueName } from '../support/control-plane.ts';

let plane: TestControlPlane;

beforeAll(async () => {
  plane = await startControlPlane();
});

afterAll(async () => {
  await plane.close();
});

it('says who changed what, when, from where, before and after', async () => {
  const id = uniqueName('team');
  await plane.call('PUT', `/admin/teams/${id}`, { tags: { a: '1' } }, { 'x-sluice-actor': 'ada@laptop' });
  plane.nowMs += 1_000;
  await plane.call('PUT', `/admin/teams/${id}`, { tags: { a: '2' } });
  const { body } = await plane.call('GET', `/admin/audit?target=${id}`);
  expect(body.data).toHaveLength(2);
  expect(body.data[0]).toMatchObject({
    at: new Date(plane.nowMs).toISOString(),
    actor: 'admin',
    address: '127.0.0.1',
    action: 'team.put',
    target: id,
    outcome: 'done',
    before: { id, tags: { a: '1' } },
    after: { id, tags: { a: '2' } },
  });
  expect(body.data[1]).toMatchObject({ actor: 'ada@laptop', before: null, after: { tags: { a: '1' } } });
});

it('has an entry for every change of a key, and no secret in any', async () => {
  const { body: made } = await plane.call('POST', '/admin/keys', { name: 'a' });
  const path = `/admin/keys/${made.id}`;
  plane.nowMs += 1;
  await plane.call('PATCH', path, { name: 'b' });
  plane.nowMs += 1;
  const { body: rotated } = await plane.call('POST', `${path}/rotate`, { grace_seconds: 5 });
  plane.nowMs += 1;
  await plane.call('DELETE', path);
  const { body } = await plane.call('GET', `/admin/audit?target=${made.id}`);
  expect(body.data.map((entry: { action: string }) => entry.action)).toEqual(['key.delete', 'key.rotate', 'key.change', 'key.create']);
  const text = JSON.stringify(body);
  for (const key of [made.key, rotated.key]) {
    expect(text).not.toContain(key);
    expect(text).not.toContain(hashKey(key));
  }
});

it('says that a change failed when it did, and nothing of what was refused as malformed', async () => {
  const { body: before } = await plane.call('GET', '/admin/audit');
  expect((await plane.call('PUT', '/admin/teams/x', { nonsense: true })).status).toBe(400);
  const { body: after } = await plane.call('GET', '/admin/audit');
  expect(after.data).toEqual(before.data);
  const { body: key } = await plane.call('POST', '/admin/keys', { name: 'a' });
  for (let rotation = 0; rotation < 6; rotation++) await plane.call('POST', `/admin/keys/${key.id}/rotate`, { grace_seconds: 60 });
  plane.nowMs += 1;
  const { body: failed } = await plane.call('GET', `/admin/audit?target=${key.id}&action=key.rotate&limit=200`);
  expect(failed.data.map((entry: { outcome: string }) => entry.outcome).toSorted()).toEqual([
    'done',
    'done',
    'done',
    'done',
    'done',
    'failed',
  ]);
});

it('is paged, newest first', async () => {
  const id = uniqueName('paged');
  for (let change = 0; change < 7; change++) {
    plane.nowMs += 1;
    await plane.call('PUT', `/admin/users/${id}`, { tags: { change: String(change) } });
  }
  const seen: string[] = [];
  let cursor = '';
  do {
    const { body } = await plane.call('GET', `/admin/audit?target=${id}&limit=3${cursor && `&cursor=${cursor}`}`);
    seen.push(...body.data.map((entry: { after: { tags: { change: string } } }) => entry.after.tags.change));
    cursor = body.next_cursor ?? '';
  } while (cursor !== '');
  expect(seen).toEqual(['6', '5', '4', '3', '2', '1', '0']);
});
