import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** A request as a provider received it. */
export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** The body, byte by byte. */
  readonly bytes: Buffer;
  /** Resolves when the connection is gone before the answer was whole. */
  readonly aborted: Promise<void>;
}

/** Answers one request, in whatever way the test wants a provider to behave. */
export type UpstreamBehaviour = (request: ReceivedRequest, response: ServerResponse) => void | Promise<void>;

/** A provider on loopback. */
export interface TestUpstream {
  /** Base URL, with `/v1`. */
  readonly url: string;
  readonly received: ReceivedRequest[];
  /** What happens to requests from now on. */
  behave(behaviour: UpstreamBehaviour): void;
  close(): Promise<void>;
}

/** Starts a provider that answers as told. */
export async function startUpstream(behaviour: UpstreamBehaviour = answerJson(200, {})): Promise<TestUpstream> {
  const received: ReceivedRequest[] = [];
  let current = behaviour;
  const sockets = new Set<Socket>();
  const server: Server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const aborted = new Promise<void>((resolve) => {
      response.once('close', () => {
        if (!response.writableFinished) resolve();
      });
    });
    const bytes = Buffer.concat(chunks);
    const request = {
      method: incoming.method ?? '',
      path: incoming.url ?? '',
      headers: incoming.headers,
      body: bytes.toString('utf8'),
      bytes,
      aborted,
    };
    received.push(request);
    await current(request, response);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    received,
    behave: (next) => {
      current = next;
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

/** Answers with a JSON body. */
export function answerJson(status: number, body: object, headers: Record<string, string> = {}): UpstreamBehaviour {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };
}

/** Streams data events, each after a pause, and ends as a provider ends: in `[DONE]`. */
export function answerStream(events: readonly string[], options: { pauseMs?: number; done?: boolean } = {}): UpstreamBehaviour {
  return async (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const event of events) {
      if (options.pauseMs !== undefined) await pause(options.pauseMs);
      response.write(`data: ${event}\n\n`);
    }
    if (options.done !== false) response.write('data: [DONE]\n\n');
    response.end();
  };
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Configuration of a gateway whose provider `up` is an upstream. */
export function configFor(upstream: { readonly url: string }, more: object = {}): object {
  return {
    providers: {
      up: {
        type: 'openai-compatible',
        base_url: upstream.url,
        api_key: 'env:UP_KEY',
        allow_private_address: true,
        stops_billing_on_abort: true,
        models: { m: { context_length: 128_000, max_output_tokens: 64_000 } },
      },
    },
    prices: { 'up/*': { input: 1, cached_input: 0.1, output: 2 } },
    ...more,
  };
}
