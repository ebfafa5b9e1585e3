import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import type { Route } from './routes.ts';

/**
 * The largest event Lambda takes in a synchronous invocation, in bytes of its JSON. API Gateway answers
 * 413 when a request makes a larger one.
 * https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 */
export const maxEventBytes = 6 * 1024 * 1024;

/** Content types whose bodies reach the functions as base64, as the API's binary media types say. */
const binaryContentType = /^(?:multipart\/form-data|application\/octet-stream|audio\/|image\/|video\/)/i;

/** Headers of one connection, which API Gateway does not hand on. */
const connectionHeaders = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade']);

/**
 * Renders a request as the event of a REST API's Lambda proxy integration (payload format 1.0): header
 * names keep the caller's spelling, the path its percent-encoding, query values are decoded.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
 */
export function toProxyEvent(request: IncomingMessage, body: Buffer, route: Route): APIGatewayProxyEvent {
  const { path, query: queryText } = splitTarget(request.url ?? '/');
  const query = queryText === undefined ? null : multiValueQuery(queryText);
  const multiValueHeaders = headersOf(request);
  const binary = binaryContentType.test(request.headers['content-type'] ?? '');
  return {
    resource: route.resource,
    path,
    httpMethod: request.method ?? 'GET',
    headers: lastValues(multiValueHeaders),
    multiValueHeaders,
    queryStringParameters: query && lastValues(query),
    multiValueQueryStringParameters: query,
    pathParameters: route.proxy === null ? null : { proxy: route.proxy },
    stageVariables: null,
    requestContext: requestContextOf(request, path, route.resource),
    body: body.length === 0 ? null : body.toString(binary ? 'base64' : 'utf8'),
    isBase64Encoded: binary && body.length > 0,
  };
}

/** Takes a request target apart. */
export function splitTarget(target: string): { readonly path: string; readonly query: string | undefined } {
  const queryStart = target.indexOf('?');
  return queryStart < 0
    ? { path: target, query: undefined }
    : { path: target.slice(0, queryStart), query: target.slice(queryStart + 1) || undefined };
}

/** Whether Lambda would refuse the event. Counts the JSON only where escaping could take a body of `bodyBytes` past the limit. */
export function exceedsEventLimit(event: APIGatewayProxyEvent, bodyBytes: number): boolean {
  const worstEscaping = 6; // a control character becomes \u0000
  const roomForTheRest = 128 * 1024;
  if (bodyBytes * worstEscaping + roomForTheRest < maxEventBytes) return false;
  return Buffer.byteLength(JSON.stringify(event)) > maxEventBytes;
}

function headersOf(request: IncomingMessage): Record<string, string[]> {
  const headers = new Map<string, string[]>();
  const spellings = new Map<string, string>();
  for (let index = 0; index + 1 < request.rawHeaders.length; index += 2) {
    const name = request.rawHeaders[index] ?? '';
    const lowerCase = name.toLowerCase();
    if (connectionHeaders.has(lowerCase) || lowerCase === '__proto__') continue;
    const spelling = spellings.get(lowerCase) ?? name;
    spellings.set(lowerCase, spelling);
    addTo(headers, spelling, request.rawHeaders[index + 1] ?? '');
  }
  const forwarded = spellings.get('x-forwarded-for') ?? 'X-Forwarded-For';
  headers.set(forwarded, [[...(headers.get(forwarded) ?? []), request.socket.remoteAddress ?? ''].join(', ')]);
  headers.set('X-Forwarded-Proto', ['http']);
  headers.set('X-Forwarded-Port', [String(request.socket.localPort ?? 0)]);
  return Object.fromEntries(headers);
}

function multiValueQuery(query: string): Record<string, string[]> {
  const values = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(query)) if (name !== '__proto__') addTo(values, name, value);
  return Object.fromEntries(values);
}

/** A map, because a caller may name anything, `constructor` too. */
function addTo(values: Map<string, string[]>, name: string, value: string): void {
  const all = values.get(name);
  if (all === undefined) values.set(name, [value]);
  else all.push(value);
}

function lastValues(multiValue: Readonly<Record<string, readonly string[]>>): Record<string, string> {
  return Object.fromEntries(Object.entries(multiValue).map(([name, values]) => [name, values.at(-1) ?? '']));
}

function requestContextOf(request: IncomingMessage, path: string, resourcePath: string): APIGatewayProxyEvent['requestContext'] {
  const now = new Date();
  return {
    accountId: '000000000000',
    apiId: 'local',
    authorizer: null,
    protocol: `HTTP/${request.httpVersion}`,
    httpMethod: request.method ?? 'GET',
    identity: {
      accessKey: null,
      accountId: null,
      apiKey: null,
      apiKeyId: null,
      caller: null,
      clientCert: null,
      cognitoAuthenticationProvider: null,
      cognitoAuthenticationType: null,
      cognitoIdentityId: null,
      cognitoIdentityPoolId: null,
      principalOrgId: null,
      sourceIp: request.socket.remoteAddress ?? '',
      user: null,
      userAgent: request.headers['user-agent'] ?? null,
      userArn: null,
    },
    path,
    stage: 'local',
    requestId: randomUUID(),
    requestTime: now.toUTCString(),
    requestTimeEpoch: now.getTime(),
    resourceId: 'local',
    resourcePath,
  };
}
