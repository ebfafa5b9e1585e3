import { GatewayError } from './gateway-error.ts';

/**
 * The refusal of a request that does not fit an invocation of a function, which carries 6 MB, base64 and escaping
 * included (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html). It says the ways round that limit.
 * @param takesUploads whether this gateway takes bodies by upload.
 */
export function requestTooLarge(takesUploads: boolean): GatewayError {
  const upload =
    'Upload its body first: POST /v1/uploads answers a presigned URL to PUT it to, and an id; then send the request again with {} for its body and the id in the header x-sluice-body. Or pass';
  return new GatewayError(
    'request_too_large',
    `The request is larger than the 6 MB that an invocation can carry. ${takesUploads ? upload : 'Pass'} images, files and sound by URL instead of inline: put them where the provider can read them, or upload them to the provider and pass their id.`,
  );
}

/** The refusal of an upload that is larger than the gateway takes. */
export function uploadTooLarge(maxBytes: number, param: string): GatewayError {
  return new GatewayError(
    'request_too_large',
    `What is uploaded for this request is larger than the ${maxBytes} bytes that this gateway takes. Pass images, files and sound by URL instead of inline, or send sound compressed or in pieces.`,
    { param, details: { max_bytes: maxBytes } },
  );
}
