import { auditedChange } from '../../../shared/control/audited-change.ts';
import { droppedHashes, rotatedKeyRecord } from '../../../shared/control/key-changes.ts';
import { makeKey } from '../../../shared/control/key-secret.ts';
import { renderKey } from '../../../shared/control/render-records.ts';
import { reviseRecord } from '../../../shared/control/revised-record.ts';
import { originOf } from '../change-origin.ts';
import { existingKey } from '../existing-key.ts';
import { rotateKeyBodySchema } from '../key-fields.ts';
import type { AdminParts, Operation } from '../operation.ts';
import { parseInput } from '../parse-input.ts';

/** `POST /admin/keys/{id}/rotate`: gives a key a new secret, shown this once; the old one is valid for `grace_seconds` more. */
export function rotateKey(parts: AdminParts): Operation {
  return async (request) => {
    const { grace_seconds } = parseInput(rotateKeyBodySchema, request.body ?? {}, 'body');
    const { id } = await existingKey(parts.store, request.params.id ?? '');
    const origin = originOf(request, parts);
    const secret = makeKey(parts.randomBytes);
    const { after } = await auditedChange(parts.store, origin, { action: 'key.rotate', target: id }, async () => {
      await parts.store.addKeyHash(secret.hash, id);
      const revised = await reviseRecord(
        () => existingKey(parts.store, id),
        (key) => rotatedKeyRecord(key, secret, grace_seconds * 1000, origin.nowMs),
        (key) => parts.store.putKey(key),
      );
      await parts.store.removeKeyHashes(droppedHashes(revised.before, revised.after));
      return { before: renderKey(revised.before), after: renderKey(revised.after) };
    });
    return { status: 200, body: { ...after, key: secret.key } };
  };
}
