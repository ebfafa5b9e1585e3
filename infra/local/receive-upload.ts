import type { IncomingMessage, ServerResponse } from 'node:http';
import { GatewayError } from '../../shared/errors/gateway-error.ts';
import type { FolderUploads } from '../../shared/store/upload-folder.ts';

const refusals = {
  signature: 'The URL of this upload is not valid for this path and these headers. Send exactly the headers that came with it.',
  expired: 'The URL of this upload has expired. Ask for another one with POST /v1/uploads.',
  length: 'The upload is not as long as it was said to be.',
} as const;

/**
 * Takes a `PUT` under a signed URL, as S3 does for a deployed gateway: 200 with no body, or 403.
 * @throws GatewayError where the URL or the headers are not as they were signed.
 */
export async function receiveUpload(uploads: FolderUploads, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const { 'content-type': contentType = '', 'content-length': length } = request.headers;
  const upload = {
    path: url.pathname,
    query: url.searchParams,
    contentType,
    contentLength: length === undefined ? undefined : Number(length),
    body: request,
  };
  const refused = await uploads.receive(upload, Date.now());
  if (refused !== undefined) throw new GatewayError('invalid_request', refusals[refused], { status: 403 });
  response.writeHead(200, { 'content-length': 0 });
  response.end();
}
