import { expect, it } from 'vitest';
import * as z from 'zod';
import { issueWords } from '../../shared/calls/issue-words.ts';

function wordsOf(schema: z.ZodType, value: unknown): string | undefined {
  const [issue] = schema.safeParse(value).error?.issues ?? [];
  return issue && issueWords(issue);
}

it.each<[string, z.ZodType, unknown]>([
  ['must be a number, not a string', z.number(), '5'],
  ['must be a number, not null', z.number(), null],
  ['must be a number', z.number(), Number.NaN],
  ['must be a whole number', z.int(), 1.5],
  ['must be true or false, not a string', z.boolean(), 'yes'],
  ['must be a string, not a boolean', z.string(), true],
  ['must be an array, not an object', z.array(z.string()), {}],
  ['must be an object, not an array', z.object({}), []],
  ['is missing; it must be a string', z.string(), undefined],
  ['must be at least 0', z.number().min(0), -1],
  ['must be above 0', z.int().positive(), 0],
  ['must be at most 2', z.number().max(2), 3],
  ['must be below 2', z.number().lt(2), 3],
  ['must not be empty', z.string().min(1), ''],
  ['must have at most 2 characters', z.string().max(2), 'abc'],
  ['must not be empty', z.array(z.string()).min(1), []],
  ['must hold at most 1', z.array(z.string()).max(1), ['a', 'b']],
  ['must be "x"', z.literal('x'), 'y'],
  ['must be one of "a", "b"', z.enum(['a', 'b']), 'c'],
  ['must be one of "text", "image"', z.discriminatedUnion('type', [z.object({ type: z.enum(['text', 'image']) })]), { type: 'film' }],
  ['has none of the forms it may have', z.union([z.string(), z.number()]), {}],
  ['must be a multiple of 2', z.number().multipleOf(2), 3],
  ['must be a valid URL', z.url(), 'nowhere'],
  ['must match /^x/', z.string().regex(/^x/), 'y'],
  ['has unknown fields: tmperature, x', z.strictObject({}), { tmperature: 1, x: 2 }],
  ['must be the name of a route', z.string({ error: 'must be the name of a route' }), 5],
  ['Names are lower case', z.string().refine(() => false, 'Names are lower case'), 'A'],
])('says that a value %s', (words, schema, value) => {
  expect(wordsOf(schema, value)).toBe(words);
});

it('never repeats a value', () => {
  expect(wordsOf(z.strictObject({ model: z.enum(['a']) }), { model: 'a secret prompt' })).not.toContain('secret');
});
