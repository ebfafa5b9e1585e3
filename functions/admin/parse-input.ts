import type * as z from 'zod';
import { issueWords } from '../../shared/calls/issue-words.ts';
import { GatewayError } from '../../shared/errors/gateway-error.ts';

/**
 * Checks input against its schema.
 * @throws GatewayError `invalid_request` naming the first field that is wrong and all fields that are unknown.
 */
export function parseInput<Schema extends z.ZodType>(schema: Schema, input: unknown, what: 'body' | 'query' | 'path'): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (!issue) throw new GatewayError('invalid_request', `The ${what} is malformed.`);
  const path = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    const fields = issue.keys.map((key) => (path === '' ? key : `${path}.${key}`));
    const known = path === '' ? knownFields(schema) : [];
    const hint = known.length > 0 ? ` It takes ${known.join(', ')}.` : '';
    throw new GatewayError('invalid_request', `Unknown in the ${what}: ${fields.join(', ')}.${hint}`, { param: fields[0] ?? path });
  }
  const words = wordsOf(issue);
  const sentence = /^(must|has|is|may)\b/.test(words);
  if (path === '') throw new GatewayError('invalid_request', sentence ? `The ${what} ${words}.` : `The ${what} is wrong: ${words}.`);
  if (isMissing(issue)) throw new GatewayError('invalid_request', `${path} is missing from the ${what}.`, { param: path });
  throw new GatewayError('invalid_request', sentence ? `${path} ${words}.` : `${path}: ${words}.`, { param: path });
}

function isMissing(issue: z.core.$ZodIssue): boolean {
  return issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
}

/** What is wrong with a name in a map says the issue inside it. */
function wordsOf(issue: z.core.$ZodIssue): string {
  const inner = issue.code === 'invalid_key' ? issue.issues[0] : undefined;
  return issueWords(inner ?? issue);
}

function knownFields(schema: z.ZodType): readonly string[] {
  return 'shape' in schema && typeof schema.shape === 'object' && schema.shape !== null ? Object.keys(schema.shape) : [];
}
