import { auditedChange } from '../../../shared/control/audited-change.ts';
import { newKeyRecord } from '../../../shared/control/key-changes.ts';
import { makeKey } from '../../../shared/control/key-secret.ts';
import { renderKey } from '../../../shared/control/render-records.ts';
import { sortableId } from '../../../shared/control/sortable-id.ts';
import { GatewayError } from '../../../shared/errors/gateway-error.ts';
import { originOf } from '../change-origin.ts';
import { createKeyBodySchema } from '../key-fields.ts';
import type { AdminParts, Operation } from '../operation.ts';
import { parseInput } from '../parse-input.ts';

/** `POST /admin/keys`: makes a key and shows its secret, this once. */
export function createKey(parts: AdminParts): Operation {
  return async (request) => {
    const { expires_at, ...body } = parseInput(createKeyBodySchema, request.body ?? {}, 'body');
    const origin = originOf(request, parts);
    const id = sortableId('key_', origin.nowMs, parts.randomBytes);
    const secret = makeKey(parts.randomBytes);
    const settings = {
      name: body.name,
      disabled: body.disabled,
      team: body.team ?? undefined,
      user: body.user ?? undefined,
      organization: body.organization ?? undefined,
      models: body.models ?? undefined,
      limits: body.limits ?? undefined,
      defaults: body.defaults ?? undefined,
      tags: body.tags ?? undefined,
      expiresAtMs: expires_at ?? undefined,
    };
    const record = newKeyRecord(id, settings, secret, origin.nowMs);
    await auditedChange(parts.store, origin, { action: 'key.create', target: id }, async () => {
      await parts.store.addKeyHash(secret.hash, id);
      // A first write whose reply was lost is met again by the client's own retry: then what is there is ours.
      if (!(await parts.store.putKey(record)) && (await parts.store.findKey(id))?.hashes[0]?.hash !== secret.hash) {
        throw new GatewayError('conflict', 'Another key has this id. Repeat the request.');
      }
      return { after: renderKey(record) };
    });
    return { status: 201, body: { ...renderKey(record), key: secret.key } };
  };
}
