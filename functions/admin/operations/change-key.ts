import { auditedChange } from '../../../shared/control/audited-change.ts';
import { changedKeyRecord } from '../../../shared/control/key-changes.ts';
import { renderKey } from '../../../shared/control/render-records.ts';
import { reviseRecord } from '../../../shared/control/revised-record.ts';
import { originOf } from '../change-origin.ts';
import { existingKey } from '../existing-key.ts';
import { changeKeyBodySchema } from '../key-fields.ts';
import type { AdminParts, Operation } from '../operation.ts';
import { parseInput } from '../parse-input.ts';

/** `PATCH /admin/keys/{id}`: changes settings of a key. Calls feel it within ten seconds. */
export function changeKey(parts: AdminParts): Operation {
  return async (request) => {
    const { expires_at, ...change } = parseInput(changeKeyBodySchema, request.body ?? {}, 'body');
    const { id } = await existingKey(parts.store, request.params.id ?? '');
    const origin = originOf(request, parts);
    const { after } = await auditedChange(parts.store, origin, { action: 'key.change', target: id }, async () => {
      const revised = await reviseRecord(
        () => existingKey(parts.store, id),
        (key) => changedKeyRecord(key, { ...change, expiresAtMs: expires_at }, origin.nowMs),
        (key) => parts.store.putKey(key),
      );
      return { before: renderKey(revised.before), after: renderKey(revised.after) };
    });
    return { status: 200, body: after };
  };
}
