import { randomUUID } from 'node:crypto';

/** The part of a REST proxy event that a caller decides; see infra/local/proxy-event.ts for the whole. */
export interface ProxyRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly key: string;
  /** JSON, or a form as its own bytes, which API Gateway hands over in base64. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Renders a request as API Gateway does. */
export function proxyEvent({ method, path, key, body, headers: more }: ProxyRequest): unknown {
  const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json', ...more };
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
    body: body === undefined ? null : Buffer.isBuffer(body) ? body.toString('base64') : JSON.stringify(body),
    isBase64Encoded: Buffer.isBuffer(body),
  };
}
