import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Standing } from '../../shared/admission/ledger.ts';
import type { Scope } from '../../shared/admission/scopes.ts';
import { startControlPlane, type TestControlPlane, uniqueName } from '../support/control-plane.ts';

let plane: TestControlPlane;

/** Stands in for the ledger: every budget has 2 dollars spent and half a dollar held. */
const ledger = {
  read: async (scopes: readonly Scope[]): Promise<Standing[]> =>
    scopes.map((scope) => ({
      scope,
      budgets: scope.limits.budgets.map((budget) => ({
        period: budget.period,
        limitNanoUsd: budget.amountNanoUsd,
        spentNanoUsd: 2_000_000_000,
        heldNanoUsd: 500_000_000,
        resetsAtMs: budget.period === 'total' ? undefined : Date.UTC(2027, 1, 1),
      })),
      requests:
        scope.limits.requestsPerMinute === undefined ? undefined : { limit: scope.limits.requestsPerMinute, remaining: 7, resetsAtMs: 0 },
      tokens: undefined,
      parallel: { limit: scope.limits.parallel, underWay: 1 },
      shards: 1,
    })),
};

beforeAll(async () => {
  plane = await startControlPlane(() => ledger);
});

afterAll(async () => {
  await plane.close();
});

describe.each(['teams', 'users', 'organizations'])('/admin/%s', (list) => {
  it('keeps exactly what was put last', async () => {
    const id = uniqueName('group');
    const first = await plane.call('PUT', `/admin/${list}/${id}`, { limits: { requests_per_minute: 5 }, tags: { a: 'b' } });
    expect(first.status).toBe(200);
    expect(first.body).toMatchObject({ id, limits: { requests_per_minute: 5 }, models: null, tags: { a: 'b' } });
    await plane.call('PUT', `/admin/${list}/${id}`, { models: ['smart'] });
    const shown = await plane.call('GET', `/admin/${list}/${id}`);
    expect(shown.body).toMatchObject({
      id,
      limits: null,
      models: ['smart'],
      tags: null,
      standing: null,
      created_at: first.body.created_at,
    });
  });

  it('lists by id and deletes', async () => {
    const ids = [uniqueName('a'), uniqueName('b')];
    for (const id of ids) await plane.call('PUT', `/admin/${list}/${id}`, {});
    const listed = await plane.call('GET', `/admin/${list}?limit=200`);
    expect(listed.body.data.map((group: { id: string }) => group.id)).toEqual(expect.arrayContaining(ids));
    expect(await plane.call('DELETE', `/admin/${list}/${ids[0]}`)).toMatchObject({ status: 200, body: { id: ids[0], deleted: true } });
    expect((await plane.call('GET', `/admin/${list}/${ids[0]}`)).status).toBe(404);
    expect((await plane.call('DELETE', `/admin/${list}/${ids[0]}`)).status).toBe(404);
  });

  it('takes ids with spaces, @ and letters of any alphabet, and no slashes', async () => {
    const id = `Größe & more`.replace(' &', '');
    expect((await plane.call('PUT', `/admin/${list}/${encodeURIComponent(id)}`, {})).body.id).toBe(id);
    expect((await plane.call('GET', `/admin/${list}/${encodeURIComponent(id)}`)).status).toBe(200);
    const refused = await plane.call('PUT', `/admin/${list}/${encodeURIComponent('a/b')}`, {});
    expect(refused.status).toBe(400);
    expect(refused.body.error.param).toBe('id');
  });

  it('refuses unknown fields by name', async () => {
    const refused = await plane.call('PUT', `/admin/${list}/x`, { limits: {}, owner: 'me' });
    expect(refused.body.error).toMatchObject({ code: 'invalid_request', param: 'owner' });
    expect(refused.body.error.message).toContain('limits, models, tags');
  });

  it('is not deleted while a key belongs to it', async () => {
    const id = uniqueName('used');
    await plane.call('PUT', `/admin/${list}/${id}`, { limits: { requests_per_minute: 1 } });
    const kind = list.slice(0, -1);
    const { body: key } = await plane.call('POST', '/admin/keys', { name: 'a', [kind]: id });
    const refused = await plane.call('DELETE', `/admin/${list}/${id}`);
    expect(refused.status).toBe(409);
    expect(refused.body.error).toMatchObject({ code: 'conflict', details: { key: key.id } });
    await plane.call('DELETE', `/admin/keys/${key.id}`);
    expect((await plane.call('DELETE', `/admin/${list}/${id}`)).status).toBe(200);
  });
});

describe('what is spent and held', () => {
  const limits = {
    requests_per_minute: 60,
    budgets: [
      { amount_usd: 10, period: 'month' },
      { amount_usd: 2, period: 'total' },
    ],
    per_model: { 'openai/*': { parallel_requests: 4 } },
  };
  const standing = {
    spent_usd: 2,
    held_usd: 0.5,
    under_way: 1,
    budgets: [
      { period: 'month', limit_usd: 10, spent_usd: 2, held_usd: 0.5, remaining_usd: 7.5, resets_at: '2027-02-01T00:00:00.000Z' },
      { period: 'total', limit_usd: 2, spent_usd: 2, held_usd: 0.5, remaining_usd: 0, resets_at: null },
    ],
    requests: { limit: 60, remaining: 7, resets_at: '1970-01-01T00:00:00.000Z' },
    tokens: null,
    parallel: null,
    shards: 1,
    per_model: {
      'openai/*': {
        spent_usd: expect.any(Number),
        held_usd: expect.any(Number),
        under_way: 1,
        budgets: [],
        requests: null,
        tokens: null,
        parallel: { limit: 4, under_way: 1 },
        shards: 1,
      },
    },
  };

  it('is shown with a key, a team and the gateway', async () => {
    const { body: key } = await plane.call('POST', '/admin/keys', { name: 'a', limits });
    const team = uniqueName('team');
    await plane.call('PUT', `/admin/teams/${team}`, { limits });
    await plane.call('PUT', '/admin/limits/gateway', limits);
    for (const path of [`/admin/keys/${key.id}`, `/admin/teams/${team}`, '/admin/limits/gateway']) {
      expect((await plane.call('GET', path)).body.standing).toEqual(standing);
    }
  });

  it('is shown of a key that nothing limits, and null for a team that nothing is counted against', async () => {
    const { body: key } = await plane.call('POST', '/admin/keys', { name: 'a' });
    expect((await plane.call('GET', `/admin/keys/${key.id}`)).body.standing).toMatchObject({ spent_usd: expect.any(Number), budgets: [] });
    const team = uniqueName('team');
    await plane.call('PUT', `/admin/teams/${team}`, {});
    expect((await plane.call('GET', `/admin/teams/${team}`)).body.standing).toBeNull();
  });
});

describe.each(['gateway', 'end-users'])('/admin/limits/%s', (name) => {
  it('is set as a whole and lifted by an empty object', async () => {
    const limits = { requests_per_minute: 7, budgets: [{ amount_usd: 1.5, period: 'day' }] };
    expect((await plane.call('PUT', `/admin/limits/${name}`, limits)).body).toEqual(limits);
    expect((await plane.call('GET', `/admin/limits/${name}`)).body).toMatchObject(limits);
    expect((await plane.call('PUT', `/admin/limits/${name}`, { limits: { parallel_requests: 1 } })).body).toEqual({ parallel_requests: 1 });
    expect((await plane.call('PUT', `/admin/limits/${name}`, {})).body).toEqual({});
  });

  it('refuses what is no limit', async () => {
    const refused = await plane.call('PUT', `/admin/limits/${name}`, { requests_per_second: 1 });
    expect(refused.body.error).toMatchObject({ code: 'invalid_request', param: 'requests_per_second' });
  });
});
