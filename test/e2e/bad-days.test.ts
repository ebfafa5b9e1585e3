import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { configFor } from '../support/upstream.ts';

const answer = JSON.stringify({
  id: 'c1',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
});
const head = (status: string, ...headers: string[]): string => [`HTTP/1.1 ${status}`, ...headers, '', ''].join('\r\n');
const json = 'content-type: application/json';

/** What stands at the provider's address, byte for byte. */
let says = '';
let upstream: Server;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = createServer((incoming, response) => {
    incoming.resume().on('end', () => response.socket?.end(says));
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const { port } = upstream.address() as AddressInfo;
  gateway = await startGateway({
    config: configFor({ url: `http://127.0.0.1:${port}/v1` }, { defaults: { retries: 0 } }),
    environment: { UP_KEY: 'key-of-the-operator' },
  });
});
afterAll(async () => {
  await gateway?.close();
  upstream?.closeAllConnections();
  await new Promise((resolve) => upstream?.close(resolve));
});

/** A call of a target that nobody called before, so that no breaker stands in its way, and its record. */
let calls = 0;
async function call(bytes: string, asked: { readonly path?: string; readonly more?: object } = {}) {
  says = bytes;
  calls += 1;
  const response = await fetch(`${gateway.url}${asked.path ?? '/v1/chat/completions'}`, {
    method: 'POST',
    redirect: 'manual',
    headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json', 'x-sluice-timeout-ms': '5000' },
    body: JSON.stringify({ model: `up/m-${calls}`, messages: [{ role: 'user', content: 'Hello' }], ...asked.more }),
  });
  const body = JSON.parse(await response.text());
  const id = response.headers.get('x-sluice-request-id');
  const line = await gateway.logged(({ request_id, message }) => message === 'call' && request_id === id);
  const record: { attempts?: Record<string, unknown>[] } = (await gateway.admin('GET', `/admin/requests/${id}`)).body;
  return { status: response.status, headers: response.headers, body, attempt: record.attempts?.[0], line };
}

describe('a provider at whose address', () => {
  it('a redirect stands is the operator to be told of, and not the caller to be blamed', async () => {
    const { status, headers, body, attempt, line } = await call(
      head('308 Permanent Redirect', 'location: https://login.example/sso?token=s3cret', 'content-length: 0'),
    );
    const reason =
      'up answered 308, a redirect to https://login.example/sso, which is not followed: its base_url has to be where the API itself is';
    expect({ status, code: body.error.code }).toEqual({ status: 502, code: 'provider_error' });
    expect(headers.get('x-should-retry')).toBe('false');
    expect(body.error.message).toContain(reason);
    expect(attempt).toMatchObject({ status: 308, outcome: 'unusable', reason });
    expect(line.attempts).toMatchObject([{ reason }]);
  });

  it('a page stands instead of an API is told with its status and what it sent', async () => {
    const { status, body, attempt } = await call(`${head('200 OK', 'content-type: text/html', 'content-length: 17')}<html>Hi</html>\n\n`);
    const reason = 'up answered 200 with text/html that is not one JSON object';
    expect({ status, code: body.error.code }).toEqual({ status: 502, code: 'provider_error' });
    expect(attempt).toMatchObject({ status: 200, outcome: 'server_error', reason });
  });

  it('nothing is said after a success is told as that', async () => {
    const { attempt } = await call(head('200 OK', json, 'content-length: 0'));
    expect(attempt).toMatchObject({ status: 200, outcome: 'server_error', reason: 'up answered 200 with an empty body' });
  });

  it('an answer is longer than it says is read as far as it says', async () => {
    const { status, body } = await call(`${head('200 OK', json, `content-length: ${answer.length}`)}${answer} and more`);
    expect({ status, said: body.choices[0].message.content }).toEqual({ status: 200, said: 'Hello' });
  });

  it('an answer is cut by a length that is too small is told at once', async () => {
    const { status, attempt } = await call(`${head('200 OK', json, `content-length: ${answer.length - 20}`)}${answer}`);
    expect(status).toBe(502);
    expect(attempt).toMatchObject({ reason: 'up answered 200 with application/json that is not one JSON object' });
  });

  it('something other than HTTP speaks is told as that', async () => {
    const { attempt } = await call('SSH-2.0-OpenSSH_9.6\r\n');
    expect(attempt).toMatchObject({ status: null, outcome: 'connection' });
    expect(attempt?.reason).toMatch(/it sent what is not HTTP/);
  });

  it('an error stands is told with the code that the provider gave, and without its words', async () => {
    const error = JSON.stringify({ error: { message: 'You said: Hello', code: 'engine_overloaded' } });
    const { attempt } = await call(`${head('503 Service Unavailable', json, `content-length: ${error.length}`)}${error}`);
    expect(attempt).toMatchObject({ status: 503, outcome: 'server_error', reason: 'up answered 503 (engine_overloaded)' });
  });
});

describe('a provider that is asked by translation, and', () => {
  const messages = { path: '/v1/messages', more: { max_tokens: 50 } };

  it('reports an error inside a success is told with that error', async () => {
    const error = JSON.stringify({ error: { message: 'Too much at once', code: 'rate_limit_exceeded', type: 'x' } });
    const { status, body, attempt } = await call(`${head('200 OK', json, `content-length: ${error.length}`)}${error}`, messages);
    expect({ status, code: body.error.code }).toEqual({ status: 429, code: 'rate_limit_exceeded' });
    expect(body.error.message).toContain('Too much at once');
    expect(attempt).toMatchObject({ outcome: 'rate_limited', reason: 'up reported an error inside its answer (rate_limit_exceeded)' });
  });

  it('answers with a page is told with its status and what it sent', async () => {
    const page = `${head('200 OK', 'content-type: text/html', 'content-length: 17')}<html>Hi</html>\n\n`;
    for (const more of [{ max_tokens: 50 }, { max_tokens: 50, stream: true }]) {
      const { status, attempt } = await call(page, { ...messages, more });
      expect(status).toBe(502);
      expect(attempt).toMatchObject({ status: 200, outcome: 'server_error' });
      expect(attempt?.reason).toMatch(/^up sent .*: it answered 200 with text\/html$/);
    }
  });
});
