import type * as z from 'zod';

type Issue = z.core.$ZodIssue;

/**
 * What is wrong with a value, as the rest of a sentence that begins with its name: `must be a number, not a string`.
 * Says what to write instead of what a parser expected; values are never repeated, for they may be a prompt or a secret.
 * A schema's own message stays as it is.
 */
export function issueWords(issue: Issue): string {
  if (!/^(Invalid|Too (small|big)|Unrecognized)\b/.test(issue.message)) return issue.message;
  switch (issue.code) {
    case 'invalid_type':
      return typeWords(issue.expected, /received (\w+)$/.exec(issue.message)?.[1]);
    case 'invalid_value':
      return `must be ${oneOf(issue.values)}`;
    case 'too_small':
      return boundWords(issue.origin, issue.inclusive === false ? 'above' : 'at least', issue.minimum);
    case 'too_big':
      return boundWords(issue.origin, issue.inclusive === false ? 'below' : 'at most', issue.maximum);
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    case 'unrecognized_keys':
      return `has unknown fields: ${issue.keys.join(', ')}`;
    case 'invalid_format':
      return issue.format === 'regex' ? `must match ${issue.pattern}` : `must be a valid ${formats[issue.format] ?? issue.format}`;
    case 'invalid_union':
      return 'options' in issue && issue.options ? `must be ${oneOf(issue.options)}` : 'has none of the forms it may have';
    default:
      return `is not valid: ${issue.message.charAt(0).toLowerCase()}${issue.message.slice(1)}`;
  }
}

const kinds: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  nan: 'a number',
  NaN: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'an array',
  tuple: 'an array',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

const formats: Readonly<Record<string, string>> = { url: 'URL', datetime: 'time (ISO 8601)', date: 'date', email: 'email address' };

function typeWords(expected: string, received: string | undefined): string {
  const wanted = `must be ${kinds[expected] ?? expected}`;
  if (received === 'undefined') return `is missing; it ${wanted}`;
  const given = kinds[received ?? ''];
  // Of a number with a fraction it helps nobody that it is a number.
  if (given === undefined || received === 'NaN' || (expected === 'int' && received === 'number')) return wanted;
  return `${wanted}, not ${received === 'boolean' ? 'a boolean' : given}`;
}

function boundWords(origin: string, bound: string, limit: number | bigint): string {
  if (origin === 'string') return limit === 1 && bound === 'at least' ? 'must not be empty' : `must have ${bound} ${limit} characters`;
  if (origin === 'array' || origin === 'set')
    return limit === 1 && bound === 'at least' ? 'must not be empty' : `must hold ${bound} ${limit}`;
  return `must be ${bound} ${limit}`;
}

function oneOf(values: readonly unknown[]): string {
  const written = values.map((value) => JSON.stringify(value) ?? String(value));
  return written.length === 1 ? (written[0] ?? '') : `one of ${written.join(', ')}`;
}
