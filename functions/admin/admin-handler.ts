import middy, { type MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { errorHeaders, openAiErrorBody } from '../../shared/errors/error-response.ts';
import { GatewayError, toGatewayError } from '../../shared/errors/gateway-error.ts';
import { writeLogLine } from '../../shared/telemetry/log-sink.ts';
import { checkAdminKey } from './admin-key.ts';
import { findRoute } from './find-route.ts';
import type { AdminRequest, AdminRoute } from './operation.ts';

/** What {@link makeAdminHandler} needs. Both are asked for by the first request, not before. */
export interface AdminHandlerOptions {
  readonly routes: () => Promise<readonly AdminRoute[]>;
  readonly adminKey: () => Promise<string>;
}

const answerHeaders = { 'content-type': 'application/json', 'cache-control': 'no-store' };

/** The control plane's Lambda handler: REST API proxy event in, buffered response out. */
export function makeAdminHandler(options: AdminHandlerOptions) {
  return middy<APIGatewayProxyEvent, APIGatewayProxyResult>()
    .use(renderErrors())
    .use(authenticateAdmin(options.adminKey))
    .handler(async (event) => {
      const { route, params } = findRoute(await options.routes(), event.httpMethod, event.path);
      const answer = await route.operation(toAdminRequest(event, params));
      return { statusCode: answer.status, headers: answerHeaders, body: JSON.stringify(answer.body) };
    });
}

function authenticateAdmin(adminKey: () => Promise<string>): MiddlewareObj<APIGatewayProxyEvent, APIGatewayProxyResult> {
  return {
    before: async ({ event }) => checkAdminKey(headerOf(event, 'authorization'), await adminKey()),
  };
}

/** Turns whatever was thrown into the error body both planes share; faults of ours are logged with their cause. */
function renderErrors(): MiddlewareObj<APIGatewayProxyEvent, APIGatewayProxyResult> {
  return {
    onError: async (request) => {
      const error = toGatewayError(request.error);
      const requestId = request.event.requestContext.requestId;
      if (error.status >= 500) logFailure(error, requestId);
      request.response = {
        statusCode: error.status,
        headers: { ...answerHeaders, ...errorHeaders(error), 'x-sluice-request-id': requestId },
        body: JSON.stringify(openAiErrorBody(error)),
      };
    },
  };
}

function logFailure(error: GatewayError, requestId: string): void {
  const cause = error.cause instanceof Error ? (error.cause.stack ?? error.cause.message) : undefined;
  writeLogLine(JSON.stringify({ level: 'error', plane: 'control', requestId, code: error.code, message: error.message, cause }));
}

function toAdminRequest(event: APIGatewayProxyEvent, params: AdminRequest['params']): AdminRequest {
  return {
    params,
    query: event.queryStringParameters ?? {},
    body: bodyOf(event),
    actor: headerOf(event, 'x-sluice-actor')?.trim().slice(0, 128) || 'admin',
    address: event.requestContext.identity.sourceIp || undefined,
  };
}

function bodyOf(event: APIGatewayProxyEvent): unknown {
  if (event.body === null || event.body === '') return undefined;
  const text = event.isBase64Encoded ? Buffer.from(event.body, 'base64').toString('utf8') : event.body;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new GatewayError('invalid_request', `The body is not JSON: ${error instanceof Error ? error.message : 'it cannot be parsed'}.`, {
      cause: error,
    });
  }
}

function headerOf(event: APIGatewayProxyEvent, lowerCaseName: string): string | undefined {
  return Object.entries(event.headers ?? {}).find(([name]) => name.toLowerCase() === lowerCaseName)?.[1];
}
