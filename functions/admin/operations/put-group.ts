import * as z from 'zod';
import { limitsSchema } from '../../../shared/admission/limits.ts';
import { groupDefaultsSchema } from '../../../shared/config/config-defaults.ts';
import { auditedChange } from '../../../shared/control/audited-change.ts';
import { groupRecordOf } from '../../../shared/control/group-changes.ts';
import type { GroupKind } from '../../../shared/control/group-record.ts';
import { groupIdSchema, modelPatternsSchema, tagsSchema } from '../../../shared/control/record-fields.ts';
import { renderGroup } from '../../../shared/control/render-records.ts';
import { reviseRecord } from '../../../shared/control/revised-record.ts';
import { originOf } from '../change-origin.ts';
import type { AdminParts, Operation } from '../operation.ts';
import { parseInput } from '../parse-input.ts';

const bodySchema = z.strictObject({
  limits: limitsSchema.nullish(),
  models: modelPatternsSchema.nullish(),
  tags: tagsSchema.nullish(),
  defaults: groupDefaultsSchema.nullish(),
});

const paramsSchema = z.object({ id: groupIdSchema });

/** `PUT /admin/teams/{id}` and its like: makes the record say exactly what the body says. What is left out is gone. */
export function putGroup(parts: AdminParts, kind: GroupKind): Operation {
  return async (request) => {
    const { id } = parseInput(paramsSchema, request.params, 'path');
    const body = parseInput(bodySchema, request.body ?? {}, 'body');
    const settings = {
      limits: body.limits ?? undefined,
      models: body.models ?? undefined,
      tags: body.tags ?? undefined,
      defaults: body.defaults ?? undefined,
    };
    const origin = originOf(request, parts);
    const { after } = await auditedChange(parts.store, origin, { action: `${kind}.put`, target: id }, async () => {
      const revised = await reviseRecord(
        () => parts.store.findGroup(kind, id),
        (stored) => groupRecordOf(id, stored, settings, origin.nowMs),
        (group) => parts.store.putGroup(kind, group),
      );
      return { ...(revised.before && { before: renderGroup(revised.before) }), after: renderGroup(revised.after) };
    });
    return { status: 200, body: after };
  };
}
