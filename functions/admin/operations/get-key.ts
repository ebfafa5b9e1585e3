import { renderKey } from '../../../shared/control/render-records.ts';
import { readStanding } from '../../../shared/control/standing.ts';
import { existingKey } from '../existing-key.ts';
import type { AdminParts, Operation } from '../operation.ts';

/** `GET /admin/keys/{id}`: a key, and in `standing` what is spent and held of its limits. */
export function getKey({ store, ledger, clock }: Pick<AdminParts, 'store' | 'ledger' | 'clock'>): Operation {
  return async (request) => {
    const key = await existingKey(store, request.params.id ?? '');
    return { status: 200, body: { ...renderKey(key), standing: await readStanding(ledger, 'key', key.id, key.limits, clock()) } };
  };
}
