import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import middy from '@middy/core';
import { executionModeStreamifyResponse } from '@middy/core/StreamifyResponse';
import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { afterEach, describe, expect, it } from 'vitest';
import { integrationResponseType } from '../../infra/local/awslambda.ts';
import type { LambdaHandler, LocalContext } from '../../infra/local/invoke.ts';
import { type LocalHost, startLocalHost } from '../../infra/local/local-host.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

interface Answer {
  readonly statusCode: number;
  readonly headers?: Record<string, string>;
  readonly cookies?: string[];
  readonly body?: string | Readable;
}

function streaming(respond: (event: APIGatewayProxyEvent, context: Context) => Promise<Answer> | Answer, requestEnd?: () => void) {
  return middy<APIGatewayProxyEvent, Answer>({ executionMode: executionModeStreamifyResponse, ...(requestEnd && { requestEnd }) }).handler(
    respond,
  );
}

const notFound: LambdaHandler = async () => ({ statusCode: 404 });

async function start(
  gateway: LambdaHandler,
  more: { admin?: LambdaHandler; onFunctionError?: (name: string, thrown: unknown) => void } = {},
) {
  const host: LocalHost = await startLocalHost({ port: 0, gateway, admin: notFound, ...more });
  closing.push(() => host.close(0));
  return host;
}

async function open(host: LocalHost, path: string, body = ''): Promise<{ sent: ClientRequest; response: IncomingMessage }> {
  const sent = request(`${host.url}${path}`, { method: 'POST', agent: false });
  sent.on('error', () => undefined);
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return { sent, response };
}

describe('a streaming function', () => {
  it('answers with the status, headers and cookies of its metadata', async () => {
    const host = await start(
      streaming(() => ({
        statusCode: 201,
        headers: { 'Content-Type': 'text/plain', 'x-one': '1' },
        cookies: ['a=1', 'b=2'],
        body: 'made',
      })),
    );
    const response = await fetch(`${host.url}/v1/things`);
    expect(response.status).toBe(201);
    expect(response.headers.get('content-type')).toBe('text/plain');
    expect(response.headers.get('x-one')).toBe('1');
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(await response.text()).toBe('made');
  });

  it('sends the head before there is any body', async () => {
    const body = new Readable({ read: () => undefined });
    const host = await start(streaming(() => ({ statusCode: 200, body })));
    const { response } = await open(host, '/v1/slow');
    expect(response.statusCode).toBe(200);
    body.push(null);
    response.resume();
    await once(response, 'end');
  });

  it('hands every chunk on before it makes the next one', async () => {
    const received: string[] = [];
    let onChunk: (() => void) | undefined;
    async function* chunks() {
      for (const chunk of ['one', 'two', 'three', 'four']) {
        const arrived = new Promise<void>((resolve) => {
          onChunk = resolve;
        });
        yield chunk;
        await arrived; // ends only when the client has this chunk
      }
    }
    const host = await start(streaming(() => ({ statusCode: 200, body: Readable.from(chunks(), { objectMode: false }) })));
    const { response } = await open(host, '/v1/stream');
    for await (const chunk of response) {
      received.push(String(chunk));
      onChunk?.();
    }
    expect(received).toEqual(['one', 'two', 'three', 'four']);
  });

  it('is slowed down by a slow client', async () => {
    let produced = 0;
    const block = Buffer.alloc(64 * 1024, 'x');
    const body = new Readable({
      read() {
        produced += 1;
        this.push(produced > 1000 ? null : block);
      },
    });
    const host = await start(streaming(() => ({ statusCode: 200, body })));
    const { sent, response } = await open(host, '/v1/big');
    response.pause();
    await delay(300);
    const whilePaused = produced;
    expect(whilePaused).toBeLessThan(500);
    await delay(100);
    expect(produced).toBe(whilePaused);
    sent.destroy();
  });

  it('notices when the client leaves, and settles', async () => {
    const settled = Promise.withResolvers<void>();
    const stopped = Promise.withResolvers<Error | null>();
    const body = new Readable({
      read: () => undefined,
      destroy: (error, done) => {
        stopped.resolve(error);
        done(null);
      },
    });
    body.push('first');
    const failures: unknown[] = [];
    const host = await start(
      streaming(
        () => ({ statusCode: 200, body }),
        () => settled.resolve(),
      ),
      { onFunctionError: (_name, thrown) => failures.push(thrown) },
    );
    const { sent, response } = await open(host, '/v1/stream');
    await once(response, 'data');
    sent.destroy();
    expect(await stopped.promise).toMatchObject({ code: expect.stringMatching(/ABORT_ERR|ERR_STREAM_PREMATURE_CLOSE/) });
    await settled.promise;
    expect(failures).toEqual([]);
  });

  it.each<[string, () => string | Readable]>([
    ['with text', () => 'too late'],
    ['with long text', () => 'x'.repeat(1_000_000)],
    ['with a stream', () => new Readable({ read: () => undefined })],
    ['with an empty body', () => ''],
  ])('that answers %s after the client has left still settles', async (_how, makeBody) => {
    const begun = Promise.withResolvers<void>();
    const settled = Promise.withResolvers<void>();
    const host = await start(
      streaming(
        async () => {
          begun.resolve();
          await delay(100);
          return { statusCode: 200, body: makeBody() };
        },
        () => settled.resolve(),
      ),
    );
    const sent = request(`${host.url}/v1/slow`, { agent: false }).end();
    sent.on('error', () => undefined);
    await begun.promise;
    sent.destroy();
    await settled.promise;
  });

  it('settles when the client leaves within a long text', async () => {
    const settled = Promise.withResolvers<void>();
    const host = await start(
      streaming(
        () => ({ statusCode: 200, body: 'x'.repeat(20_000_000) }),
        () => settled.resolve(),
      ),
    );
    const { sent, response } = await open(host, '/v1/long');
    response.on('error', () => undefined);
    response.pause();
    await delay(50);
    sent.destroy();
    await settled.promise;
  });

  it('learns from its context that the client leaves before there is an answer', async () => {
    const begun = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<void>();
    const host = await start(
      streaming((_event, context) => {
        if ('clientGone' in context && context.clientGone instanceof AbortSignal)
          context.clientGone.addEventListener('abort', () => gone.resolve());
        begun.resolve();
        return new Promise<Answer>(() => undefined);
      }),
    );
    const sent = request(`${host.url}/v1/slow`, { agent: false }).end();
    sent.on('error', () => undefined);
    await begun.promise;
    sent.destroy();
    await gone.promise;
  });

  it('that throws before its answer gives 500 without detail', async () => {
    const failures: unknown[] = [];
    const host = await start(
      streaming(() => {
        throw new Error('password is hunter2');
      }),
      { onFunctionError: (name, thrown) => failures.push([name, thrown]) },
    );
    const response = await fetch(`${host.url}/v1/fails`);
    expect(response.status).toBe(500);
    const text = await response.text();
    expect(text).not.toContain('hunter2');
    expect(JSON.parse(text)).toMatchObject({ error: { code: 'internal_error', type: 'server_error', param: null } });
    expect(failures).toMatchObject([['sluice-gateway', { message: 'password is hunter2' }]]);
  });

  it('that fails within its body cuts the connection instead of ending it cleanly', async () => {
    const body = Readable.from(
      (async function* () {
        yield 'partial';
        await delay(20);
        throw new Error('upstream gone');
      })(),
      { objectMode: false },
    );
    const host = await start(streaming(() => ({ statusCode: 200, body })));
    const { response } = await open(host, '/v1/cut');
    await expect(
      (async () => {
        for await (const _ of response);
      })(),
    ).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('that writes without metadata gives 500', async () => {
    const host = await start(middy(async () => 'bare text', { executionMode: executionModeStreamifyResponse }));
    const response = await fetch(`${host.url}/v1/bare`);
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({ error: { code: 'internal_error' } });
  });

  it('that never ends its stream gives 500', async () => {
    const { awsLambdaShim } = await import('../../infra/local/awslambda.ts');
    const host = await start(awsLambdaShim.streamifyResponse(async () => undefined));
    expect((await fetch(`${host.url}/v1/silent`)).status).toBe(500);
  });

  it('speaks the content type by which API Gateway knows metadata', () => {
    expect(integrationResponseType).toBe('application/vnd.awslambda.http-integration-response');
  });
});

describe('a buffered function', () => {
  it('answers with its proxy result, base64 decoded', async () => {
    const admin: LambdaHandler = async () => ({
      statusCode: 200,
      headers: { 'content-type': 'application/octet-stream' },
      multiValueHeaders: { 'x-many': ['1', '2'] },
      body: Buffer.from([0, 255, 128]).toString('base64'),
      isBase64Encoded: true,
    });
    const host = await start(notFound, { admin });
    const response = await fetch(`${host.url}/admin/file`);
    expect(response.headers.get('x-many')).toBe('1, 2');
    expect(response.headers.get('content-length')).toBe('3');
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([0, 255, 128]);
  });

  it('gives 500 when its result is malformed', async () => {
    const host = await start(notFound, { admin: async () => ({ statusCode: 'fine' }) });
    expect((await fetch(`${host.url}/admin/keys`)).status).toBe(500);
  });
});

describe('the event', () => {
  async function eventOf(path: string, init: RequestInit = {}): Promise<APIGatewayProxyEvent> {
    const host = await start(async (event: APIGatewayProxyEvent) => ({ statusCode: 200, body: JSON.stringify(event) }));
    return (await (await fetch(`${host.url}${path}`, init)).json()) as APIGatewayProxyEvent;
  }

  it('is that of a REST proxy integration', async () => {
    const event = await eventOf('/v1/models/a%2Fb?x=1&x=2&y=a%20b', { headers: { 'X-Custom': 'yes' } });
    expect(event).toMatchObject({
      resource: '/v1/{proxy+}',
      path: '/v1/models/a%2Fb',
      httpMethod: 'GET',
      queryStringParameters: { x: '2', y: 'a b' },
      multiValueQueryStringParameters: { x: ['1', '2'], y: ['a b'] },
      pathParameters: { proxy: 'models/a%2Fb' },
      stageVariables: null,
      body: null,
      isBase64Encoded: false,
      requestContext: { stage: 'local', path: '/v1/models/a%2Fb', httpMethod: 'GET', identity: { sourceIp: '127.0.0.1' } },
    });
    expect(event.headers['X-Forwarded-For']).toBe('127.0.0.1');
    expect(Object.keys(event.headers).map((name) => name.toLowerCase())).not.toContain('connection');
  });

  it('has no query maps without a query', async () => {
    expect(await eventOf('/health')).toMatchObject({ queryStringParameters: null, multiValueQueryStringParameters: null });
  });

  it('carries text bodies as text', async () => {
    const body = JSON.stringify({ text: 'größer' });
    expect(await eventOf('/v1/chat/completions', { method: 'POST', body, headers: { 'content-type': 'application/json' } })).toMatchObject({
      body,
      isBase64Encoded: false,
    });
  });

  it('carries multipart and audio bodies as base64', async () => {
    const form = new FormData();
    form.set('file', new Blob([new Uint8Array([0, 159, 146, 150])]), 'a.wav');
    const event = await eventOf('/v1/audio/transcriptions', { method: 'POST', body: form });
    expect(event.isBase64Encoded).toBe(true);
    expect(Buffer.from(event.body ?? '', 'base64').includes(Buffer.from([0, 159, 146, 150]))).toBe(true);
    const audio = await eventOf('/v1/audio', { method: 'POST', body: new Uint8Array([255]), headers: { 'content-type': 'audio/mpeg' } });
    expect(audio).toMatchObject({ body: '/w==', isBase64Encoded: true });
  });

  it('keeps repeated headers apart, under the spelling of the first', async () => {
    const host = await start(async (event: APIGatewayProxyEvent) => ({ statusCode: 200, body: JSON.stringify(event) }));
    const sent = request(`${host.url}/v1/x`, { agent: false, headers: ['Host', 'h', 'X-Tag', 'a', 'x-tag', 'b'] });
    sent.end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    const event = JSON.parse(Buffer.concat(await response.toArray()).toString()) as APIGatewayProxyEvent;
    expect(event.multiValueHeaders['X-Tag']).toEqual(['a', 'b']);
    expect(event.headers['X-Tag']).toBe('b');
  });

  it('comes with a context', async () => {
    const host = await start(async (_event: APIGatewayProxyEvent, context: LocalContext) => ({
      statusCode: 200,
      body: JSON.stringify([context.awsRequestId, context.functionName, context.getRemainingTimeInMillis()]),
    }));
    const [id, name, remainingMs] = (await (await fetch(`${host.url}/v1/x`)).json()) as [string, string, number];
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(name).toBe('sluice-gateway');
    expect(remainingMs).toBeGreaterThan(14 * 60_000);
    expect(remainingMs).toBeLessThanOrEqual(15 * 60_000);
  });
});

describe('the edge', () => {
  it.each(['/', '/v2/x', '/v1', '/v1/', '/healthy', '/consoles', '/admin'])('answers 404 at %s without asking a function', async (path) => {
    let asked = false;
    const handler: LambdaHandler = async () => {
      asked = true;
      return { statusCode: 200 };
    };
    const host = await start(handler, { admin: handler });
    const response = await fetch(`${host.url}${path}`);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: { code: 'not_found', type: 'invalid_request_error' } });
    expect(asked).toBe(false);
  });

  it.each([
    ['/v1/x', 'gateway'],
    ['/v1beta/models/m:generateContent', 'gateway'],
    ['/health', 'gateway'],
    ['/admin/keys', 'admin'],
    ['/console', 'admin'],
    ['/console/app.js', 'admin'],
  ])('routes %s to %s', async (path, name) => {
    const named =
      (body: string): LambdaHandler =>
      async () => ({ statusCode: 200, body });
    const host = await start(named('gateway'), { admin: named('admin') });
    expect(await (await fetch(`${host.url}${path}`)).text()).toBe(name);
  });

  it.each(['/health', '/console', '/console/x'])('answers 404 to a POST at %s, which only reads', async (path) => {
    const host = await start(async () => ({ statusCode: 200 }), { admin: async () => ({ statusCode: 200 }) });
    expect((await fetch(`${host.url}${path}`, { method: 'POST' })).status).toBe(404);
    expect((await fetch(`${host.url}${path}`)).status).toBe(200);
  });

  it('lets a body through whose event just fits, and refuses one byte more with 413', async () => {
    let seen = 0;
    const host = await start(async (event: APIGatewayProxyEvent) => {
      seen = Buffer.byteLength(JSON.stringify(event));
      return { statusCode: 200 };
    });
    const send = (length: number) => fetch(`${host.url}/v1/x`, { method: 'POST', body: 'x'.repeat(length) });
    expect((await send(6_000_000)).status).toBe(200);
    const room = 6 * 1024 * 1024 - seen;
    expect((await send(6_000_000 + room)).status).toBe(200);
    const refused = await send(6_000_000 + room + 1);
    expect(refused.status).toBe(413);
    expect(refused.headers.get('x-should-retry')).toBe('false');
    expect(await refused.json()).toMatchObject({ error: { code: 'request_too_large' } });
  });

  it('counts what escaping adds', async () => {
    const host = await start(async () => ({ statusCode: 200 }));
    expect((await fetch(`${host.url}/v1/x`, { method: 'POST', body: '"'.repeat(4_000_000) })).status).toBe(413);
  });

  it('answers 413 to a body that is larger than any API takes', async () => {
    const host = await start(async () => ({ statusCode: 200 }));
    expect((await fetch(`${host.url}/v1/x`, { method: 'POST', body: Buffer.alloc(20 * 1024 * 1024) })).status).toBe(413);
  });
});

describe('closing', () => {
  it('lets open calls end', async () => {
    const body = new Readable({ read: () => undefined });
    const host = await start(streaming(() => ({ statusCode: 200, body })));
    const { response } = await open(host, '/v1/stream');
    const closed = host.close(5000);
    body.push('the end');
    body.push(null);
    expect(Buffer.concat(await response.toArray()).toString()).toBe('the end');
    await closed;
  });

  it('cuts calls that outlast the limit, after which their functions still settle', async () => {
    let settled = false;
    const host = await start(
      streaming(
        () => ({ statusCode: 200, body: new Readable({ read: () => undefined }) }),
        () => {
          settled = true;
        },
      ),
    );
    const { response } = await open(host, '/v1/stream');
    response.on('error', () => undefined);
    await host.close(50);
    expect(settled).toBe(true);
  });

  it('rejects a port that is taken', async () => {
    const host = await start(notFound);
    await expect(startLocalHost({ port: host.port, gateway: notFound, admin: notFound })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});

describe('what is no request', () => {
  /** Everything that comes back on a connection of its own. */
  async function sendRaw(host: LocalHost, bytes: string): Promise<string> {
    const socket = connect(host.port, '127.0.0.1');
    socket.write(bytes);
    let text = '';
    for await (const chunk of socket.setEncoding('utf8')) text += chunk;
    return text;
  }
  const bodyOf = (answer: string) => JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)).error;

  it.each([
    ['that speaks TLS', '\x16\x03\x01\x02\x00\x01\x00', 400, 'https'],
    ['with a header that is none', 'GET /health HTTP/1.1\r\nhost: x\r\nno header\r\n\r\n', 400, 'HTTP/1.1'],
    ['with headers past the limit', `GET /health HTTP/1.1\r\nhost: x\r\nx-sluice-tags: ${'a'.repeat(20_000)}\r\n\r\n`, 431, '16 KB'],
  ])('%s is answered in the shape of every other error', async (_name, bytes, status, said) => {
    const host = await start(notFound);
    const answer = await sendRaw(host, bytes);
    expect(answer.startsWith(`HTTP/1.1 ${status} `)).toBe(true);
    expect(bodyOf(answer)).toMatchObject({
      code: 'invalid_request',
      type: 'invalid_request_error',
      message: expect.stringContaining(said),
    });
  });

  it('does not speak into an answer under way', async () => {
    const host = await start(
      streaming(() => ({
        statusCode: 200,
        body: Readable.from(
          (async function* slowly() {
            yield 'begun ';
            await delay(200);
            yield 'ended';
          })(),
        ),
      })),
    );
    const answer = await sendRaw(host, 'POST /v1/x HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\nGARBAGE \r\n\r\n');
    expect(answer).not.toContain('HTTP/1.1 400');
    expect(answer).not.toContain('whole HTTP/1.1 request');
  });
});
