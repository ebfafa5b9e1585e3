import type { Subject } from '../admission/scopes.ts';
import { tagsOfCall } from './call-tags.ts';
import type { Directory, Principal } from './directory.ts';
import { limitedTagsOf } from './tag-limits.ts';

/** What the caller says of whom and what a call is for. */
export interface Said {
  readonly endUser: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

/**
 * On whose behalf a call is admitted: the principal's own holders of limits; the end user the caller names, if any, with
 * the limits of the user record of that id or else the defaults for end users; and those of its tags that are limited.
 * @throws GatewayError `store_unavailable`.
 */
export async function subjectOf(directory: Pick<Directory, 'findUser'>, principal: Principal, said: Said): Promise<Subject> {
  const { key, team, user, organization, gateway, endUserDefaults, tagLimits } = principal;
  const { endUser } = said;
  return {
    key,
    user,
    // A team without a record limits nothing, and tells its end users apart from those of others all the same.
    team: team ?? (key.team === undefined ? undefined : { id: key.team }),
    organization,
    gateway: gateway && { limits: gateway },
    endUser: endUser === undefined ? undefined : { id: endUser, limits: (await directory.findUser(endUser))?.limits ?? endUserDefaults },
    tags: limitedTagsOf(tagLimits, tagsOfCall(principal, said.tags)),
  };
}
