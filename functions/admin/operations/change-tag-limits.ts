import * as z from 'zod';
import type { Limits } from '../../../shared/admission/limits.ts';
import { auditedChange } from '../../../shared/control/audited-change.ts';
import { renderTagLimits } from '../../../shared/control/render-records.ts';
import { reviseRecord } from '../../../shared/control/revised-record.ts';
import { limitedTagSchema, mostTagLimitsBytes, type TagLimits } from '../../../shared/control/tag-limits.ts';
import { GatewayError } from '../../../shared/errors/gateway-error.ts';
import { originOf } from '../change-origin.ts';
import { limitsInBody } from '../limits-body.ts';
import type { AdminParts, AdminRequest, Operation } from '../operation.ts';
import { parseInput } from '../parse-input.ts';
import { noTagLimits } from './get-tag-limits.ts';

const paramsSchema = z.object({ id: limitedTagSchema });

/**
 * `PUT /admin/tags/{id}`: sets the limits of a tag to exactly what the body says. `{}` takes the value out of those of
 * `name=*`. Calls feel it within ten seconds.
 */
export function putTagLimits(parts: AdminParts): Operation {
  return async (request) => {
    const { id } = parseInput(paramsSchema, request.params, 'path');
    const limits = limitsInBody(request.body);
    await change(parts, request, { id, action: 'tag.put', limits });
    return { status: 200, body: renderTagLimits(id, limits) };
  };
}

/** `DELETE /admin/tags/{id}`: the tag has no limits of its own any more. What was spent stays in the ledger. */
export function deleteTagLimits(parts: AdminParts): Operation {
  return async (request) => {
    const id = request.params.id ?? '';
    await change(parts, request, { id, action: 'tag.delete', limits: undefined });
    return { status: 200, body: { id, deleted: true } };
  };
}

async function change(
  parts: AdminParts,
  request: AdminRequest,
  { id, action, limits }: { readonly id: string; readonly action: string; readonly limits: Limits | undefined },
): Promise<void> {
  const { store } = parts;
  if (limits === undefined && !Object.hasOwn((await store.findTagLimits())?.tags ?? {}, id)) throw noTagLimits(id);
  const origin = originOf(request, parts);
  await auditedChange(store, origin, { action, target: id }, async () => {
    const { before } = await reviseRecord(
      () => store.findTagLimits(),
      (stored) => revised(stored, id, limits, origin.nowMs),
      (row) => store.putTagLimits(row),
    );
    const was = before?.tags[id];
    return { ...(was && { before: renderTagLimits(id, was) }), ...(limits && { after: renderTagLimits(id, limits) }) };
  });
}

function revised(stored: TagLimits | undefined, id: string, limits: Limits | undefined, nowMs: number): TagLimits {
  const { [id]: _replaced, ...others } = stored?.tags ?? {};
  const tags = limits === undefined ? others : { ...others, [id]: limits };
  if (limits !== undefined && Buffer.byteLength(JSON.stringify(tags)) > mostTagLimitsBytes) {
    throw new GatewayError(
      'invalid_request',
      'The limits of all tags together are larger than can be kept. Limit each value at once with name=*, or give a tag of many values to teams or users.',
    );
  }
  return { tags, updatedAtMs: nowMs, revision: (stored?.revision ?? 0) + 1 };
}
