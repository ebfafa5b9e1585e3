import { ResponseType, type RestApi } from 'aws-cdk-lib/aws-apigateway';
import { errorHeaders, openAiErrorBody } from '../../shared/errors/error-response.ts';
import { GatewayError } from '../../shared/errors/gateway-error.ts';
import { requestTooLarge } from '../../shared/errors/too-large.ts';
import type { DeploymentSettings } from './settings.ts';

/**
 * Restyles what API Gateway answers by itself, before or instead of a function, into the errors of the gateway:
 * a client meets one shape and one set of codes wherever a call fails.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
 */
export function addGatewayResponses(api: RestApi, { uploads }: Pick<DeploymentSettings, 'uploads'>): void {
  for (const [id, { type, error, keepStatus }] of Object.entries(gatewayResponses(uploads))) {
    api.addGatewayResponse(id, {
      type,
      ...(!keepStatus && { statusCode: String(error.status) }),
      // Header values are mapping expressions: a constant stands in single quotes.
      responseHeaders: Object.fromEntries(Object.entries(errorHeaders(error)).map(([name, value]) => [name, `'${value}'`])),
      templates: { 'application/json': JSON.stringify(openAiErrorBody(error)) },
    });
  }
}

interface RestyledResponse {
  readonly type: ResponseType;
  readonly error: GatewayError;
  /** The default responses stand for many failures, each with a status of its own. */
  readonly keepStatus?: boolean;
}

function gatewayResponses(takesUploads: boolean): Readonly<Record<string, RestyledResponse>> {
  const notFound = new GatewayError(
    'not_found',
    'There is no such path. The API lives under /v1 and /v1beta, the control plane under /admin.',
  );
  return {
    BadRequest: {
      type: ResponseType.DEFAULT_4XX,
      error: new GatewayError('invalid_request', 'The request was refused before it reached the gateway.'),
      keepStatus: true,
    },
    ServerError: {
      type: ResponseType.DEFAULT_5XX,
      error: new GatewayError('internal_error', 'The gateway failed to handle this request.'),
      keepStatus: true,
    },
    Throttled: {
      type: ResponseType.THROTTLED,
      error: new GatewayError('rate_limit_exceeded', 'The gateway as a whole gets more requests than it takes. Try again in a moment.', {
        retryAfterMs: 1_000,
      }),
    },
    TooLarge: {
      type: ResponseType.REQUEST_TOO_LARGE,
      error: requestTooLarge(takesUploads),
    },
    UnknownPath: { type: ResponseType.MISSING_AUTHENTICATION_TOKEN, error: notFound },
    UnknownResource: { type: ResponseType.RESOURCE_NOT_FOUND, error: notFound },
    Timeout: {
      type: ResponseType.INTEGRATION_TIMEOUT,
      error: new GatewayError('provider_timeout', 'The call was not answered within the time API Gateway allows.'),
    },
    IntegrationFailure: {
      type: ResponseType.INTEGRATION_FAILURE,
      error: new GatewayError('internal_error', 'The gateway could not be reached. Try again in a moment.', {
        status: 503,
        retryAfterMs: 1_000,
      }),
    },
    Blocked: {
      type: ResponseType.WAF_FILTERED,
      error: new GatewayError('invalid_request', 'The firewall in front of the gateway refused this request.', { status: 403 }),
    },
  };
}
