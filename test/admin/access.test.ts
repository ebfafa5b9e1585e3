import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adminKeySource } from '../../functions/admin/admin-key-source.ts';
import { adminKey, startControlPlane, type TestControlPlane } from '../support/control-plane.ts';

let plane: TestControlPlane;

beforeAll(async () => {
  plane = await startControlPlane();
});

afterAll(async () => {
  await plane.close();
});

describe('the admin key', () => {
  it.each([
    ['', 'missing_api_key'],
    ['Bearer', 'missing_api_key'],
    ['Basic YWRtaW46YWRtaW4=', 'missing_api_key'],
    ['Bearer wrong', 'invalid_api_key'],
    [`Bearer ${adminKey}x`, 'invalid_api_key'],
    [`Bearer ${adminKey.slice(0, -1)}`, 'invalid_api_key'],
    [`Bearer ${adminKey.toUpperCase()}`, 'invalid_api_key'],
  ])('refuses Authorization "%s" with 401 %s', async (authorization, code) => {
    const refused = await plane.call('GET', '/admin/keys', undefined, { authorization });
    expect(refused.status).toBe(401);
    expect(refused.headers.get('x-should-retry')).toBe('false');
    expect(refused.body.error).toMatchObject({ code, type: 'authentication_error' });
    expect(JSON.stringify(refused.body)).not.toContain(adminKey);
  });

  it('is asked for before anything is said about paths and bodies', async () => {
    const refused = await plane.call('POST', '/admin/nowhere', '{', { authorization: 'Bearer wrong' });
    expect(refused.status).toBe(401);
  });

  it('is no key for models, and a key for models is no admin key', async () => {
    const { body } = await plane.call('POST', '/admin/keys', { name: 'a' });
    expect((await plane.call('GET', '/admin/keys', undefined, { authorization: `Bearer ${body.key}` })).status).toBe(401);
  });

  it('is read from its secret once in five minutes', async () => {
    let nowMs = 0;
    const reads: string[] = [];
    const read = adminKeySource({
      adminKey: undefined,
      secretId: 'arn:secret',
      secrets: {
        read: async (id) => {
          reads.push(id);
          return `key-${reads.length}\n`;
        },
      },
      clock: () => nowMs,
    });
    expect(await read()).toBe('key-1');
    nowMs = 299_999;
    expect(await read()).toBe('key-1');
    nowMs = 300_000;
    expect(await read()).toBe('key-2');
    expect(reads).toEqual(['arn:secret', 'arn:secret']);
  });

  it('keeps the control plane closed when none is configured or its secret is empty', async () => {
    const secrets = { read: async () => ' ' };
    const unset = adminKeySource({ adminKey: undefined, secretId: undefined, secrets, clock: () => 0 });
    const empty = adminKeySource({ adminKey: undefined, secretId: 'arn:secret', secrets, clock: () => 0 });
    await expect(unset()).rejects.toMatchObject({ code: 'internal_error' });
    await expect(empty()).rejects.toMatchObject({ code: 'internal_error' });
  });
});

describe('paths', () => {
  it('answers 404 for a path there is none of', async () => {
    for (const path of ['/admin/nowhere', '/admin/keys/a/b', '/admin/keys/%ff', '/admin/limits/planet']) {
      const refused = await plane.call('GET', path);
      expect([path, refused.status, refused.body.error.code]).toEqual([path, 404, 'not_found']);
      expect(refused.headers.get('x-sluice-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  it('answers 405 with what is allowed for a method a path does not take', async () => {
    const refused = await plane.call('DELETE', '/admin/keys');
    expect(refused.status).toBe(405);
    expect(refused.headers.get('allow')).toBe('POST, GET');
  });

  it('takes a trailing slash', async () => {
    expect((await plane.call('GET', '/admin/keys/')).status).toBe(200);
  });
});
