import { GatewayError } from '../../../shared/errors/gateway-error.ts';
import { renderCallRecord } from '../../../shared/telemetry/render-call-record.ts';
import type { Operation } from '../operation.ts';
import type { RecordParts } from './list-requests.ts';

/** `GET /admin/requests/{id}`: the record of one call. */
export function getRequest({ records, payloads }: Pick<RecordParts, 'records' | 'payloads'>): Operation {
  return async ({ params }) => {
    const record = await records.find(params.id ?? '');
    if (record !== undefined) return { status: 200, body: { ...renderCallRecord(record), payload: await payloadOf(record.id, payloads) } };
    throw new GatewayError(
      'not_found',
      `There is no record of a call '${params.id}'. It may be under way still, or older than records are kept.`,
    );
  };
}

/** What was said, where it was kept; null where not. */
export async function payloadOf(id: string, payloads: RecordParts['payloads']) {
  const payload = await payloads?.get(id);
  return payload === undefined ? null : { request: payload.request, response: payload.response ?? null };
}
