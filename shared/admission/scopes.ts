import { createHash } from 'node:crypto';
import { type Limits, limitsAnything, type ModelLimits, type ScopeLimits, scopeLimitsOf } from './limits.ts';
import { matchesModelPattern } from './model-pattern.ts';

/**
 * What can carry limits. `end_user` is a user named by the caller, not one of ours; `tag` is one value of a tag, whoever's
 * calls bear it; `target` is a place calls are sent to.
 */
export type ScopeKind = 'key' | 'user' | 'team' | 'organization' | 'gateway' | 'end_user' | 'tag' | 'target';

/** Something with limits that a call is counted against: its id names the ledger item. */
export interface Scope {
  /** Such as `team#research`, or `key#k_1|model#openai/*` for the limits of one model pattern. */
  readonly id: string;
  readonly kind: ScopeKind;
  /** The id of the key, team, …, as the operator knows it; for the gateway `gateway`. */
  readonly name: string;
  /** The model pattern, when these limits are for some models only. */
  readonly modelPattern: string | undefined;
  readonly limits: ScopeLimits;
}

/** A holder of limits: an id and what the operator set on it. */
export interface LimitHolder {
  readonly id: string;
  readonly limits?: Limits | undefined;
}

/** On whose behalf a call is made, as authentication found out. */
export interface Subject {
  /** Every call is counted against its key, whether anything limits it or not. */
  readonly key: LimitHolder;
  readonly user?: LimitHolder | undefined;
  readonly team?: LimitHolder | undefined;
  readonly organization?: LimitHolder | undefined;
  /** The limits for all traffic. */
  readonly gateway?: { readonly limits?: Limits | undefined } | undefined;
  /**
   * The user named by the caller, with the limits set for them or else the defaults for end users
   * never seen before: a ledger item needs no preparation, so their first call is as strict as any other.
   */
  readonly endUser?: LimitHolder | undefined;
  /** Tags of the call that carry limits, each by `name=value`. */
  readonly tags?: readonly LimitHolder[] | undefined;
}

/** One object for all, so that what it is translated into is made once. */
const noLimits: Limits = {};

/** Longer names given by callers are replaced by their hash: a DynamoDB key has at most 2,048 bytes, and size is money. */
const longestNameInId = 64;

/**
 * All scopes a call is counted against: its key in any case, each other holder that limits anything, and each of their
 * model patterns that matches one of `models` (the name the caller asked for and `provider/model` of every target that
 * may serve it, so that no failover escapes a limit).
 *
 * The key is there even where nothing limits it: what a call holds on it is the trace that the call leaves when its
 * process is killed. Other scopes that limit nothing are left out: they need no write on the way of a call, and what
 * they spend is in the usage roll-ups.
 */
export function scopesOf(subject: Subject, models: readonly string[]): Scope[] {
  const scopes: Scope[] = [];
  add(scopes, 'key', subject.key.id, subject.key.id, subject.key.limits, models);
  if (subject.user) add(scopes, 'user', subject.user.id, subject.user.id, subject.user.limits, models);
  if (subject.team) add(scopes, 'team', subject.team.id, subject.team.id, subject.team.limits, models);
  if (subject.organization) {
    add(scopes, 'organization', subject.organization.id, subject.organization.id, subject.organization.limits, models);
  }
  if (subject.gateway) add(scopes, 'gateway', 'gateway', 'gateway', subject.gateway.limits, models);
  if (subject.endUser) {
    // Two tenants may both have a user "alice"; they are not the same person.
    const tenant = subject.team ? `team:${subject.team.id}` : `key:${subject.key.id}`;
    add(scopes, 'end_user', subject.endUser.id, `${tenant}:${shortened(subject.endUser.id)}`, subject.endUser.limits, models);
  }
  for (const tag of subject.tags ?? []) add(scopes, 'tag', tag.id, ledgerIdOf('tag', tag.id), tag.limits, models);
  return scopes;
}

/**
 * The scopes of a call that the gateway makes of its own accord, for the operator and at nobody's key: what it is for, so
 * that it leaves a trace when its process is killed, and the limits for all traffic.
 */
export function ownScopesOf(purpose: 'mirror' | 'semantic-cache', gateway: Limits | undefined, models: readonly string[]): Scope[] {
  const scopes = [scopeOf('gateway', purpose, purpose, undefined, noLimits)];
  add(scopes, 'gateway', 'gateway', 'gateway', gateway, models);
  return scopes;
}

/** The scopes of a holder whatever the model, for showing how they stand: the holder itself and each of its model patterns. */
export function allScopesOf(kind: ScopeKind, id: string, limits: Limits | undefined): Scope[] {
  const ledgerId = ledgerIdOf(kind, id);
  const scopes = [scopeOf(kind, id, ledgerId, undefined, limits ?? noLimits)];
  for (const [pattern, modelLimits] of Object.entries(limits?.per_model ?? {})) {
    scopes.push(scopeOf(kind, id, ledgerId, pattern, modelLimits));
  }
  return scopes.filter(isCounted);
}

/** Whether calls are counted against a scope: where it limits anything, and against a key always. */
function isCounted({ kind, modelPattern, limits }: Scope): boolean {
  return limitsAnything(limits) || (kind === 'key' && modelPattern === undefined);
}

/** The scope of a target's own limits, shared by all routes that lead to it; undefined where they limit nothing. */
export function targetScope(target: string, limits: ModelLimits): Scope | undefined {
  const scope = scopeOf('target', target, shortened(target), undefined, limits);
  return limitsAnything(scope.limits) ? scope : undefined;
}

/** Whether a call served by `model` is of the scope's business; limits without a pattern are everybody's business. */
export function concernsModel(scope: Scope, models: readonly string[]): boolean {
  const { modelPattern } = scope;
  return modelPattern === undefined || models.some((model) => matchesModelPattern(modelPattern, model));
}

function add(scopes: Scope[], kind: ScopeKind, name: string, id: string, limits: Limits | undefined, models: readonly string[]): void {
  const whole = scopeOf(kind, name, id, undefined, limits ?? noLimits);
  if (isCounted(whole)) scopes.push(whole);
  if (!limits?.per_model) return;
  for (const [pattern, modelLimits] of Object.entries(limits.per_model)) {
    const scope = scopeOf(kind, name, id, pattern, modelLimits);
    if (limitsAnything(scope.limits) && concernsModel(scope, models)) scopes.push(scope);
  }
}

function scopeOf(kind: ScopeKind, name: string, id: string, modelPattern: string | undefined, limits: ModelLimits): Scope {
  const owner = `${kind}#${id}`;
  return {
    id: modelPattern === undefined ? owner : `${owner}|model#${shortened(modelPattern)}`,
    kind,
    name,
    modelPattern,
    limits: scopeLimitsOf(limits),
  };
}

/** Callers give the values of tags, and none of theirs may be read as another tag's limits for some models. */
function ledgerIdOf(kind: ScopeKind, name: string): string {
  if (kind !== 'tag') return name;
  return /[|#]/.test(name) ? hashed(name) : shortened(name);
}

function shortened(name: string): string {
  return name.length <= longestNameInId ? name : hashed(name);
}

function hashed(name: string): string {
  return `sha256:${createHash('sha256').update(name).digest('base64url')}`;
}
