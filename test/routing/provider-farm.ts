import type { ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { answerJson, type ReceivedRequest, startUpstream, type TestUpstream, type UpstreamBehaviour } from '../support/upstream.ts';

/** How a provider fails, and what has to come of it. */
export interface FailureScript {
  readonly name: string;
  readonly stream: boolean;
  readonly behaviour: UpstreamBehaviour;
  /** HTTP requests that the failing target sees when another one stands ready, with one retry allowed. */
  readonly requestsBeforeFallback: number;
  /** What a caller sees where no other target is: the status and code of an error, or a stream that ends in one. */
  readonly alone: { readonly status: number; readonly code: string } | 'error event';
  readonly requestsAlone: number;
  /** Whether another target can take over; false once content was shown, or where the caller is at fault. */
  readonly failsOver: boolean;
  readonly retryAfter?: true;
}

/** What a provider answers that does as it should. */
export const answer = {
  id: 'chatcmpl-farm',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'sound' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 5, completion_tokens: 1, total_tokens: 6 },
};

function chunk(delta: object, finish: string | null = null): string {
  return JSON.stringify({
    id: 'chatcmpl-farm',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [{ index: 0, delta, finish_reason: finish }],
  });
}

const opening = chunk({ role: 'assistant', content: '' });

/** Sends events and leaves the connection as it is. */
function begin(response: ServerResponse, events: readonly string[]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const event of events) response.write(`data: ${event}\n\n`);
  response.flushHeaders();
}

/** A provider that does as it should, streamed or not. */
export const wellBehaved: UpstreamBehaviour = (request, response) => {
  if (!request.body.includes('"stream":true')) return answerJson(200, answer)(request, response);
  begin(response, [opening, chunk({ content: 'sound' }), chunk({}, 'stop'), '[DONE]']);
  response.end();
};

const failure = (status: number, code: string, message = 'The farm fails by script.') =>
  answerJson(status, { error: { message, type: code, code } });

const raw =
  (head: Record<string, string>, body: string): UpstreamBehaviour =>
  (_request, response) => {
    response.writeHead(200, head);
    response.end(body);
  };

const badGateway = { status: 502, code: 'provider_error' };

/** Every way to fail. One retry is allowed; silence is cut after 150 ms. */
export const failureScripts: readonly FailureScript[] = [
  {
    name: '429-retry-after-seconds',
    stream: false,
    behaviour: answerJson(
      429,
      { error: { message: 'slow down', type: 'rate_limit_error', code: 'rate_limit_exceeded' } },
      { 'retry-after': '1' },
    ),
    requestsBeforeFallback: 1,
    alone: { status: 429, code: 'rate_limit_exceeded' },
    requestsAlone: 2,
    failsOver: true,
    retryAfter: true,
  },
  {
    name: '429-retry-after-date',
    stream: true,
    behaviour: (request, response) =>
      answerJson(
        429,
        { error: { message: 'slow down' } },
        { 'retry-after': new Date(Date.now() + 3_600_000).toUTCString() },
      )(request, response),
    requestsBeforeFallback: 1,
    alone: { status: 429, code: 'rate_limit_exceeded' },
    // An hour is more than a call can wait.
    requestsAlone: 1,
    failsOver: true,
    retryAfter: true,
  },
  {
    name: '500-storm',
    stream: false,
    behaviour: failure(500, 'server_error'),
    requestsBeforeFallback: 2,
    alone: badGateway,
    requestsAlone: 2,
    failsOver: true,
  },
  {
    name: '503-storm',
    stream: true,
    behaviour: failure(503, 'overloaded_error'),
    requestsBeforeFallback: 2,
    alone: badGateway,
    requestsAlone: 2,
    failsOver: true,
  },
  {
    name: '529-storm',
    stream: false,
    behaviour: failure(529, 'overloaded_error'),
    requestsBeforeFallback: 2,
    alone: badGateway,
    requestsAlone: 2,
    failsOver: true,
  },
  {
    name: 'slow-first-byte',
    stream: false,
    behaviour: () => {},
    requestsBeforeFallback: 1,
    alone: { status: 504, code: 'provider_timeout' },
    requestsAlone: 1,
    failsOver: true,
  },
  {
    name: 'slow-first-byte-streamed',
    stream: true,
    behaviour: () => {},
    requestsBeforeFallback: 1,
    alone: { status: 504, code: 'provider_timeout' },
    requestsAlone: 1,
    failsOver: true,
  },
  {
    name: 'stall-before-content',
    stream: true,
    behaviour: (_request, response) => begin(response, [opening]),
    requestsBeforeFallback: 1,
    alone: 'error event',
    requestsAlone: 1,
    failsOver: true,
  },
  {
    name: 'stall-after-content',
    stream: true,
    behaviour: (_request, response) => begin(response, [opening, chunk({ content: 'half' })]),
    requestsBeforeFallback: 1,
    alone: 'error event',
    requestsAlone: 1,
    failsOver: false,
  },
  ...[2, 5].map(
    (chunks): FailureScript => ({
      name: `stall-at-chunk-${chunks}`,
      stream: true,
      behaviour: (_request, response) => begin(response, [opening, ...Array.from({ length: chunks }, () => chunk({ content: 'half' }))]),
      requestsBeforeFallback: 1,
      alone: 'error event',
      requestsAlone: 1,
      failsOver: false,
    }),
  ),
  {
    name: 'stall-in-body',
    stream: false,
    behaviour: (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"id":');
    },
    requestsBeforeFallback: 1,
    alone: { status: 504, code: 'provider_timeout' },
    requestsAlone: 1,
    failsOver: true,
  },
  {
    name: 'reset-before-answer',
    stream: false,
    behaviour: (_request, response) => void response.socket?.resetAndDestroy(),
    requestsBeforeFallback: 2,
    alone: badGateway,
    requestsAlone: 2,
    failsOver: true,
  },
  {
    name: 'reset-before-content',
    stream: true,
    behaviour: (_request, response) => {
      begin(response, [opening]);
      setTimeout(() => response.socket?.resetAndDestroy(), 20);
    },
    requestsBeforeFallback: 2,
    alone: 'error event',
    requestsAlone: 1,
    failsOver: true,
  },
  {
    name: 'reset-after-content',
    stream: true,
    behaviour: (_request, response) => {
      begin(response, [opening, chunk({ content: 'half' })]);
      setTimeout(() => response.socket?.resetAndDestroy(), 20);
    },
    requestsBeforeFallback: 1,
    alone: 'error event',
    requestsAlone: 1,
    failsOver: false,
  },
  {
    name: 'wrong-content-type',
    stream: true,
    behaviour: raw({ 'content-type': 'text/html' }, '<h1>hello</h1>'),
    requestsBeforeFallback: 2,
    alone: badGateway,
    requestsAlone: 2,
    failsOver: true,
  },
  {
    name: 'html-for-json',
    stream: false,
    behaviour: raw({ 'content-type': 'text/html' }, '<h1>hello</h1>'),
    requestsBeforeFallback: 2,
    alone: badGateway,
    requestsAlone: 2,
    failsOver: true,
  },
  {
    name: '200-with-error-body',
    stream: false,
    behaviour: answerJson(200, { error: { message: 'upstream broke', type: 'server_error', code: 'server_error' } }),
    requestsBeforeFallback: 2,
    alone: badGateway,
    requestsAlone: 2,
    failsOver: true,
  },
  {
    name: 'truncated-json',
    stream: false,
    behaviour: raw({ 'content-type': 'application/json' }, JSON.stringify(answer).slice(0, 60)),
    requestsBeforeFallback: 2,
    alone: badGateway,
    requestsAlone: 2,
    failsOver: true,
  },
  {
    name: 'truncated-before-content',
    stream: true,
    behaviour: (_request, response) => {
      begin(response, [opening]);
      response.end();
    },
    requestsBeforeFallback: 2,
    alone: 'error event',
    requestsAlone: 1,
    failsOver: true,
  },
  {
    name: 'truncated-after-content',
    stream: true,
    behaviour: (_request, response) => {
      begin(response, [opening, chunk({ content: 'half' })]);
      response.end();
    },
    requestsBeforeFallback: 1,
    alone: 'error event',
    requestsAlone: 1,
    failsOver: false,
  },
  {
    name: 'lying-content-length',
    stream: false,
    behaviour: (_request, response) => {
      const body = JSON.stringify(answer);
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': String(body.length + 100) });
      response.write(body);
      setTimeout(() => response.socket?.destroy(), 20);
    },
    requestsBeforeFallback: 2,
    alone: badGateway,
    requestsAlone: 2,
    failsOver: true,
  },
  {
    name: 'error-event-first',
    stream: true,
    behaviour: (_request, response) => {
      begin(response, [JSON.stringify({ error: { message: 'overloaded', type: 'server_error', code: 'overloaded' } })]);
      response.end();
    },
    requestsBeforeFallback: 2,
    alone: badGateway,
    requestsAlone: 2,
    failsOver: true,
  },
  {
    name: '404-model',
    stream: false,
    behaviour: failure(404, 'model_not_found'),
    requestsBeforeFallback: 1,
    alone: { status: 404, code: 'model_not_found' },
    requestsAlone: 1,
    failsOver: true,
  },
  // A refused key is read anew and shown once more before it counts as refused.
  {
    name: '401-credentials',
    stream: false,
    behaviour: failure(401, 'invalid_api_key'),
    requestsBeforeFallback: 2,
    alone: badGateway,
    requestsAlone: 2,
    failsOver: true,
  },
  {
    name: '400-context-length',
    stream: true,
    behaviour: failure(400, 'context_length_exceeded'),
    requestsBeforeFallback: 1,
    alone: { status: 400, code: 'context_length_exceeded' },
    requestsAlone: 1,
    failsOver: true,
  },
  {
    name: '400-content-policy',
    stream: false,
    behaviour: failure(400, 'content_policy_violation'),
    requestsBeforeFallback: 1,
    alone: { status: 400, code: 'content_policy_violation' },
    requestsAlone: 1,
    failsOver: true,
  },
  {
    name: '400-callers-own',
    stream: false,
    behaviour: failure(400, 'invalid_request_error', 'temperature must be a number'),
    requestsBeforeFallback: 1,
    alone: { status: 400, code: 'invalid_request' },
    requestsAlone: 1,
    failsOver: false,
  },
];

/** A port that refuses every TLS handshake, as a server does whose certificates are gone. */
export async function startTlsRefuser(): Promise<{ readonly url: string; readonly handshakes: () => number; close(): Promise<void> }> {
  let handshakes = 0;
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => {
      handshakes += 1;
      // An alert of TLS 1.2: fatal, handshake_failure (RFC 5246 section 7.2).
      socket.end(Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28]));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    url: `https://127.0.0.1:${port}/v1`,
    handshakes: () => handshakes,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** Requests that a provider got for a model. */
export function requestsFor(upstream: TestUpstream, model: string): number {
  return upstream.received.filter((request) => modelOf(request) === model).length;
}

export function modelOf(request: Pick<ReceivedRequest, 'body'>): string {
  return String(JSON.parse(request.body).model);
}

/** A provider whose every model fails by the script its name begins with: `500-storm@ordered`. */
export function startFailingProvider(): Promise<TestUpstream> {
  return startUpstream((request, response) => {
    const script = failureScripts.find(({ name }) => modelOf(request).split('@')[0] === name);
    return (script?.behaviour ?? wellBehaved)(request, response);
  });
}
