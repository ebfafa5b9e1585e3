import type { ControlStore } from '../../shared/control/control-store.ts';
import type { GroupKind, GroupRecord } from '../../shared/control/group-record.ts';
import { GatewayError } from '../../shared/errors/gateway-error.ts';

/** The team, user or organisation with this id. @throws GatewayError `not_found`. */
export async function existingGroup(store: ControlStore, kind: GroupKind, id: string): Promise<GroupRecord> {
  const group = await store.findGroup(kind, id);
  if (!group) throw new GatewayError('not_found', `There is no ${kind} "${id}". GET /admin/${kind}s lists those there are.`);
  return group;
}
