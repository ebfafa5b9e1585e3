import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Invocation } from './invocation.ts';

/** The service side of the Lambda Runtime API, for one environment. */
export interface RuntimeApiHost {
  /** `host:port`, what `AWS_LAMBDA_RUNTIME_API` carries. */
  readonly address: string;
  /** Resolves with the error that the runtime reported when it could not load the function. */
  readonly initError: Promise<unknown>;
  /** Resolves when the runtime first asks for work. */
  readonly ready: Promise<void>;
  /** Queues an invocation; environments take one at a time. */
  invoke(event: unknown, timeoutMs?: number): Invocation;
  /** Ends every open invocation with `Runtime.ExitError`. */
  environmentDied(detail: string): void;
  close(): Promise<void>;
}

const base = '/2018-06-01/runtime';

/** Serves https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html on a free port of 127.0.0.1. */
export async function startRuntimeApiHost(): Promise<RuntimeApiHost> {
  const queue: { readonly invocation: Invocation; readonly timeoutMs: number }[] = [];
  const initError = Promise.withResolvers<unknown>();
  const ready = Promise.withResolvers<void>();
  let waiting: ServerResponse | undefined;
  let current: Invocation | undefined;

  const handOut = (): void => {
    if (!waiting || (current && !current.ended)) return;
    current?.finish();
    current = undefined;
    const next = queue.shift();
    if (!next) return;
    current = next.invocation;
    waiting.writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': current.requestId,
      'lambda-runtime-deadline-ms': String(Date.now() + next.timeoutMs),
      'lambda-runtime-invoked-function-arn': 'arn:aws:lambda:us-east-1:000000000000:function:under-test',
      'lambda-runtime-trace-id': 'Root=1-00000000-000000000000000000000000;Sampled=0',
    });
    waiting.end(JSON.stringify(current.event));
    waiting = undefined;
  };

  const server = createServer((request, response) => {
    const path = request.url ?? '';
    if (path === `${base}/invocation/next`) {
      ready.resolve();
      waiting = response;
      handOut();
      return;
    }
    void readReport(request, path, current).then((report) => {
      if (report !== undefined) initError.resolve(report);
      response.writeHead(202).end();
      handOut();
    });
  });
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();

  return {
    address: `127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}`,
    initError: initError.promise,
    ready: ready.promise,
    invoke(event, timeoutMs = 60_000) {
      const invocation = new Invocation(randomUUID(), event);
      queue.push({ invocation, timeoutMs });
      handOut();
      return invocation;
    },
    environmentDied(detail) {
      const error = { type: 'Runtime.ExitError', detail };
      for (const invocation of [current, ...queue.splice(0).map((entry) => entry.invocation)]) {
        invocation?.end({ contentType: undefined, streamed: false, error });
      }
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Takes what the runtime posts. Returns the error of a failed start, else undefined. */
async function readReport(request: IncomingMessage, path: string, current: Invocation | undefined): Promise<unknown> {
  if (path === `${base}/init/error`) return JSON.parse(Buffer.concat(await request.toArray()).toString('utf8'));
  if (!current || !path.startsWith(`${base}/invocation/${current.requestId}/`)) {
    throw new Error(`The runtime posted to ${path}, which is not the current invocation.`);
  }
  const contentType = request.headers['content-type'];
  const streamed = request.headers['lambda-runtime-function-response-mode'] === 'streaming';
  if (path.endsWith('/error')) {
    const detail = JSON.parse(Buffer.concat(await request.toArray()).toString('utf8'));
    current.end({ contentType, streamed, error: { type: String(detail.errorType), detail } });
    return undefined;
  }
  try {
    for await (const chunk of request) current.receive(chunk);
    current.end({ contentType, streamed, error: trailerError(request) });
  } catch {
    current.end({ contentType, streamed, error: { type: 'Runtime.ExitError', detail: 'The connection broke within the response.' } });
  }
  return undefined;
}

function trailerError(request: IncomingMessage): { type: string; detail: unknown } | undefined {
  const type = request.trailers['lambda-runtime-function-error-type'];
  if (type === undefined) return undefined;
  const body = request.trailers['lambda-runtime-function-error-body'] ?? '';
  return { type, detail: JSON.parse(Buffer.from(body, 'base64').toString('utf8')) };
}
