import { createHash } from 'node:crypto';
import type { Call } from '../calls/call.ts';
import type { JsonObject, JsonValue } from '../calls/json.ts';
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
  readonly call: Pick<Call, 'dialect' | 'body' | 'forwardedHeaders' | 'forwardedQuery' | 'strict' | 'form'>;
  /** Where the call may go; the order does not matter, because any of them may answer. */
  readonly targets: readonly { readonly name: string; readonly overrides: Readonly<JsonObject> }[];
  readonly tenant: Tenant;
  readonly scope: CacheScope;
  /** The caller's `x-sluice-cache-namespace`. */
  readonly namespace: string | undefined;
  /** The caller's `x-sluice-cache-key`: stands for the body, so that the caller says what is the same question. */
  readonly callerKey: string | undefined;
  /** What the call says to each target, in their order, where that is the same whichever dialect says it: stands for dialect and body. */
  readonly wording?: readonly JsonValue[] | undefined;
  /** The space of vectors that a question without its last words stands for: what else tells one space from another. */
  readonly space?: Readonly<JsonObject>;
}

/** The cache key of a question: SHA-256 in lower-case hex over canonical JSON. */
export function cacheKey(question: Question): string {
  const { namespace } = question;
  const wording = question.callerKey === undefined ? question.wording : undefined;
  const targets = question.targets
    .map(({ name, overrides }, at) =>
      canonicalJson({ name, overrides: { ...overrides }, ...(wording && { wording: wording[at] ?? null }) }),
    )
    .sort();
  return sha256(
    canonicalJson({
      version: keyVersion,
      targets,
      tenant: tenantOf(question),
      namespace: namespace ?? null,
      ...(question.space !== undefined && { space: { ...question.space } }),
      ...(wording === undefined && askedIn(question)),
    }),
  );
}

/** What is asked, in the words of a dialect. */
function askedIn({ call, callerKey }: Question): JsonObject {
  return {
    dialect: call.dialect,
    headers: { ...call.forwardedHeaders },
    query: { ...call.forwardedQuery },
    // A strict call is refused where another's fields would be dropped.
    strict: call.strict === true,
    ...(callerKey === undefined ? { body: meaningOf(call) } : { callerKey }),
  };
}

/** The digest of a whole request: equal only where nothing differs but the order of members and the boundary of a form. */
export function requestDigest(call: Pick<Call, 'dialect' | 'model' | 'body' | 'stream' | 'form'>, text: string | undefined): string {
  const { dialect, model, stream } = call;
  return sha256(
    canonicalJson({ dialect, model, stream, body: text === undefined ? call.body : JSON.parse(text), form: partsOf(call, []) }),
  );
}

/** The body without what does not bear on the answer. */
function meaningOf(call: Pick<Call, 'dialect' | 'body' | 'form'>): JsonObject {
  const fields = transportFields[call.dialect];
  if (call.form !== undefined) return { form: partsOf(call, fields) };
  const body: JsonObject = { ...call.body };
  for (const field of fields) delete body[field];
  return body;
}

/** The parts of a form, files by their digests. */
function partsOf({ form }: Pick<Call, 'form'>, without: readonly string[]): JsonObject[] {
  const parts = form?.parts.filter(({ name }) => !without.includes(name)) ?? [];
  return parts.map(({ name, filename, mediaType, value }) => ({
    name,
    filename: filename ?? null,
    mediaType: mediaType ?? null,
    value: sha256(value),
  }));
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

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
