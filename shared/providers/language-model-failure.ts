import { isJsonObject, type JsonValue, parsedJson } from '../calls/json.ts';
import type { ProviderFault } from '../dialects/dialect.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { readProviderFault } from './provider-fault.ts';
import { UpstreamFailure } from './upstream-failure.ts';

/**
 * What an error of the AI SDK means, whether thrown or met inside a stream. Its own errors hold the request and all
 * headers; of those nothing is kept but what the provider said. The names are those of `@ai-sdk/provider`, compared
 * as text because several copies of it may be loaded. What else a package breaks at once its provider `hasAnswered` is an
 * answer that it did not expect, and none of the gateway's own failures.
 */
export function modelFailure(error: unknown, host: string, hasAnswered: boolean): UpstreamFailure | GatewayError {
  if (error instanceof UpstreamFailure || error instanceof GatewayError) return error;
  if (!(error instanceof Error)) return reported(error, host);
  switch (error.name) {
    case 'AI_UnsupportedFunctionalityError':
      return new GatewayError('unsupported_parameter', `${host} cannot do what the request asks for: ${error.message}`);
    case 'AI_InvalidPromptError':
    case 'AI_InvalidArgumentError':
      return new GatewayError('invalid_request', `${host} cannot take the request: ${error.message}`);
    case 'AI_APICallError':
      return calledInVain(error, host);
    case 'AI_JSONParseError':
    case 'AI_TypeValidationError':
    case 'AI_InvalidResponseDataError':
    case 'AI_EmptyResponseBodyError':
    case 'AI_NoContentGeneratedError':
      return new UpstreamFailure('malformed', `${host} sent what its API does not promise (${error.name})`);
    default:
      return withoutImages(error.message, host) ?? broken(error, host, hasAnswered);
  }
}

function broken(error: Error, host: string, hasAnswered: boolean): UpstreamFailure | GatewayError {
  if (hasAnswered) return new UpstreamFailure('malformed', `${host} sent an answer that cannot be read`, { cause: error });
  return new GatewayError('internal_error', `The gateway failed to speak with ${host}.`, { cause: error });
}

/** Plain errors that a package throws over an answer: Bedrock answers with no image, and with 200, where its filter objects (https://docs.aws.amazon.com/nova/latest/userguide/image-gen-req-resp-structure.html). */
function withoutImages(message: string, host: string): UpstreamFailure | undefined {
  if (/returned no images/.test(message)) return new UpstreamFailure('malformed', `${host} answered without an image`);
  const [, reasons] = /request was moderated: (.*)$/s.exec(message) ?? [];
  if (reasons === undefined) return undefined;
  return faulted({ status: 400, code: 'content_policy_violation', type: undefined, message: `The content was refused: ${reasons}` }, host);
}

/** An answer that began as a success: either it tells of an error inside, or it is not what the API promises. */
function calledInVain(error: Error, host: string): UpstreamFailure {
  const data: unknown = 'data' in error ? error.data : undefined;
  const fault = readProviderFault(plain(data)) ?? faultInside(error);
  const status = 'statusCode' in error && typeof error.statusCode === 'number' && error.statusCode >= 400 ? error.statusCode : undefined;
  if (fault !== undefined) return faulted({ ...fault, status: fault.status ?? status }, host);
  if (status !== undefined) return faulted({ status, code: undefined, type: undefined, message: error.message }, host);
  return new UpstreamFailure('malformed', `${host} sent an answer that is not what its API promises`);
}

/** Packages know an error by its status alone: one inside a success they hand on as the text that they could not read. */
function faultInside(error: Error): ProviderFault | undefined {
  const body = 'responseBody' in error && typeof error.responseBody === 'string' ? parsedJson(error.responseBody) : undefined;
  return isJsonObject(body) && (isJsonObject(body.error) || typeof body.error === 'string') ? readProviderFault(body) : undefined;
}

/** An error event inside a stream, as a package hands it on: with status and type where it knows them. */
function reported(error: unknown, host: string): UpstreamFailure {
  const value = plain(error);
  const inner = isJsonObject(value) && isJsonObject(value.data) ? readProviderFault(value.data) : undefined;
  const fault = readProviderFault(value) ?? inner;
  const status = isJsonObject(value) && typeof value.statusCode === 'number' ? value.statusCode : undefined;
  return faulted(
    {
      status: status ?? fault?.status,
      code: fault?.code ?? inner?.code,
      type: fault?.type ?? inner?.type,
      message: fault?.message ?? (typeof value === 'string' ? value : 'The provider gave no reason.'),
    },
    host,
  );
}

function faulted(fault: ProviderFault, host: string): UpstreamFailure {
  return new UpstreamFailure('fault', `${host} reported an error inside its answer`, {
    ...(fault.status !== undefined && { status: fault.status }),
    ...(fault.code !== undefined && { providerCode: fault.code }),
    ...(fault.type !== undefined && { providerType: fault.type }),
    providerMessage: fault.message.slice(0, 2000),
  });
}

function plain(value: unknown): JsonValue | undefined {
  const text: string | undefined = JSON.stringify(value);
  return text === undefined ? undefined : JSON.parse(text);
}
