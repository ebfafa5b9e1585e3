import middy, { type MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { errorHeaders, openAiErrorBody } from '../../shared/errors/error-response.ts';
import { GatewayError, toGatewayError } from '../../shared/errors/gateway-error.ts';
import { createLog, describeError, type Log } from '../../shared/telemetry/log.ts';
import { checkAdminKey } from './admin-key.ts';
import { findRoute, isOpen } from './find-route.ts';
import type { AdminRequest, AdminRoute } from './operation.ts';

/** What the control plane answers with. */
export interface AdminWiring {
  readonly routes: readonly AdminRoute[];
  /** The key that opens it, as it is now. */
  readonly adminKey: () => Promise<string>;
  readonly log: Log;
}

const answerHeaders = { 'content-type': 'application/json', 'cache-control': 'no-store' };

/**
 * The control plane's Lambda handler: REST API proxy event in, buffered response out. `wired` is asked by
 * every request, and by none before the first.
 */
export function makeAdminHandler(wired: () => Promise<AdminWiring>) {
  return middy<APIGatewayProxyEvent, APIGatewayProxyResult>()
    .use(renderErrors(wired))
    .use(authenticateAdmin(wired))
    .handler(async (event) => {
      const { routes } = await wired();
      const { route, params } = findRoute(routes, event.httpMethod, event.path);
      const answer = await route.operation(toAdminRequest(event, params));
      const contentType = answer.text && { 'content-type': answer.text.contentType };
      return {
        statusCode: answer.status,
        headers: { ...answerHeaders, ...contentType, ...answer.headers },
        body: answer.text?.content ?? JSON.stringify(answer.body),
      };
    });
}

type AdminMiddleware = MiddlewareObj<APIGatewayProxyEvent, APIGatewayProxyResult>;

function authenticateAdmin(wired: () => Promise<AdminWiring>): AdminMiddleware {
  return {
    before: async ({ event }) => {
      const { adminKey, routes } = await wired();
      if (isOpen(routes, event.httpMethod, event.path)) return;
      checkAdminKey(headerOf(event, 'authorization'), await adminKey());
    },
  };
}

/** Turns whatever was thrown into the error body both planes share; what is our own fault is logged with its cause. */
function renderErrors(wired: () => Promise<AdminWiring>): AdminMiddleware {
  return {
    onError: async (request) => {
      const error = toGatewayError(request.error);
      const { requestId } = request.event.requestContext;
      // Where wiring itself failed there is no log of the operator's choosing.
      const log = await wired().then(
        (wiring) => wiring.log,
        () => createLog('error', Date.now),
      );
      if (error.status >= 500) log.write('error', 'control plane request failed', { requestId, ...describeError(error) });
      request.response = {
        statusCode: error.status,
        headers: { ...answerHeaders, ...errorHeaders(error), 'x-sluice-request-id': requestId },
        body: JSON.stringify(openAiErrorBody(error)),
      };
    },
  };
}

function toAdminRequest(event: APIGatewayProxyEvent, params: AdminRequest['params']): AdminRequest {
  const ifNoneMatch = headerOf(event, 'if-none-match');
  return {
    params,
    query: event.queryStringParameters ?? {},
    body: bodyOf(event),
    actor: headerOf(event, 'x-sluice-actor')?.trim().slice(0, 128) || 'admin',
    address: event.requestContext.identity.sourceIp || undefined,
    ...(ifNoneMatch !== undefined && { ifNoneMatch }),
  };
}

function bodyOf(event: APIGatewayProxyEvent): unknown {
  if (event.body === null || event.body === '') return undefined;
  const text = event.isBase64Encoded ? Buffer.from(event.body, 'base64').toString('utf8') : event.body;
  // A configuration may come as it is written; whoever takes it reads it.
  if (/\byaml\b/i.test(headerOf(event, 'content-type') ?? '')) return text;
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
