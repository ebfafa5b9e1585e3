import { expect, it } from 'vitest';
import { bySpecificity, matchesPattern } from '../../shared/pricing/model-pattern.ts';

it.each([
  ['vllm/*', 'vllm/org/model', true],
  ['vllm/*', 'vllm', false],
  ['*', '', true],
  ['a*a', 'a', false],
  ['a*a', 'aa', true],
  ['*b*', 'abc', true],
  ['a*b*b', 'ab', false],
  ['a*b*c', 'aXbYc', true],
  ['a.c', 'abc', false],
  ['GPT-4o', 'gpt-4O', true],
])('%s matches %s: %s', (pattern, name, matches) => {
  expect(matchesPattern(pattern, name)).toBe(matches);
});

it('orders exact names before patterns and longer patterns before shorter ones', () => {
  expect(['*', 'a/*', 'a/bc', 'a/b*', 'a/b'].sort(bySpecificity)).toEqual(['a/bc', 'a/b', 'a/b*', 'a/*', '*']);
});
