import { expect, it } from 'vitest';
import { limitedTagSchema, limitedTagsOf } from '../../shared/control/tag-limits.ts';

const limits = (requests_per_minute: number) => ({ requests_per_minute });
const rules = { 'feature=search': limits(1), 'customer=*': limits(2), 'customer=acme': limits(3), 'customer=house': {} };

it('finds the limits of a tag: those of its value, else those of each of its values', () => {
  expect(limitedTagsOf(rules, { feature: 'search', customer: 'acme' })).toEqual([
    { id: 'feature=search', limits: limits(1) },
    { id: 'customer=acme', limits: limits(3) },
  ]);
  expect(limitedTagsOf(rules, { customer: 'other', feature: 'chat', centre: 'a' })).toEqual([{ id: 'customer=other', limits: limits(2) }]);
});

it('takes a value with limits of its own that are none out of those of each value', () => {
  expect(limitedTagsOf(rules, { customer: 'house' })).toEqual([{ id: 'customer=house', limits: {} }]);
});

it('finds nothing by names that every object has, nor by a name that could be read as another tag', () => {
  expect(limitedTagsOf(rules, JSON.parse('{"constructor": "*", "toString": "a", "__proto__": "x"}'))).toEqual([]);
  expect(limitedTagsOf({ 'a=b=c': limits(1) }, { 'a=b': 'c' })).toEqual([]);
  expect(limitedTagsOf(undefined, { feature: 'search' })).toEqual([]);
});

it.each(['feature=search', 'customer=*', 'cost centre=R+D 7', 'repo=a.b:c@d'])('takes %s for a tag', (tag) => {
  expect(limitedTagSchema.safeParse(tag).success).toBe(true);
});

it.each([
  'feature',
  '=search',
  'feature=',
  'fe*=search',
  'feature=se*',
  'a=b=c',
  `${'n'.repeat(65)}=a`,
  `a=${'v'.repeat(129)}`,
  'a= b',
  'a|b=c',
])('takes %s for none', (tag) => {
  expect(limitedTagSchema.safeParse(tag).success).toBe(false);
});
