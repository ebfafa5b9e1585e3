import { auditedChange } from '../../../shared/control/audited-change.ts';
import { sharedLimitsOf } from '../../../shared/control/group-changes.ts';
import type { SharedLimitsName } from '../../../shared/control/group-record.ts';
import { renderSharedLimits } from '../../../shared/control/render-records.ts';
import { reviseRecord } from '../../../shared/control/revised-record.ts';
import { originOf } from '../change-origin.ts';
import { limitsInBody } from '../limits-body.ts';
import type { AdminParts, Operation } from '../operation.ts';

/**
 * `PUT /admin/limits/gateway` and `/admin/limits/end-users`: sets the limits to exactly what the body says;
 * `{}` lifts them all. Calls feel it within ten seconds.
 */
export function putSharedLimits(parts: AdminParts, name: SharedLimitsName): Operation {
  return async (request) => {
    const limits = limitsInBody(request.body);
    const origin = originOf(request, parts);
    const { after } = await auditedChange(parts.store, origin, { action: 'limits.put', target: name }, async () => {
      const revised = await reviseRecord(
        () => parts.store.findSharedLimits(name),
        (stored) => sharedLimitsOf(stored, limits, origin.nowMs),
        (row) => parts.store.putSharedLimits(name, row),
      );
      return { before: renderSharedLimits(revised.before), after: renderSharedLimits(revised.after) };
    });
    return { status: 200, body: after };
  };
}
