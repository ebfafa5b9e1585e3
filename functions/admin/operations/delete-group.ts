import { auditedChange } from '../../../shared/control/audited-change.ts';
import type { ControlStore } from '../../../shared/control/control-store.ts';
import type { GroupKind } from '../../../shared/control/group-record.ts';
import { filteredPage } from '../../../shared/control/page.ts';
import { renderGroup } from '../../../shared/control/render-records.ts';
import { GatewayError } from '../../../shared/errors/gateway-error.ts';
import { originOf } from '../change-origin.ts';
import { existingGroup } from '../existing-group.ts';
import type { AdminParts, Operation } from '../operation.ts';

/**
 * `DELETE /admin/teams/{id}` and its like. Refused while a key still belongs to it: the key would go on
 * working with the limits gone. What was spent stays in the ledger, so that deleting and making anew
 * refills no budget.
 */
export function deleteGroup(parts: AdminParts, kind: GroupKind): Operation {
  return async (request) => {
    const { id } = await existingGroup(parts.store, kind, request.params.id ?? '');
    await refuseWhileKeysBelong(parts.store, kind, id);
    await auditedChange(parts.store, originOf(request, parts), { action: `${kind}.delete`, target: id }, async () => {
      const deleted = await parts.store.deleteGroup(kind, id);
      return deleted ? { before: renderGroup(deleted) } : {};
    });
    return { status: 200, body: { id, deleted: true } };
  };
}

async function refuseWhileKeysBelong(store: ControlStore, kind: GroupKind, id: string): Promise<void> {
  const { items } = await filteredPage(
    { limit: 1 },
    (page) => store.listKeys(page),
    (key) => key[kind] === id,
    (key) => key.id,
  );
  const [key] = items;
  if (!key) return;
  throw new GatewayError(
    'conflict',
    `Keys still belong to ${kind} "${id}", such as ${key.id} (${key.name}); without it they would run without its limits. Delete or move them first.`,
    { details: { key: key.id } },
  );
}
