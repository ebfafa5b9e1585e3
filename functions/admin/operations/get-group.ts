import type { GroupKind } from '../../../shared/control/group-record.ts';
import { renderGroup } from '../../../shared/control/render-records.ts';
import { readStanding } from '../../../shared/control/standing.ts';
import { existingGroup } from '../existing-group.ts';
import type { AdminParts, Operation } from '../operation.ts';

/** `GET /admin/teams/{id}` and its like: the record, and in `standing` what is spent and held of its limits. */
export function getGroup({ store, ledger, clock }: Pick<AdminParts, 'store' | 'ledger' | 'clock'>, kind: GroupKind): Operation {
  return async (request) => {
    const group = await existingGroup(store, kind, request.params.id ?? '');
    return { status: 200, body: { ...renderGroup(group), standing: await readStanding(ledger, kind, group.id, group.limits, clock()) } };
  };
}
