import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limitsSchema } from '../../shared/admission/limits.ts';
import { matchesModelPattern } from '../../shared/admission/model-pattern.ts';
import { allScopesOf, concernsModel, ownScopesOf, scopesOf } from '../../shared/admission/scopes.ts';

const limits = limitsSchema.parse({ requests_per_minute: 5 });

describe('scopes', () => {
  it('are all that limit anything, on every level', () => {
    const scopes = scopesOf(
      {
        key: { id: 'k1', limits },
        user: { id: 'u1', limits },
        team: { id: 't1', limits },
        organization: { id: 'o1', limits },
        gateway: { limits },
        endUser: { id: 'alice', limits },
        tags: [
          { id: 'feature=search', limits },
          { id: 'free=yes', limits: {} },
        ],
      },
      ['openai/gpt-5'],
    );
    expect(scopes.map((scope) => scope.id)).toEqual([
      'key#k1',
      'user#u1',
      'team#t1',
      'organization#o1',
      'gateway#gateway',
      'end_user#team:t1:alice',
      'tag#feature=search',
    ]);
  });

  it('are the key alone where nothing is limited, and the limits it has none of', () => {
    const scopes = scopesOf({ key: { id: 'k1' }, team: { id: 't1', limits: {} }, user: { id: 'u1' } }, ['x']);
    expect(scopes).toMatchObject([{ id: 'key#k1', kind: 'key', limits: { budgets: [], requestsPerMinute: undefined } }]);
    expect(scopesOf({ key: { id: 'k1' }, team: { id: 't1', limits } }, ['x']).map(({ id }) => id)).toEqual(['key#k1', 'team#t1']);
    expect(allScopesOf('team', 't1', undefined)).toEqual([]);
  });

  it('of what the gateway calls for itself are its purpose and the limits for all traffic, and no key', () => {
    expect(ownScopesOf('mirror', limits, ['x']).map(({ id }) => id)).toEqual(['gateway#mirror', 'gateway#gateway']);
    expect(ownScopesOf('semantic-cache', undefined, ['x']).map(({ id }) => id)).toEqual(['gateway#semantic-cache']);
  });

  it('hold a scope of its own for each pattern that matches the route or a target', () => {
    const patterned = limitsSchema.parse({ per_model: { 'openai/*': limits, smart: limits, 'anthropic/*': limits, '*': {} } });
    const scopes = scopesOf({ key: { id: 'k1', limits: patterned } }, ['smart', 'openai/gpt-5']);
    expect(scopes.map((scope) => scope.id)).toEqual(['key#k1', 'key#k1|model#openai/*', 'key#k1|model#smart']);
    expect(scopes.map((scope) => concernsModel(scope, ['smart', 'anthropic/claude']))).toEqual([true, false, true]);
    expect(allScopesOf('key', 'k1', patterned)).toHaveLength(4);
    expect(allScopesOf('team', 't1', patterned)).toHaveLength(3);
  });

  it('keep end users of different tenants apart, and long names short', () => {
    const of = (team: string | undefined, name: string) =>
      scopesOf({ key: { id: 'k1' }, team: team === undefined ? undefined : { id: team }, endUser: { id: name, limits } }, []).at(-1);
    expect(new Set([of('a', 'bob')?.id, of('b', 'bob')?.id, of(undefined, 'bob')?.id]).size).toBe(3);
    const long = of('a', 'x'.repeat(5_000));
    expect(long?.id.length).toBeLessThan(100);
    expect(long?.name).toBe('x'.repeat(5_000));
  });
});

describe('the scope of a tag', () => {
  const patterned = limitsSchema.parse({ requests_per_minute: 5, per_model: { x: limits } });
  const idsOf = (tag: string) => scopesOf({ key: { id: 'k1' }, tags: [{ id: tag, limits: patterned }] }, ['x']).map(({ id }) => id);

  it('is never another’s, whatever value a caller gives', () => {
    expect(idsOf('a=b')).toEqual(['key#k1', 'tag#a=b', 'tag#a=b|model#x']);
    expect(idsOf('a=b|model#x')).not.toContain('tag#a=b|model#x');
    expect(idsOf(`a=${'b'.repeat(256)}`)[1]?.length).toBeLessThan(100);
  });

  it('is the same where it is shown as where it is counted', () => {
    for (const tag of ['a=b', 'a=b|c', `a=${'b'.repeat(100)}`]) {
      expect(allScopesOf('tag', tag, patterned).map(({ id }) => id)).toEqual(idsOf(tag).slice(1));
    }
  });
});

describe('model patterns', () => {
  it.each([
    ['*', 'openai/gpt-5', true],
    ['openai/*', 'openai/gpt-5', true],
    ['openai/*', 'azure/gpt-5', false],
    ['*/gpt-?', 'openai/gpt-5', true],
    ['*/gpt-?', 'openai/gpt-50', false],
    ['gpt.5', 'gpt-5', false],
    ['smart', 'smart', true],
    ['smart', 'Smart', false],
    ['a*b*c', 'aXbbYc', true],
    ['*', '', true],
    ['?', '', false],
  ])('%s and %s: %s', (pattern, name, matches) => {
    expect(matchesModelPattern(pattern, name)).toBe(matches);
  });

  it('match as the regular expression of the same meaning does', () => {
    const text = (letters: string[]) => fc.array(fc.constantFrom(...letters), { maxLength: 10 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(text(['a', 'b', '*', '?', '.']), text(['a', 'b', '.']), (pattern, name) => {
        const source = pattern.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.');
        expect(matchesModelPattern(pattern, name)).toBe(new RegExp(`^${source}$`).test(name));
      }),
    );
  });

  it('take no time to speak of, however they are written', () => {
    const startMs = performance.now();
    expect(matchesModelPattern('*a'.repeat(90), 'a'.repeat(180).concat('b'))).toBe(false);
    // An expression that tries every way to match takes longer than anybody waits.
    expect(performance.now() - startMs).toBeLessThan(2_000);
  });
});
