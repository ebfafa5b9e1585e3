import { expect, it } from 'vitest';
import type { Standing } from '../../shared/admission/ledger.ts';
import type { Scope } from '../../shared/admission/scopes.ts';
import { renderOwnKey } from '../../shared/control/render-own-key.ts';
import { subjectOf } from '../../shared/control/subject.ts';
import { groupRecord, keyRecord } from '../support/control-records.ts';

const ledger = {
  read: async (scopes: readonly Scope[]): Promise<Standing[]> =>
    scopes.map((scope) => ({
      scope,
      budgets: [
        ...scope.limits.budgets.map((budget) => ({
          period: budget.period,
          limitNanoUsd: budget.amountNanoUsd,
          spentNanoUsd: 1_000_000,
          heldNanoUsd: 500_000,
          resetsAtMs: Date.UTC(2027, 1, 1),
        })),
        { period: 'total', limitNanoUsd: undefined, spentNanoUsd: 1_000_000, heldNanoUsd: 0, resetsAtMs: undefined },
      ],
      requests: undefined,
      tokens: undefined,
      parallel: { limit: undefined, underWay: 0 },
      shards: 1,
    })),
};

const monthly = [{ amount_usd: 1, period: 'month' as const }];
const standing = {
  spent_usd: 0.001,
  held_usd: 0,
  under_way: 0,
  budgets: [
    { period: 'month', limit_usd: 1, spent_usd: 0.001, held_usd: 0.0005, remaining_usd: 0.9985, resets_at: '2027-02-01T00:00:00.000Z' },
  ],
  requests: null,
  tokens: null,
  parallel: null,
};

it('shows a key its settings, and how it and its groups stand', async () => {
  const key = keyRecord({ team: 'growth', limits: { budgets: monthly }, expiresAtMs: 5_000 });
  const shown = await renderOwnKey({ key, team: groupRecord({ limits: { budgets: monthly } }), gateway: { budgets: monthly } }, ledger, 0);
  expect(shown).toMatchObject({ object: 'key', id: 'key_1', team: 'growth', limits: { budgets: monthly }, ...standing });
  expect(shown.expires_at).toBe('1970-01-01T00:00:05.000Z');
  expect(shown.scopes).toEqual([
    { kind: 'key', id: 'key_1', model_pattern: null, ...standing },
    { kind: 'team', id: 'growth', model_pattern: null, ...standing },
  ]);
  expect(JSON.stringify(shown)).not.toContain('hash-1');
});

it('shows a replaced secret when it ends', async () => {
  const shown = await renderOwnKey({ key: keyRecord({ expiresAtMs: 9_000 }), graceEndsAtMs: 4_000 }, ledger, 0);
  expect(shown).toMatchObject({ expires_at: '1970-01-01T00:00:04.000Z', budgets: [] });
});

it('shows a key that nothing limits what it has spent and holds', async () => {
  const shown = await renderOwnKey({ key: keyRecord(), team: groupRecord() }, ledger, 0);
  expect(shown).toMatchObject({ spent_usd: 0.001, held_usd: 0, under_way: 0, budgets: [], scopes: [{ kind: 'key', id: 'key_1' }] });
});

it('limits an end user as their record says, else as all that have none', async () => {
  const principal = { key: keyRecord(), endUserDefaults: { requests_per_minute: 1 } };
  const directory = {
    findUser: async (id: string) => (id === 'ada' ? groupRecord({ id: 'ada', limits: { requests_per_minute: 9 } }) : undefined),
  };
  expect((await subjectOf(directory, principal, { endUser: 'ada', tags: {} })).endUser).toEqual({
    id: 'ada',
    limits: { requests_per_minute: 9 },
  });
  expect((await subjectOf(directory, principal, { endUser: 'new', tags: {} })).endUser).toEqual({
    id: 'new',
    limits: { requests_per_minute: 1 },
  });
  expect((await subjectOf(directory, principal, { endUser: undefined, tags: {} })).endUser).toBeUndefined();
});
