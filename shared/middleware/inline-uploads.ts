import { GatewayError } from '../errors/gateway-error.ts';
import { uploadTooLarge } from '../errors/too-large.ts';
import { type InlineMedia, referencePrefix, uploadsNamedIn, withUploads } from '../uploads/upload-references.ts';
import type { Exchange } from './exchange.ts';
import { readJsonBody } from './http-request.ts';
import { readUpload, type UploadParts } from './read-upload.ts';

/** More uploads than this in one request are nobody's prompt. */
const mostUploads = 32;

/**
 * Puts what was uploaded in the place of every `sluice-upload:<id>` in a JSON body, so that images and files are uploaded
 * once and named in many calls.
 */
export async function inlineUploads(exchange: Exchange, parts: UploadParts, nowMs: () => number): Promise<void> {
  const { http } = exchange;
  if (!http.body.includes(referencePrefix)) return;
  const { body, bytes } = readJsonBody(http);
  const named = uploadsNamedIn(body);
  if (named.length === 0) return;
  const ids = [...new Set(named)];
  if (ids.length > mostUploads) {
    throw new GatewayError('invalid_request', `The request names ${ids.length} uploads; ${mostUploads} are the most.`, {
      param: referencePrefix,
    });
  }
  const media = new Map(await Promise.all(ids.map(async (id) => [id, await mediaOf(exchange, id, parts, nowMs)] as const)));
  const find = (id: string): InlineMedia => media.get(id) ?? { mediaType: '', base64: '' };
  const size = named.reduce((sum, id) => sum + find(id).base64.length, bytes);
  const { maxBytes = 0 } = parts.uploads ?? {};
  if (size > maxBytes) throw uploadTooLarge(maxBytes, referencePrefix);
  exchange.http = { ...http, body: JSON.stringify(withUploads(body, find)) };
}

async function mediaOf(exchange: Exchange, id: string, parts: UploadParts, nowMs: () => number): Promise<InlineMedia> {
  const { body, contentType } = await readUpload(exchange, { id, param: referencePrefix }, parts, nowMs);
  const [mediaType = ''] = contentType.split(';');
  if (mediaType === '' || mediaType === 'application/json') {
    throw new GatewayError(
      'invalid_request',
      `${id} was uploaded as ${mediaType || 'nothing known'}, which is no image, file or sound. Ask for the upload with its content_type, such as image/png.`,
      { param: referencePrefix },
    );
  }
  return { mediaType: mediaType.trim(), base64: body.toString('base64') };
}
