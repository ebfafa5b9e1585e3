import type { Standing } from '../admission/ledger.ts';
import { allScopesOf } from '../admission/scopes.ts';
import { tagsOfCall } from './call-tags.ts';
import type { Principal } from './directory.ts';
import { isoTime, renderKeySettings } from './render-records.ts';
import { type LedgerReader, nothingCounted, renderStanding } from './standing.ts';
import { limitedTagsOf } from './tag-limits.ts';

/**
 * What a key may know about itself (`GET /v1/key`): its own settings, and how it and everything it counts
 * against stands, tags that its calls bear in any case included. Of its groups it sees the limits, not who else is in them; of the gateway's own limits
 * nothing, for those are other tenants' traffic.
 * @throws GatewayError `store_unavailable`.
 */
export async function renderOwnKey(principal: Principal, ledger: LedgerReader, nowMs: number) {
  const { key, team, user, organization, tagLimits } = principal;
  const scopes = [
    ...allScopesOf('key', key.id, key.limits),
    ...(team ? allScopesOf('team', team.id, team.limits) : []),
    ...(user ? allScopesOf('user', user.id, user.limits) : []),
    ...(organization ? allScopesOf('organization', organization.id, organization.limits) : []),
    ...limitedTagsOf(tagLimits, tagsOfCall(principal)).flatMap((tag) => allScopesOf('tag', tag.id, tag.limits)),
  ];
  const standings = await ledger.read(scopes, nowMs);
  const own = standings.find((standing) => standing.scope.kind === 'key' && standing.scope.modelPattern === undefined);
  return {
    object: 'key',
    ...renderKeySettings(key),
    expires_at: isoTime(earliest(key.expiresAtMs, principal.graceEndsAtMs)),
    ...(own ? renderStanding(own) : nothingCounted),
    scopes: standings.map(renderScopeStanding),
  };
}

function renderScopeStanding(standing: Standing) {
  const { kind, name, modelPattern } = standing.scope;
  return { kind, id: name, model_pattern: modelPattern ?? null, ...renderStanding(standing) };
}

function earliest(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.min(one, other);
}
