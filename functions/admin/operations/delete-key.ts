import { auditedChange } from '../../../shared/control/audited-change.ts';
import { renderKey } from '../../../shared/control/render-records.ts';
import { originOf } from '../change-origin.ts';
import { existingKey } from '../existing-key.ts';
import type { AdminParts, Operation } from '../operation.ts';

/** `DELETE /admin/keys/{id}`: revokes a key for good. Its calls are refused within ten seconds; its receipts and spend stay. */
export function deleteKey(parts: AdminParts): Operation {
  return async (request) => {
    const { id } = await existingKey(parts.store, request.params.id ?? '');
    await auditedChange(parts.store, originOf(request, parts), { action: 'key.delete', target: id }, async () => {
      const deleted = await parts.store.deleteKey(id);
      // The record is what opens: without it the hashes lead nowhere, and only take up room.
      await parts.store.removeKeyHashes(deleted?.hashes.map((entry) => entry.hash) ?? []);
      return deleted ? { before: renderKey(deleted) } : {};
    });
    return { status: 200, body: { id, deleted: true } };
  };
}
