import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { errorHeaders } from '../../shared/errors/error-response.ts';
import { GatewayError, toGatewayError } from '../../shared/errors/gateway-error.ts';
import { requestTooLarge } from '../../shared/errors/too-large.ts';
import { dialectOfPath } from '../../shared/middleware/endpoints.ts';
import { type FolderUploads, uploadPath } from '../../shared/store/upload-folder.ts';
import { invokeForHttp, type LambdaHandler } from './invoke.ts';
import { answerMalformed } from './malformed-request.ts';
import { exceedsEventLimit, splitTarget, toProxyEvent } from './proxy-event.ts';
import { receiveUpload } from './receive-upload.ts';
import { findRoute } from './routes.ts';

/** What {@link startLocalHost} needs. */
export interface LocalHostOptions {
  /** 0 picks a free one. */
  readonly port: number;
  /** Default 127.0.0.1: the host has no TLS and is not meant for a network. */
  readonly address?: string;
  /** Answers `/v1/*`, `/v1beta/*` and `/health`. */
  readonly gateway: LambdaHandler;
  /** Answers `/admin/*` and `/console*`. */
  readonly admin: LambdaHandler;
  /** Takes what is `PUT` to `/uploads/*`, as S3 does for a deployed gateway. */
  readonly uploads?: FolderUploads | undefined;
  /** Told of every function that failed, with what it threw. The caller of the API learns nothing of it. */
  readonly onFunctionError?: (functionName: string, thrown: unknown) => void;
}

/** A running host. */
export interface LocalHost {
  readonly port: number;
  /** `http://127.0.0.1:<port>`, without a trailing slash. */
  readonly url: string;
  /**
   * Stops listening, waits up to `drainMs` for open calls, cuts those that are left, and gives their
   * functions two seconds more to settle.
   */
  close(drainMs?: number): Promise<void>;
}

/** Past this many bytes API Gateway itself refuses a body. */
const maxBodyBytes = 10 * 1024 * 1024;
/** A refused body is read to its end, so that the client sees the answer, but not past this size. */
const maxDiscardedBytes = 64 * 1024 * 1024;
const settleAfterCutMs = 2000;

/**
 * Serves Lambda functions over HTTP as a REST API with response streaming does: request → proxy event →
 * the very handlers that run in AWS → streamed response.
 * @throws the error of `listen`, such as `EADDRINUSE`.
 */
export async function startLocalHost(options: LocalHostOptions): Promise<LocalHost> {
  const running = new Set<Promise<void>>();
  const answering = new WeakSet<Duplex>();
  const server = createServer({ keepAliveTimeout: 75_000 }, (request, response) => {
    answering.add(request.socket);
    response.once('close', () => answering.delete(request.socket));
    const call = answer(options, request, response).catch((thrown: unknown) => {
      // Nothing is left to tell the client; the operator shall know.
      options.onFunctionError?.('host', thrown);
      response.destroy();
    });
    running.add(call);
    void call.finally(() => running.delete(call));
  });
  // Into an answer that is under way nothing can be said.
  server.on('clientError', (cause, socket) => (answering.has(socket) ? socket.destroy() : answerMalformed(cause, socket)));
  const address = options.address ?? '127.0.0.1';
  const port = await listen(server, options.port, address);
  return {
    port,
    url: `http://${address.includes(':') ? `[${address}]` : address}:${port}`,
    close: (drainMs = 10_000) => closeServer(server, running, drainMs),
  };
}

async function answer(options: LocalHostOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { path } = splitTarget(request.url ?? '/');
  if (options.uploads !== undefined && request.method === 'PUT' && path.startsWith(uploadPath)) {
    return await takeUpload(options, options.uploads, request, response);
  }
  const route = findRoute(request.method ?? 'GET', path);
  const body = await readBody(request);
  if (body === 'gone') return;
  if (!route) {
    const where = 'The API lives under /v1 and /v1beta, the control plane under /admin.';
    return await refuse(request, response, new GatewayError('not_found', `There is no ${request.method} ${path}. ${where}`));
  }
  const event = body === 'too large' ? undefined : toProxyEvent(request, body, route);
  if (body === 'too large' || !event || exceedsEventLimit(event, body.length)) {
    if (!request.complete) response.once('finish', () => request.destroy());
    return await refuse(request, response, requestTooLarge(options.uploads !== undefined));
  }
  const functionName = `sluice-${route.target}`;
  try {
    await invokeForHttp(options[route.target], functionName, event, response);
  } catch (thrown) {
    if (response.destroyed) return; // The client left; whatever the function made of that is no failure.
    options.onFunctionError?.(functionName, thrown);
    if (response.headersSent) response.destroy();
    else await refuse(request, response, new GatewayError('internal_error', 'The gateway failed to handle this request.'));
  }
}

/** Reads the whole body. A client that leaves before its end is `gone`. */
function readBody(request: IncomingMessage): Promise<Buffer | 'too large' | 'gone'> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBodyBytes) chunks.push(chunk);
      else chunks.length = 0;
      if (size > maxDiscardedBytes) resolve('too large');
    });
    request.once('end', () => resolve(size > maxBodyBytes ? 'too large' : Buffer.concat(chunks, size)));
    request.once('close', () => resolve('gone'));
  });
}

async function takeUpload(options: LocalHostOptions, uploads: FolderUploads, request: IncomingMessage, response: ServerResponse) {
  try {
    await receiveUpload(uploads, request, response);
  } catch (thrown) {
    if (request.destroyed && !request.complete) return;
    if (!(thrown instanceof GatewayError)) options.onFunctionError?.('host', thrown);
    request.resume();
    await refuse(request, response, toGatewayError(thrown));
  }
}

/** In the words of the path's dialect, as its clients expect every error. */
async function refuse(request: IncomingMessage, response: ServerResponse, error: GatewayError): Promise<void> {
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  const body = JSON.stringify((await dialectOfPath(splitTarget(request.url ?? '/').path)).errorBody(error));
  response.writeHead(error.status, {
    ...errorHeaders(error),
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}

function listen(server: Server, port: number, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => {
      server.off('error', reject);
      const bound: AddressInfo | string | null = server.address();
      resolve(typeof bound === 'object' && bound ? bound.port : port);
    });
  });
}

async function closeServer(server: Server, running: ReadonlySet<Promise<void>>, drainMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  await settledWithin(running, drainMs);
  server.closeAllConnections();
  await settledWithin(running, settleAfterCutMs);
  await closed;
}

/** Waits until all of `running`, those that join it meanwhile too, have settled, at most `limitMs`. */
async function settledWithin(running: ReadonlySet<Promise<void>>, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), limitMs);
  });
  while (running.size > 0) {
    if ((await Promise.race([Promise.allSettled(running), limit])) === 'late') break;
  }
  clearTimeout(timer);
}
