import type { Subject } from '../admission/scopes.ts';
import type { Directory, Principal } from './directory.ts';

/**
 * On whose behalf a call is admitted: the principal's own holders of limits, and the end user the caller
 * names, if any, with the limits of the user record of that id or else the defaults for end users.
 * @throws GatewayError `store_unavailable`.
 */
export async function subjectOf(
  directory: Pick<Directory, 'findUser'>,
  principal: Principal,
  endUser: string | undefined,
): Promise<Subject> {
  const { key, team, user, organization, gateway, endUserDefaults } = principal;
  return {
    key,
    user,
    team,
    organization,
    gateway: gateway && { limits: gateway },
    endUser: endUser === undefined ? undefined : { id: endUser, limits: (await directory.findUser(endUser))?.limits ?? endUserDefaults },
  };
}
