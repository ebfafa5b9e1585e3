import { Buffer } from 'node:buffer';
import type { JsonObject } from '../calls/json.ts';
import { formBoundary, type MultipartForm, parseForm } from '../calls/multipart-form.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import type { HttpRequest } from './http-request.ts';

/**
 * Parses a form; its text fields become the body, of repeated ones the last.
 * @throws GatewayError `invalid_request` for another content type or a form that is not whole.
 */
export function readFormBody(request: HttpRequest): { readonly body: JsonObject; readonly form: MultipartForm; readonly bytes: number } {
  const boundary = formBoundary(request.headers['content-type']);
  if (boundary === undefined) {
    throw new GatewayError('invalid_request', 'The content type must be multipart/form-data with a boundary.', {
      status: 415,
      param: 'content-type',
    });
  }
  const bytes = typeof request.body === 'string' ? Buffer.from(request.body) : request.body;
  const form = parseForm(bytes, boundary);
  if (form === undefined) throw new GatewayError('invalid_request', 'The request body is not a whole multipart form.');
  const fields = form.parts
    .filter(({ filename }) => filename === undefined)
    .map(({ name, value }) => [name, value.toString('utf8')] as const);
  return { body: Object.fromEntries(fields), form, bytes: bytes.length };
}
