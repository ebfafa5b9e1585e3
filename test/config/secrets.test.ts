import { describe, expect, it } from 'vitest';
import { ReferencedSecrets } from '../../shared/config/secrets.ts';

function vault(first: Record<string, string>) {
  const state = { fields: first, reads: 0, nowMs: 1_000_000, broken: false };
  const store = {
    read: async () => {
      state.reads += 1;
      if (state.broken) throw new Error('AccessDenied');
      return JSON.stringify(state.fields);
    },
  };
  const secrets = new ReferencedSecrets({ environment: { IN_ENV: 'from-env' }, store, secretId: 'providers', nowMs: () => state.nowMs });
  return { state, secrets };
}

describe('a secret reference', () => {
  it('is looked up in the environment or in the provider secret, each as the other’s fallback', async () => {
    const { secrets } = vault({ IN_SECRET: 'from-secret' });
    expect(await secrets.read('env:IN_ENV', false)).toBe('from-env');
    expect(await secrets.read('env:IN_SECRET', false)).toBe('from-secret');
    expect(await secrets.read('secret:IN_SECRET', false)).toBe('from-secret');
    expect(await secrets.read('secret:IN_ENV', false)).toBe('from-env');
    expect(await secrets.read('env:NOWHERE', false)).toBeUndefined();
  });

  it('is believed for five minutes', async () => {
    const { state, secrets } = vault({ K: 'old' });
    expect(await secrets.read('secret:K', false)).toBe('old');
    state.fields = { K: 'new' };
    state.nowMs += 5 * 60_000;
    expect(await secrets.read('secret:K', false)).toBe('old');
    state.nowMs += 1;
    expect(await secrets.read('secret:K', false)).toBe('new');
    expect(state.reads).toBe(2);
  });

  it('is read anew after a provider refused it, but not more often than every five seconds', async () => {
    const { state, secrets } = vault({ K: 'old' });
    await secrets.read('secret:K', false);
    state.fields = { K: 'new' };
    state.nowMs += 4_000;
    expect(await secrets.read('secret:K', true)).toBe('old');
    state.nowMs += 2_000;
    expect(await secrets.read('secret:K', true)).toBe('new');
  });

  it('that could not be read is tried again by the next call', async () => {
    const { state, secrets } = vault({ K: 'here' });
    state.broken = true;
    await expect(secrets.read('secret:K', false)).rejects.toThrow('AccessDenied');
    state.broken = false;
    expect(await secrets.read('secret:K', false)).toBe('here');
  });

  it('in a secret that is no JSON object fails without repeating it', async () => {
    const store = { read: async () => 'sk-plain-key' };
    const secrets = new ReferencedSecrets({ environment: {}, store, secretId: 'providers', nowMs: () => 0 });
    await expect(secrets.read('secret:K', false)).rejects.toThrow(/JSON object/);
    await expect(secrets.read('secret:K', false)).rejects.not.toThrow(/sk-plain-key/);
  });
});
