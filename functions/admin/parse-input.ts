import type * as z from 'zod';
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
  if (path === '') throw new GatewayError('invalid_request', `The ${what} is wrong: ${issue.message}.`);
  throw new GatewayError('invalid_request', `${path}: ${issue.message}.`, { param: path });
}

function knownFields(schema: z.ZodType): readonly string[] {
  return 'shape' in schema && typeof schema.shape === 'object' && schema.shape !== null ? Object.keys(schema.shape) : [];
}
