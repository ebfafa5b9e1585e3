import type { SharedLimitsName } from '../../../shared/control/group-record.ts';
import { renderSharedLimits } from '../../../shared/control/render-records.ts';
import { readStanding } from '../../../shared/control/standing.ts';
import type { AdminParts, Operation } from '../operation.ts';

/** `GET /admin/limits/gateway` and `/admin/limits/end-users`: the limits; for the gateway also how they stand. */
export function getSharedLimits(
  { store, ledger, clock }: Pick<AdminParts, 'store' | 'ledger' | 'clock'>,
  name: SharedLimitsName,
): Operation {
  return async () => {
    const row = await store.findSharedLimits(name);
    if (name === 'end-users') return { status: 200, body: renderSharedLimits(row) };
    const standing = await readStanding(ledger, 'gateway', 'gateway', row?.limits, clock());
    return { status: 200, body: { ...renderSharedLimits(row), standing } };
  };
}
