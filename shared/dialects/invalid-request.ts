import type * as z from 'zod';
import { issueWords } from '../calls/issue-words.ts';
import { GatewayError } from '../errors/gateway-error.ts';

/**
 * Turns what a schema found into one `invalid_request` that names the first wrong field and says what it should be.
 * Values are never repeated: they are the caller's prompt.
 */
export function invalidRequest(error: z.ZodError): GatewayError {
  const issue = deepest(error.issues[0]);
  const param = issue === undefined ? '' : issue.path.map(String).join('.');
  const more = error.issues.length > 1 ? ` (and ${error.issues.length - 1} more)` : '';
  const where = param === '' ? 'The request body' : `'${param}'`;
  return new GatewayError('invalid_request', `${where} ${describe(issue)}${more}.`, param === '' ? {} : { param });
}

type Issue = z.core.$ZodIssue;

/** A union fails as a whole; the branch that got furthest knows better what is wrong. */
function deepest(issue: Issue | undefined): Issue | undefined {
  if (issue?.code !== 'invalid_union') return issue;
  let best: Issue | undefined;
  for (const branch of issue.errors) {
    const candidate = deepest(branch[0]);
    if (candidate !== undefined && candidate.path.length > (best?.path.length ?? 0)) best = candidate;
  }
  return best === undefined ? issue : { ...best, path: [...issue.path, ...best.path] };
}

function describe(issue: Issue | undefined): string {
  if (issue === undefined) return 'is not valid';
  const words = issueWords(issue);
  return /^(must|has|is|may)\b/.test(words) ? words : `is not valid: ${words.charAt(0).toLowerCase()}${words.slice(1)}`;
}
