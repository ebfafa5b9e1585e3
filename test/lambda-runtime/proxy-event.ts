import { randomUUID } from 'node:crypto';

/** The part of a REST proxy event that a caller decides; see infra/local/proxy-event.ts for the whole. */
export interface ProxyRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly key: string;
  readonly body?: unknown;
}

/** Renders a request as API Gateway does. */
export function proxyEvent({ method, path, key, body }: ProxyRequest): unknown {
  const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' };
  return {
    resource: `/${path.split('/')[1]}/{proxy+}`,
    path,
    httpMethod: method,
    headers,
    multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    queryStringParameters: null,
    multiValueQueryStringParameters: null,
    pathParameters: { proxy: path.split('/').slice(2).join('/') },
    stageVariables: null,
    requestContext: {
      stage: 'prod',
      path: `/prod${path}`,
      httpMethod: method,
      requestId: randomUUID(),
      requestTimeEpoch: Date.now(),
      identity: { sourceIp: '192.0.2.1', userAgent: 'test' },
    },
    body: body === undefined ? null : JSON.stringify(body),
    isBase64Encoded: false,
  };
}
