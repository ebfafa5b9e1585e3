import { afterAll, beforeAll, expect, it } from 'vitest';
import { DynamoLedger } from '../../shared/store/ledger-store.ts';
import { startControlPlane, type TestControlPlane } from '../support/control-plane.ts';

let plane: TestControlPlane;

beforeAll(async () => {
  plane = await startControlPlane((db) => new DynamoLedger({ db, table: 'sluice-ledger', recorder: { record: async () => undefined } }));
});
afterAll(async () => {
  await plane.close();
});

const monthly = { budgets: [{ amount_usd: 10, period: 'month' }] };
const path = (tag: string) => `/admin/tags/${encodeURIComponent(tag)}`;

it('are limited one by one, shown with how they stand, listed by name and set free', async () => {
  expect(await plane.call('GET', '/admin/tags')).toMatchObject({ status: 200, body: { data: [], next_cursor: null } });
  const set = await plane.call('PUT', path('feature=search'), monthly);
  expect(set).toMatchObject({ status: 200, body: { id: 'feature=search', limits: monthly } });
  await plane.call('PUT', path('feature=chat'), { limits: { requests_per_minute: 5 } });
  await plane.call('PUT', path('feature=chat'), { requests_per_minute: 6 });
  const { body: shown } = await plane.call('GET', path('feature=search'));
  expect(shown).toMatchObject({ id: 'feature=search', limits: monthly, limits_of: 'feature=search' });
  expect(shown.standing.budgets).toMatchObject([{ period: 'month', limit_usd: 10, spent_usd: 0, remaining_usd: 10 }]);
  const { body: list } = await plane.call('GET', '/admin/tags?limit=1');
  expect(list).toMatchObject({ data: [{ id: 'feature=chat', limits: { requests_per_minute: 6 } }], has_more: true });
  const { body: rest } = await plane.call('GET', `/admin/tags?cursor=${list.next_cursor}`);
  expect(rest).toMatchObject({ data: [{ id: 'feature=search' }], has_more: false });
  expect(await plane.call('DELETE', path('feature=search'))).toMatchObject({ status: 200, body: { id: 'feature=search', deleted: true } });
  expect((await plane.call('GET', path('feature=search'))).status).toBe(404);
  expect((await plane.call('DELETE', path('feature=search'))).status).toBe(404);
  expect((await plane.call('GET', path('feature=chat'))).body.limits).toEqual({ requests_per_minute: 6 });
});

it('of any value have the limits of each, and stand apart', async () => {
  await plane.call('PUT', path('customer=*'), monthly);
  expect((await plane.call('GET', path('customer=*'))).body).toMatchObject({ id: 'customer=*', limits: monthly, standing: null });
  const { body } = await plane.call('GET', path('customer=acme'));
  expect(body).toMatchObject({ id: 'customer=acme', limits: monthly, limits_of: 'customer=*' });
  expect(body.standing.budgets).toHaveLength(1);
  await plane.call('PUT', path('customer=house'), {});
  expect((await plane.call('GET', path('customer=house'))).body).toMatchObject({ limits: {}, limits_of: 'customer=house', standing: null });
});

it('keep every change, made at the same time too, and leave a trail', async () => {
  const names = Array.from({ length: 4 }, (_, index) => `crowd=${index}`);
  const set = await Promise.all(names.map((tag) => plane.call('PUT', path(tag), { requests_per_minute: 1 })));
  expect(set.map(({ status }) => status)).toEqual(names.map(() => 200));
  const { body } = await plane.call('GET', '/admin/tags?limit=200');
  expect(body.data.map(({ id }: { id: string }) => id)).toEqual(expect.arrayContaining(names));
  // The trail is in the order of the clock, and of nothing within one of its ticks.
  plane.nowMs += 1;
  await plane.call('DELETE', path('crowd=0'));
  const { body: trail } = await plane.call('GET', `/admin/audit?target=${encodeURIComponent('crowd=0')}`);
  expect(trail.data).toMatchObject([
    { action: 'tag.delete', before: { id: 'crowd=0', limits: { requests_per_minute: 1 } } },
    { action: 'tag.put', before: null, after: { id: 'crowd=0', limits: { requests_per_minute: 1 } } },
  ]);
});

it('refuse what is no tag, no limit, or more than can be kept', async () => {
  expect((await plane.call('PUT', path('feature'), {})).body.error).toMatchObject({ code: 'invalid_request', param: 'id' });
  expect((await plane.call('PUT', path('a=b'), { rpm: 1 })).body.error).toMatchObject({ code: 'invalid_request', param: 'rpm' });
  const large = {
    per_model: Object.fromEntries(Array.from({ length: 900 }, (_, index) => [`m${index}${'x'.repeat(180)}`, { parallel_requests: 1 }])),
  };
  await plane.call('PUT', path('large=1'), large);
  expect((await plane.call('PUT', path('large=2'), large)).body.error).toMatchObject({ code: 'invalid_request' });
});
