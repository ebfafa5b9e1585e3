import * as z from 'zod';
import type { Ledger } from '../admission/ledger.ts';
import { scopesOf } from '../admission/scopes.ts';
import type { Directory } from '../control/directory.ts';
import { subjectOf } from '../control/subject.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { uploadTooLarge } from '../errors/too-large.ts';
import { newUploadId } from '../uploads/upload-id.ts';
import { admitRequest } from './admit-request.ts';
import { readCallOptions } from './call-options.ts';
import { type Exchange, known } from './exchange.ts';
import { readJsonBody } from './http-request.ts';
import type { UploadParts } from './read-upload.ts';

/** What a caller may say of the body it is going to upload. */
export const uploadRequestSchema = z.strictObject({
  bytes: z.int({ error: 'must be a whole number of bytes' }).min(1, 'must be at least 1').optional(),
  content_type: z
    .string({ error: 'must be a string' })
    .max(200, 'must be at most 200 characters')
    .regex(/^[\w.+-]+\/[\w.+-]+[\x20-\x7e]*$/, 'must be a media type, such as application/json')
    .default('application/json'),
});

/** An upload has to begin within so many seconds. */
const validSeconds = 15 * 60;

/** What offering an upload needs of the world. */
export interface OfferPorts extends Pick<UploadParts, 'uploads'> {
  readonly ledger: Pick<Ledger, 'admit'>;
  readonly directory: Pick<Directory, 'findUser'>;
  readonly nowMs: () => number;
}

/**
 * Answers where a body that is too large for an invocation can be put, for one request of the same key to name it. It
 * counts as a request on the limits that hold whatever the model, and costs nothing.
 */
export async function offerUpload(exchange: Exchange, { uploads, ledger, directory, nowMs }: OfferPorts): Promise<object> {
  if (uploads === undefined) {
    throw new GatewayError('not_found', 'This gateway is deployed without uploads. Pass images, files and sound by URL instead of inline.');
  }
  exchange.options = readCallOptions(exchange.http.headers);
  const { bytes, content_type: contentType } = readUploadRequest(exchange);
  const { maxBytes } = uploads;
  if (bytes !== undefined && bytes > maxBytes) throw uploadTooLarge(maxBytes, 'bytes');
  const principal = known(exchange.principal, 'principal');
  const atMs = nowMs();
  const subject = await subjectOf(directory, principal, exchange.options);
  await admitRequest(exchange, scopesOf(subject, []), { amountNanoUsd: 0, tokens: 0 }, { ledger, nowMs: atMs });
  exchange.timings.admit = nowMs() - atMs;
  const id = newUploadId(atMs);
  const store = await uploads.store();
  const ticket = store.prepare({ id, keyId: principal.key.id, contentType, bytes, atMs, validSeconds, origin: originOf(exchange) });
  return {
    id,
    url: ticket.url,
    method: 'PUT',
    headers: ticket.headers,
    expires_at: new Date(Math.floor(atMs) + validSeconds * 1_000).toISOString(),
    max_bytes: maxBytes,
  };
}

function readUploadRequest({ http }: Exchange): z.infer<typeof uploadRequestSchema> {
  const parsed = uploadRequestSchema.safeParse(http.body.length === 0 ? {} : readJsonBody(http).body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const param = issue?.code === 'unrecognized_keys' ? issue.keys[0] : issue?.path.join('.');
  const what = issue?.code === 'unrecognized_keys' ? 'is not known here' : issue?.message;
  throw new GatewayError(
    'invalid_request',
    `${param}: ${what}. An upload is asked for by {"bytes": …, "content_type": …}, both optional. Uploads of OpenAI's own API are under /v1/providers/openai/uploads.`,
    { ...(param !== undefined && { param }) },
  );
}

/** Where the caller reached the gateway. */
function originOf({ http: { headers } }: Exchange): string {
  return `${headers['x-forwarded-proto'] ?? 'https'}://${headers.host ?? 'localhost'}`;
}
