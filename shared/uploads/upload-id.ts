import { randomBytes } from 'node:crypto';
import { sortableId, timeOfSortableId } from '../control/sortable-id.ts';
import { GatewayError } from '../errors/gateway-error.ts';

const prefix = 'upload_';
/** What `sortableId` makes of the prefix. */
const sortableLength = prefix.length + 16;
const form = /^upload_[0-9a-hjkmnp-tv-z]{16}[0-9a-f]{32}$/;

/** An upload can be used for so long; its bucket or folder forgets it after that. */
export const uploadLifeMs = 24 * 3_600_000;

/** An id that nobody can guess (163 random bits), and from which the time it was made can be read. */
export function newUploadId(nowMs: number): string {
  return `${sortableId(prefix, Math.floor(nowMs), randomBytes)}${randomBytes(16).toString('hex')}`;
}

/** Whether a text has the form of an upload's id: nothing else becomes part of a path. */
export function isUploadId(text: string): boolean {
  return form.test(text);
}

/**
 * Refuses what cannot be the id of an upload that is still kept.
 * @param param what the caller named it by.
 * @throws GatewayError `invalid_request` for another form, `not_found` for an upload whose day is over.
 */
export function checkUploadId(id: string, param: string, nowMs: number): void {
  const madeAtMs = isUploadId(id) ? timeOfSortableId(prefix, id.slice(0, sortableLength)) : undefined;
  if (madeAtMs === undefined) {
    throw new GatewayError(
      'invalid_request',
      `${param} must name an upload by the id that POST /v1/uploads answered, such as upload_06f….`,
      { param },
    );
  }
  if (madeAtMs + uploadLifeMs <= nowMs) {
    throw new GatewayError(
      'not_found',
      'This upload has expired: uploads are kept for a day. Upload the body again with POST /v1/uploads.',
      {
        param,
      },
    );
  }
}
