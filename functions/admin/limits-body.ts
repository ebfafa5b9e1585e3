import { type Limits, limitsSchema } from '../../shared/admission/limits.ts';
import { parseInput } from './parse-input.ts';

/**
 * Limits as a body gives them: themselves, or wrapped as they are on a key, `{"limits": {…}}`.
 * @throws GatewayError `invalid_request`.
 */
export function limitsInBody(body: unknown): Limits {
  const wrapped = typeof body === 'object' && body !== null && 'limits' in body && Object.keys(body).length === 1;
  return parseInput(limitsSchema, (wrapped ? body.limits : body) ?? {}, 'body');
}
