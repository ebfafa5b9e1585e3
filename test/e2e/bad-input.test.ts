import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(async () => {
  await gateway?.close();
});

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly error: { code: string; message: string; param: string | null; type: string };
}

async function send(path: string, init: RequestInit & { key?: string | null } = {}): Promise<Answer> {
  const { key = gateway.key, ...rest } = init;
  const response = await fetch(gateway.url + path, {
    method: 'POST',
    ...rest,
    headers: { 'content-type': 'application/json', ...(key !== null && { authorization: `Bearer ${key}` }), ...rest.headers },
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, error: JSON.parse(text).error };
}

/** A JSON body whose shape the expectations check. */
async function bodyOf(response: Response) {
  return JSON.parse(await response.text());
}

const chat = (body: unknown) => send('/v1/chat/completions', { body: typeof body === 'string' ? body : JSON.stringify(body) });
const hello = { model: 'echo/ok', messages: [{ role: 'user', content: 'Hello' }] };

describe('a key', () => {
  it.each(['authorization', 'x-api-key', 'api-key', 'x-goog-api-key'])('is taken from %s', async (header) => {
    const value = header === 'authorization' ? `Bearer ${gateway.key}` : gateway.key;
    const response = await fetch(`${gateway.url}/v1/models`, { headers: { [header]: value } });
    expect(response.status).toBe(200);
  });

  it('that is missing, wrong or revoked is refused with 401 and a code, and is not worth a retry', async () => {
    expect(await send('/v1/chat/completions', { key: null, body: '{}' })).toMatchObject({
      status: 401,
      error: { code: 'missing_api_key', type: 'authentication_error' },
    });
    const wrong = await send('/v1/chat/completions', { key: 'sk-wrong', body: '{}' });
    expect(wrong).toMatchObject({ status: 401, error: { code: 'invalid_api_key' } });
    expect(wrong.headers.get('x-should-retry')).toBe('false');
    const { id, key } = await gateway.createKey({ name: 'soon gone' });
    await gateway.admin('DELETE', `/admin/keys/${id}`);
    expect(await send('/v1/chat/completions', { key, body: JSON.stringify(hello) })).toMatchObject({
      status: 401,
      error: { code: 'invalid_api_key' },
    });
  });

  it('reaches only the models it is allowed', async () => {
    const { key } = await gateway.createKey({ name: 'narrow', models: ['echo/slow'] });
    expect(await send('/v1/chat/completions', { key, body: JSON.stringify(hello) })).toMatchObject({
      status: 403,
      error: { code: 'model_not_allowed', param: 'model' },
    });
    const listed = await fetch(`${gateway.url}/v1/models`, { headers: { authorization: `Bearer ${key}` } });
    expect((await bodyOf(listed)).data.map((model: { id: string }) => model.id)).toEqual(['echo/slow']);
  });
});

describe('a path', () => {
  it('that does not exist is a 404 in the same shape', async () => {
    expect(await send('/v1/nothing', { body: '{}' })).toMatchObject({ status: 404, error: { code: 'not_found' } });
    expect(await send('/elsewhere', { body: '{}' })).toMatchObject({ status: 404, error: { code: 'not_found' } });
  });

  it('is found with a slash too many, where a base URL ended in one', async () => {
    for (const path of ['/v1//chat/completions', '/v1/chat/completions/']) {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${gateway.key}` };
      const response = await fetch(gateway.url + path, { method: 'POST', headers, body: JSON.stringify(hello) });
      expect(response.status).toBe(200);
    }
  });

  it('with the version twice is a 404 that says where the base URL is wrong', async () => {
    const answer = await send('/v1/v1/messages', { body: '{}' });
    expect(answer).toMatchObject({ status: 404, error: { code: 'not_found' } });
    expect(answer.error.message).toContain('must not end in /v1');
  });

  it("of OpenAI's that is not metered here says where it can be reached", async () => {
    for (const path of ['/v1/images/edits', '/v1/audio/translations', '/v1/responses/compact', '/v1/conversations', '/v1/files']) {
      const answer = await send(path, { body: '{}' });
      expect(answer).toMatchObject({ status: 404, error: { code: 'not_found' } });
      expect(answer.error.message).toContain('/v1/providers/openai');
    }
  });

  it('answers HEAD where it answers GET, as monitors ask', async () => {
    const headers = { authorization: `Bearer ${gateway.key}` };
    for (const path of ['/health', '/v1/models', '/v1/models/echo/ok']) {
      const response = await fetch(gateway.url + path, { method: 'HEAD', headers });
      expect([path, response.status, await response.text()]).toEqual([path, 200, '']);
    }
    expect((await fetch(`${gateway.url}/v1/chat/completions`, { method: 'HEAD', headers })).status).toBe(405);
  });

  it('refuses the wrong method and says which one it takes', async () => {
    const response = await fetch(`${gateway.url}/v1/chat/completions`, { headers: { authorization: `Bearer ${gateway.key}` } });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('POST');
    expect((await bodyOf(response)).error).toMatchObject({ code: 'invalid_request', message: '/v1/chat/completions takes POST, not GET.' });
  });
});

describe('a body', () => {
  it.each([
    ['is not JSON', '{"model": "echo/ok", secret-prompt', 'invalid_request', null],
    ['is empty', '', 'invalid_request', null],
    ['is no object', '[1]', 'invalid_request', null],
    ['has no model', { messages: hello.messages }, 'invalid_request', 'model'],
    ['has a model that is no string', { ...hello, model: 7 }, 'invalid_request', 'model'],
    ['has no messages', { model: 'echo/ok' }, 'invalid_request', 'messages'],
    ['has messages that are empty', { ...hello, messages: [] }, 'invalid_request', 'messages'],
    ['has an unknown role', { ...hello, messages: [{ role: 'wizard', content: 'x' }] }, 'invalid_request', 'messages.0.role'],
    ['has a content that is a number', { ...hello, messages: [{ role: 'user', content: 5 }] }, 'invalid_request', 'messages.0.content'],
    ['has a stream that is a word', { ...hello, stream: 'yes' }, 'invalid_request', 'stream'],
    ['has max_tokens below one', { ...hello, max_tokens: 0 }, 'invalid_request', 'max_tokens'],
    ['has a temperature out of range', { ...hello, temperature: 9 }, 'invalid_request', 'temperature'],
    [
      'is nested a thousand levels deep',
      `{"model":"echo/ok","messages":[{"role":"user","content":"x"}],"deep":${'['.repeat(1000)}${']'.repeat(1000)}}`,
      'invalid_request',
      null,
    ],
    ['injects a header through the model', { ...hello, model: 'echo/ok\r\nx-evil: 1' }, 'invalid_request', 'model'],
  ])('that %s is a 400 that names the field', async (_name, body, code, param) => {
    const answer = await chat(body);
    expect(answer).toMatchObject({ status: 400, error: { code, param } });
    expect(answer.error.message).not.toContain('secret-prompt');
    expect(answer.headers.get('x-evil')).toBeNull();
  });

  it.each([
    ['text/html', 'The content type must be application/json, not "text/html".'],
    ['text/plain;charset=UTF-8', 'The content type must be application/json, not "text/plain;charset=UTF-8".'],
    ['application/jsonp', 'The content type must be application/json, not "application/jsonp".'],
    ['application/json; charset=utf-16le', 'JSON is UTF-8, not "utf-16le". Send the body in UTF-8.'],
  ])('of the content type %s is refused', async (type, message) => {
    const answer = await send('/v1/chat/completions', { headers: { 'content-type': type }, body: JSON.stringify(hello) });
    expect(answer).toMatchObject({ status: 415, error: { code: 'invalid_request', param: 'content-type', message } });
  });

  it.each(['application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"', 'application/vnd.api+json'])(
    'of the content type %s is read',
    async (type) => {
      const headers = { 'content-type': type, authorization: `Bearer ${gateway.key}` };
      const response = await fetch(`${gateway.url}/v1/chat/completions`, { method: 'POST', headers, body: JSON.stringify(hello) });
      expect(response.status).toBe(200);
    },
  );

  it('that is compressed is refused by that name, and not as broken JSON', async () => {
    const answer = await send('/v1/chat/completions', { headers: { 'content-encoding': 'gzip' }, body: gzipSync(JSON.stringify(hello)) });
    expect(answer).toMatchObject({
      status: 415,
      error: { param: 'content-encoding', message: 'Bodies must not be compressed, and this one is "gzip". Send it as it is.' },
    });
  });

  it('that breaks off or has a typo is told where', async () => {
    expect((await chat('{"model": "echo/ok", ')).error.message).toBe('The request body is not valid JSON: see line 1, column 22.');
    expect((await chat('{"model": "echo/ok')).error.message).toBe('The request body is not valid JSON: it ends too early.');
    expect((await chat('{\n  "model": "echo/ok",\n}')).error.message).toBe('The request body is not valid JSON: see line 3, column 1.');
    expect((await chat('{"stream": True}')).error.message).toBe('The request body is not valid JSON: T stands where it cannot.');
  });

  it('with a wrong value is told what it should be, not what a parser expected', async () => {
    expect((await chat({ ...hello, temperature: 'hot' })).error.message).toBe("'temperature' must be a number, not a string.");
    expect((await chat({ ...hello, max_tokens: 0 })).error.message).toBe("'max_tokens' must be above 0.");
    expect((await chat({ ...hello, top_p: 2 })).error.message).toBe("'top_p' must be at most 1.");
  });

  it('of 7 MB is a 413 that says the way round it', async () => {
    const answer = await chat({ ...hello, messages: [{ role: 'user', content: 'x'.repeat(7 * 1024 * 1024) }] });
    expect(answer).toMatchObject({ status: 413, error: { code: 'request_too_large' } });
  });

  it('of a hundred thousand messages is answered', async () => {
    const messages = Array.from({ length: 100_000 }, () => ({ role: 'user', content: 'hi' }));
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${gateway.key}` },
      body: JSON.stringify({ model: 'echo/ok', messages }),
    });
    expect(response.status).toBe(200);
  });

  it('with NUL and lone surrogates travels unharmed', async () => {
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${gateway.key}` },
      body: '{"model":"echo/ok","messages":[{"role":"user","content":"a\\u0000b\\ud800c"}]}',
    });
    expect(response.status).toBe(200);
    expect((await bodyOf(response)).choices[0].message.content).toBe('a\u0000b\ud800c');
  });
});

describe('a model', () => {
  it('of the built-in provider that does not exist is one everywhere', async () => {
    const message = "The model 'echo/okk' does not exist. Did you mean 'echo/ok'?";
    expect(await chat({ ...hello, model: 'echo/okk' })).toMatchObject({
      status: 404,
      error: { code: 'model_not_found', param: 'model', message },
    });
    const headers = { authorization: `Bearer ${gateway.key}` };
    expect((await fetch(`${gateway.url}/v1/models/echo/okk`, { headers })).status).toBe(404);
    expect((await fetch(`${gateway.url}/v1/models/echo/error-418`, { headers })).status).toBe(200);
  });

  it('that does not exist is a 404 that names near ones', async () => {
    expect(await chat({ ...hello, model: 'ecko/ok' })).toMatchObject({
      status: 404,
      error: { code: 'model_not_found', param: 'model', message: expect.stringContaining("'echo/ok'") },
    });
    expect(await chat({ ...hello, model: 'ok' })).toMatchObject({
      status: 404,
      error: { code: 'model_not_found', message: expect.stringContaining("'echo/ok'") },
    });
  });
});

describe('a header', () => {
  it.each([
    ['x-sluice-tags', 'not json'],
    ['x-sluice-tags', '{"a": 1}'],
    ['x-sluice-timeout-ms', 'soon'],
    ['x-sluice-max-cost-usd', '-1'],
  ])('%s: %s is a 400 that names it', async (name, value) => {
    const answer = await send('/v1/chat/completions', { headers: { [name]: value }, body: JSON.stringify(hello) });
    expect(answer).toMatchObject({ status: 400, error: { code: 'invalid_request', param: name } });
  });
});

describe('a base URL', () => {
  it.each([
    'http://169.254.169.254/v1',
    'http://127.0.0.1:1/v1',
    'http://[::1]/v1',
    'http://10.1.2.3/v1',
    'http://localhost/v1',
    'http://0x7f.1/v1',
    'http://2130706433/v1',
  ])('that leads to %s is refused at start, with the line and what to write', async (base_url) => {
    const started = startGateway({ config: { providers: { evil: { type: 'openai-compatible', base_url } } } });
    await expect(started.then((unexpected) => unexpected.close())).rejects.toThrow(
      /gateway\.yaml:\d+: providers\.evil\.base_url .*allow_private_address: true/s,
    );
  });
});
