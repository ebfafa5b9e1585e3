import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CachedDirectory } from '../../shared/control/cached-directory.ts';
import { checkKey } from '../../shared/control/directory.ts';
import { hashKey } from '../../shared/control/key-secret.ts';
import { startControlPlane, type TestControlPlane, uniqueName } from '../support/control-plane.ts';

let plane: TestControlPlane;

beforeAll(async () => {
  plane = await startControlPlane();
});

afterAll(async () => {
  await plane.close();
});

/** A directory that has seen nothing yet, as in a function that has just started. */
const freshDirectory = () => new CachedDirectory(plane.store, { clock: () => plane.nowMs });

describe('making a key', () => {
  it('answers the record in snake_case and, once, the key', async () => {
    const limits = {
      requests_per_minute: 60,
      budgets: [{ amount_usd: 5, period: 'month' }],
      per_model: { 'openai/*': { parallel_requests: 2 } },
    };
    const made = await plane.call('POST', '/admin/keys', {
      name: 'batch',
      team: 'growth',
      user: 'ada@example.com',
      organization: 'acme',
      models: ['openai/*'],
      limits,
      defaults: { retries: 1 },
      tags: { env: 'prod' },
      expires_at: '2027-06-01T00:00:00+02:00',
    });
    expect(made.status).toBe(201);
    expect(made.headers.get('content-type')).toBe('application/json');
    expect(made.headers.get('cache-control')).toBe('no-store');
    const { key, ...record } = made.body;
    expect(key).toMatch(/^sk-[A-Za-z0-9_-]{43}$/);
    expect(record).toEqual({
      id: expect.stringMatching(/^key_/),
      name: 'batch',
      prefix: key.slice(0, 11),
      team: 'growth',
      user: 'ada@example.com',
      organization: 'acme',
      models: ['openai/*'],
      limits,
      defaults: { retries: 1 },
      tags: { env: 'prod' },
      disabled: false,
      created_at: '2027-01-15T12:00:00.000Z',
      updated_at: '2027-01-15T12:00:00.000Z',
      expires_at: '2027-05-31T22:00:00.000Z',
      rotated_at: null,
      replaced_secrets: [],
    });
    const shown = await plane.call('GET', `/admin/keys/${record.id}`);
    expect(shown.body).toEqual({ ...record, standing: null });
    expect((await freshDirectory().find(hashKey(key)))?.key.limits).toEqual(limits);
  });

  it('takes expires_at in seconds since the epoch too', async () => {
    const made = await plane.call('POST', '/admin/keys', { name: 'short', expires_at: 1_800_000_000 });
    expect(made.body.expires_at).toBe('2027-01-15T08:00:00.000Z');
    const principal = await freshDirectory().find(hashKey(made.body.key));
    expect(() => principal && checkKey(principal, plane.nowMs)).toThrow(expect.objectContaining({ code: 'expired_api_key' }));
  });

  it.each([
    [{}, 'name'],
    [{ name: '' }, 'name'],
    [{ name: 'a', budget: 5 }, 'budget'],
    [{ name: 'a', limits: { rpm: 5 } }, 'limits.rpm'],
    [{ name: 'a', limits: { budgets: [{ amount_usd: -1, period: 'month' }] } }, 'limits.budgets.0.amount_usd'],
    [{ name: 'a', limits: { budgets: [{ amount_usd: 1, period: 'year' }] } }, 'limits.budgets.0.period'],
    [{ name: 'a', models: [] }, 'models'],
    [{ name: 'a', models: 'openai/*' }, 'models'],
    [{ name: 'a', team: 'no/slash' }, 'team'],
    [{ name: 'a', tags: { a: 1 } }, 'tags.a'],
    [{ name: 'a', expires_at: 'tomorrow' }, 'expires_at'],
    [{ name: 'a', expires_at: '2027-01-01' }, 'expires_at'],
    [{ name: 'a', expires_at: 1_800_000_000_000 }, 'expires_at'],
    [{ name: 'a', disabled: 'yes' }, 'disabled'],
    [{ name: 'a', key: 'sk-my-own' }, 'key'],
  ])('refuses %j and names the field', async (body, param) => {
    const refused = await plane.call('POST', '/admin/keys', body);
    expect(refused.status).toBe(400);
    expect(refused.body.error).toMatchObject({ code: 'invalid_request', type: 'invalid_request_error', param });
    expect(refused.body.error.message).toContain(param);
  });

  it('says what is missing, and what is wrong with a pattern', async () => {
    expect((await plane.call('POST', '/admin/keys', {})).body.error.message).toBe('name is missing from the body.');
    const unnamed = await plane.call('POST', '/admin/keys', { name: 'a', limits: { per_model: { '': {} } } });
    expect(unnamed.body.error.message).toContain('a model pattern cannot be empty');
  });

  it('refuses a body that is no JSON, no object or tampers with prototypes', async () => {
    for (const body of ['{"name":', '[]', '"name"', '7', 'null', '{"name":"a","__proto__":{"disabled":true}}']) {
      const refused = await plane.call('POST', '/admin/keys', body);
      expect([body, refused.status, refused.body.error.code]).toEqual([body, 400, 'invalid_request']);
    }
  });
});

describe('changing a key', () => {
  it('changes what is named, takes away what is null and leaves the rest', async () => {
    const made = await plane.call('POST', '/admin/keys', { name: 'a', team: 'growth', tags: { env: 'prod' }, models: ['smart'] });
    plane.nowMs += 1_000;
    const changed = await plane.call('PATCH', `/admin/keys/${made.body.id}`, { name: 'b', models: null, limits: { parallel_requests: 3 } });
    expect(changed.status).toBe(200);
    const { key, ...record } = made.body;
    expect(changed.body).toEqual({
      ...record,
      name: 'b',
      models: null,
      limits: { parallel_requests: 3 },
      updated_at: new Date(plane.nowMs).toISOString(),
    });
    expect(JSON.stringify(changed.body)).not.toContain(key);
  });

  it('disables and enables', async () => {
    const made = await plane.call('POST', '/admin/keys', { name: 'a' });
    await plane.call('PATCH', `/admin/keys/${made.body.id}`, { disabled: true });
    const disabled = await freshDirectory().find(hashKey(made.body.key));
    expect(() => disabled && checkKey(disabled, plane.nowMs)).toThrow(expect.objectContaining({ code: 'key_disabled' }));
    await plane.call('PATCH', `/admin/keys/${made.body.id}`, { disabled: false });
    expect((await freshDirectory().find(hashKey(made.body.key)))?.key.disabled).toBe(false);
  });

  it('loses no change of several that come at the same time', async () => {
    const made = await plane.call('POST', '/admin/keys', { name: 'a' });
    const changes = [{ name: 'b' }, { team: 'growth' }, { tags: { a: 'b' } }];
    const answers = await Promise.all(changes.map((change) => plane.call('PATCH', `/admin/keys/${made.body.id}`, change)));
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200]);
    const { body } = await plane.call('GET', `/admin/keys/${made.body.id}`);
    expect(body).toMatchObject({ name: 'b', team: 'growth', tags: { a: 'b' } });
  });

  it('answers 404 for a key there is none of', async () => {
    const attempts = [
      ['GET', '/admin/keys/key_none'],
      ['PATCH', '/admin/keys/key_none'],
      ['DELETE', '/admin/keys/key_none'],
      ['POST', '/admin/keys/key_none/rotate'],
    ] as const;
    for (const [method, path] of attempts) {
      const refused = await plane.call(method, path, method === 'GET' ? undefined : {});
      expect([method, refused.status, refused.body.error.code]).toEqual([method, 404, 'not_found']);
    }
  });
});

describe('rotating a key', () => {
  it('opens to both secrets until the grace ends, then to the new one only', async () => {
    const made = await plane.call('POST', '/admin/keys', { name: 'a', limits: { requests_per_minute: 5 } });
    const rotated = await plane.call('POST', `/admin/keys/${made.body.id}/rotate`, { grace_seconds: 60 });
    expect(rotated.status).toBe(200);
    expect(rotated.body.key).not.toBe(made.body.key);
    expect(rotated.body).toMatchObject({ id: made.body.id, limits: { requests_per_minute: 5 }, prefix: rotated.body.key.slice(0, 11) });
    expect(rotated.body.replaced_secrets).toEqual([
      { prefix: made.body.prefix, valid_until: new Date(plane.nowMs + 60_000).toISOString() },
    ]);
    const directory = freshDirectory();
    for (const key of [made.body.key, rotated.body.key]) {
      const principal = await directory.find(hashKey(key));
      expect(principal?.key.id).toBe(made.body.id);
      expect(() => principal && checkKey(principal, plane.nowMs + 59_999)).not.toThrow();
    }
    const old = await directory.find(hashKey(made.body.key));
    expect(() => old && checkKey(old, plane.nowMs + 60_000)).toThrow(expect.objectContaining({ code: 'expired_api_key' }));
  });

  it('closes to the old secret within ten seconds where there is no grace', async () => {
    const made = await plane.call('POST', '/admin/keys', { name: 'a' });
    const warm = freshDirectory();
    await warm.find(hashKey(made.body.key));
    const rotated = await plane.call('POST', `/admin/keys/${made.body.id}/rotate`);
    expect((await warm.find(hashKey(rotated.body.key)))?.key.id).toBe(made.body.id);
    plane.nowMs += 10_000;
    expect(await warm.find(hashKey(made.body.key))).toBeUndefined();
  });

  it('changes both secrets’ limits when the key is changed in the grace', async () => {
    const made = await plane.call('POST', '/admin/keys', { name: 'a' });
    const rotated = await plane.call('POST', `/admin/keys/${made.body.id}/rotate`, { grace_seconds: 3600 });
    await plane.call('PATCH', `/admin/keys/${made.body.id}`, { disabled: true });
    for (const key of [made.body.key, rotated.body.key]) expect((await freshDirectory().find(hashKey(key)))?.key.disabled).toBe(true);
  });

  it('refuses a grace below zero or above thirty days', async () => {
    const made = await plane.call('POST', '/admin/keys', { name: 'a' });
    for (const grace_seconds of [-1, 2_592_001, '60']) {
      const refused = await plane.call('POST', `/admin/keys/${made.body.id}/rotate`, { grace_seconds });
      expect(refused.body.error).toMatchObject({ code: 'invalid_request', param: 'grace_seconds' });
    }
  });
});

describe('deleting a key', () => {
  it('ends every secret of it within ten seconds', async () => {
    const made = await plane.call('POST', '/admin/keys', { name: 'a' });
    const rotated = await plane.call('POST', `/admin/keys/${made.body.id}/rotate`, { grace_seconds: 3600 });
    const warm = freshDirectory();
    await warm.find(hashKey(made.body.key));
    const deleted = await plane.call('DELETE', `/admin/keys/${made.body.id}`);
    expect(deleted).toMatchObject({ status: 200, body: { id: made.body.id, deleted: true } });
    for (const key of [made.body.key, rotated.body.key]) expect(await freshDirectory().find(hashKey(key))).toBeUndefined();
    plane.nowMs += 10_000;
    expect(await warm.find(hashKey(made.body.key))).toBeUndefined();
    expect((await plane.call('GET', `/admin/keys/${made.body.id}`)).status).toBe(404);
  });
});

describe('listing keys', () => {
  it('lists newest first, page by page, and of one team where asked', async () => {
    const team = uniqueName('team');
    const made: string[] = [];
    for (let index = 0; index < 5; index++) {
      plane.nowMs += 1;
      made.unshift((await plane.call('POST', '/admin/keys', { name: `listed ${index}`, team })).body.id);
      plane.nowMs += 1;
      await plane.call('POST', '/admin/keys', { name: 'of nobody' });
    }
    const seen: string[] = [];
    let cursor = '';
    do {
      const page = await plane.call('GET', `/admin/keys?team=${team}&limit=2${cursor && `&cursor=${cursor}`}`);
      expect(page.body.object).toBe('list');
      expect(page.body.has_more).toBe(page.body.next_cursor !== null);
      seen.push(...page.body.data.map((key: { id: string }) => key.id));
      cursor = page.body.next_cursor ?? '';
    } while (cursor !== '');
    expect(seen).toEqual(made);
    const first = await plane.call('GET', '/admin/keys?limit=1');
    expect(first.body.data).toHaveLength(1);
    expect(first.body.data[0].name).toBe('of nobody');
  });

  it('never shows a secret or its hash', async () => {
    const made = await plane.call('POST', '/admin/keys', { name: 'secret' });
    const list = await plane.call('GET', '/admin/keys');
    expect(JSON.stringify(list.body)).not.toContain(made.body.key);
    expect(JSON.stringify(list.body)).not.toContain(hashKey(made.body.key));
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=201', 'limit'],
    ['limit=ten', 'limit'],
    ['cursor=%00', 'cursor'],
    ['cursor=a*b', 'cursor'],
    ['order=asc', 'order'],
  ])('refuses ?%s', async (query, param) => {
    const refused = await plane.call('GET', `/admin/keys?${query}`);
    expect(refused.status).toBe(400);
    expect(refused.body.error).toMatchObject({ code: 'invalid_request', param });
  });
});
