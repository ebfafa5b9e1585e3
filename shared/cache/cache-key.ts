import { createHash } from 'node:crypto';
import type { Call } from '../calls/call.ts';
import type { JsonObject } from '../calls/json.ts';
import type { CacheScope } from './cache-settings.ts';
import { canonicalJson } from './canonical-json.ts';
import { transportFields } from './transport-fields.ts';

/** Counts changes of what a key is made of: an older version's entries are not found by a newer one. */
const keyVersion = 1;

/** Whose answers a call may share. */
export interface Tenant {
  readonly key: string;
  readonly team: string | undefined;
  readonly organization: string | undefined;
}

/** Everything that determines an answer. */
export interface Question {
  readonly call: Pick<Call, 'dialect' | 'body' | 'forwardedHeaders'>;
  /** Where the call may go; the order does not matter, because any of them may answer. */
  readonly targets: readonly { readonly name: string; readonly overrides: Readonly<JsonObject> }[];
  readonly tenant: Tenant;
  readonly scope: CacheScope;
  /** The caller's `x-sluice-cache-namespace`. */
  readonly namespace: string | undefined;
  /** The caller's `x-sluice-cache-key`: stands for the body, so that the caller says what is the same question. */
  readonly callerKey: string | undefined;
}

/** The cache key of a question: SHA-256 in lower-case hex over canonical JSON. */
export function cacheKey(question: Question): string {
  const { call, namespace, callerKey } = question;
  const targets = question.targets.map(({ name, overrides }) => canonicalJson({ name, overrides: { ...overrides } })).sort();
  return sha256(
    canonicalJson({
      version: keyVersion,
      dialect: call.dialect,
      targets,
      tenant: tenantOf(question),
      namespace: namespace ?? null,
      headers: { ...call.forwardedHeaders },
      ...(callerKey === undefined ? { body: meaningOf(call) } : { callerKey }),
    }),
  );
}

/** The digest of a whole request: equal only where nothing differs but the order of members. */
export function requestDigest(call: Pick<Call, 'dialect' | 'model' | 'body' | 'stream'>): string {
  return sha256(canonicalJson({ dialect: call.dialect, model: call.model, stream: call.stream, body: call.body }));
}

/** The body without what does not bear on the answer. */
function meaningOf(call: Pick<Call, 'dialect' | 'body'>): JsonObject {
  const body: JsonObject = { ...call.body };
  for (const field of transportFields[call.dialect]) delete body[field];
  return body;
}

/**
 * A key without a team stands for itself, whatever wider scope is set. A caller's own key is never shared past the team:
 * it says nothing of the prompt, so that a stranger could put any answer under it.
 */
function tenantOf({ tenant, scope, callerKey }: Question): string {
  const own = `key:${tenant.key}`;
  const team = tenant.team === undefined ? own : `team:${tenant.team}`;
  if (scope === 'key') return own;
  if (scope === 'team' || callerKey !== undefined) return team;
  if (scope === 'gateway') return 'gateway';
  return tenant.organization === undefined ? team : `organization:${tenant.organization}`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
