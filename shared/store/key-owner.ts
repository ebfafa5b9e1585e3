import { tagsOfCall } from '../control/call-tags.ts';
import type { ControlStore } from '../control/control-store.ts';
import type { CallRecord } from '../telemetry/call-record.ts';
import { DynamoControlStore } from './control-store-dynamo.ts';
import { ControlTable } from './control-table.ts';
import type { DynamoDb } from './dynamo-client.ts';

/** What a key says of the calls that are made with it. */
export type KeyOwner = Pick<CallRecord, 'team' | 'user' | 'organization' | 'tags'>;

/**
 * Finds out whose a key is, for the record of a call whose process died before it could say so. Nothing for a key that is
 * deleted meanwhile.
 * @throws GatewayError `store_unavailable`.
 */
export function keyOwners(db: DynamoDb, controlTable: string): (keyId: string) => Promise<KeyOwner> {
  const store: Pick<ControlStore, 'findKey' | 'findGroup'> = new DynamoControlStore(new ControlTable(db, controlTable));
  return async (keyId) => {
    const key = await store.findKey(keyId);
    if (key === undefined) return {};
    const { team, user, organization } = key;
    const [teamRecord, userRecord, organizationRecord] = await Promise.all([
      team === undefined ? undefined : store.findGroup('team', team),
      user === undefined ? undefined : store.findGroup('user', user),
      organization === undefined ? undefined : store.findGroup('organization', organization),
    ]);
    const tags = tagsOfCall({ key, team: teamRecord, user: userRecord, organization: organizationRecord });
    return {
      ...(team !== undefined && { team }),
      ...(user !== undefined && { user }),
      ...(organization !== undefined && { organization }),
      ...(Object.keys(tags).length > 0 && { tags }),
    };
  };
}
