import { expect, it } from 'vitest';
import { checkKey } from '../../shared/control/directory.ts';
import { mayCallModel } from '../../shared/control/model-access.ts';
import { groupRecord, keyRecord } from '../support/control-records.ts';

it('lets in a key that is neither disabled nor expired', () => {
  expect(() => checkKey({ key: keyRecord({ expiresAtMs: 1_001 }) }, 1_000)).not.toThrow();
});

it('refuses a disabled key with 403', () => {
  expect(() => checkKey({ key: keyRecord({ disabled: true }) }, 0)).toThrow(expect.objectContaining({ code: 'key_disabled', status: 403 }));
});

it('refuses a key from the moment it expires', () => {
  expect(() => checkKey({ key: keyRecord({ expiresAtMs: 1_000 }) }, 1_000)).toThrow(
    expect.objectContaining({ code: 'expired_api_key', status: 401, message: expect.stringContaining('1970-01-01T00:00:01.000Z') }),
  );
});

it('refuses a replaced secret from the end of its grace', () => {
  const principal = { key: keyRecord(), graceEndsAtMs: 5_000 };
  expect(() => checkKey(principal, 4_999)).not.toThrow();
  expect(() => checkKey(principal, 5_000)).toThrow(expect.objectContaining({ code: 'expired_api_key' }));
});

it('allows a model that key, team, user and organisation all allow', () => {
  const principal = {
    key: keyRecord({ models: ['openai/*', 'smart'] }),
    team: groupRecord({ models: ['openai/gpt-5*'] }),
    organization: groupRecord({}),
  };
  expect(mayCallModel(principal, ['openai/gpt-5-mini'])).toBe(true);
  expect(mayCallModel(principal, ['openai/o9'])).toBe(false);
  expect(mayCallModel(principal, ['anthropic/claude-opus-5'])).toBe(false);
});

it('allows a route by its own name or by what it leads to', () => {
  expect(mayCallModel({ key: keyRecord({ models: ['smart'] }) }, ['smart', 'openai/gpt-5'])).toBe(true);
  expect(mayCallModel({ key: keyRecord({ models: ['openai/*'] }) }, ['smart', 'openai/gpt-5'])).toBe(true);
  expect(mayCallModel({ key: keyRecord() }, ['anything'])).toBe(true);
});
