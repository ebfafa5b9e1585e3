import { GatewayError } from './gateway-error.ts';

/**
 * The refusal of a request that does not fit an invocation of a function, which carries 6 MB, base64 and escaping
 * included (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html). It says the ways round that limit.
 */
export function requestTooLarge(): GatewayError {
  return new GatewayError(
    'request_too_large',
    'The request is larger than the 6 MB that an invocation can carry. Pass images, files and sound by URL instead of inline: put them where the provider can read them, such as behind a presigned S3 URL, or upload them to the provider and pass their id. Sound can also be sent compressed or in pieces.',
  );
}
