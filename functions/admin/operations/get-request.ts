import { GatewayError } from '../../../shared/errors/gateway-error.ts';
import { renderCallRecord } from '../../../shared/telemetry/render-call-record.ts';
import type { Operation } from '../operation.ts';
import type { RecordParts } from './list-requests.ts';

/** `GET /admin/requests/{id}`: the record of one call. */
export function getRequest({ records }: Pick<RecordParts, 'records'>): Operation {
  return async ({ params }) => {
    const record = await records.find(params.id ?? '');
    if (record !== undefined) return { status: 200, body: renderCallRecord(record) };
    throw new GatewayError(
      'not_found',
      `There is no record of a call '${params.id}'. It may be under way still, or older than records are kept.`,
    );
  };
}
