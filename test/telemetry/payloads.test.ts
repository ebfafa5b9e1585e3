import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FolderPayloads } from '../../shared/store/record-payloads.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';

let folder: string;
let gateway: TestGateway;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-payloads-'));
  gateway = await startGateway({
    dataFolder: folder,
    config: {
      models: {
        kept: { strategy: 'ordered', targets: ['echo/ok'], log_payloads: true },
        private: { strategy: 'ordered', targets: ['echo/ok'], log_payloads: false },
      },
      payload_logging: { redact: { ticket: 'TICKET-\\d+' }, longest_text: 200 },
    },
  });
});
afterAll(async () => {
  await gateway.close();
  await rm(folder, { recursive: true, force: true });
});

const content = 'TICKET-4711 of jane@example.com, key sk-abcdefghijklmnopqrstuvwx';

async function call(key: string, body: object, headers: Record<string, string> = {}): Promise<string> {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ messages: [{ role: 'user', content }], ...body }),
  });
  await response.text();
  const id = response.headers.get('x-sluice-request-id') ?? '';
  await gateway.logged((line) => line.message === 'call' && line.request_id === id);
  return id;
}

async function payloadOf(id: string): Promise<unknown> {
  // What was said is kept beside the record, not before it.
  await new Promise((resolve) => setTimeout(resolve, 50));
  return (await gateway.admin('GET', `/admin/requests/${id}`)).body.payload;
}

const redacted = '[ticket] of [email], key [api_key]';

describe('prompts and answers', () => {
  it('are kept for nobody who does not ask for it', async () => {
    expect(await payloadOf(await call(gateway.key, { model: 'echo/ok' }))).toBeNull();
    await expect(readdir(join(folder, 'payloads'))).rejects.toThrow('ENOENT');
  });

  it.each([true, false])('are kept for a key that does, redacted (streamed: %s)', async (stream) => {
    const { key } = await gateway.createKey({ name: 'kept', defaults: { log_payloads: true } });
    const id = await call(key, { model: 'echo/ok', stream });
    const payload = await payloadOf(id);
    expect(payload).toMatchObject({
      request: { model: 'echo/ok', messages: [{ role: 'user', content: redacted }] },
      response: { choices: [{ message: { content: redacted } }] },
    });
    expect(JSON.stringify(payload)).not.toMatch(/4711|jane|sk-abc/);
    expect((await stat(join(folder, 'payloads', `${id}.json`))).mode & 0o777).toBe(0o600);
  });

  it('are kept for a route that says so, and never for one that says no', async () => {
    const { key } = await gateway.createKey({ name: 'kept', defaults: { log_payloads: true } });
    expect(await payloadOf(await call(gateway.key, { model: 'kept' }))).toMatchObject({ request: { model: 'kept' } });
    expect(await payloadOf(await call(key, { model: 'private' }))).toBeNull();
  });

  it('come with the error where a call failed, and with the steps of a session', async () => {
    const { key } = await gateway.createKey({ name: 'kept', defaults: { log_payloads: true } });
    await call(key, { model: 'echo/error-503' }, { 'x-sluice-session': 'a session' });
    await new Promise((resolve) => setTimeout(resolve, 50));
    const { body } = await gateway.admin('GET', '/admin/sessions/a%20session');
    expect(body.steps).toMatchObject([{ ending: 'failed', payload: { response: { error: { code: 'provider_error' } } } }]);
  });

  it('are in no log line and no record', async () => {
    expect(gateway.logLines.length).toBeGreaterThan(4);
    expect(gateway.logLines.join('\n')).not.toMatch(/TICKET|\[ticket\]|jane|sk-abc/);
  });

  it('cannot be asked for, or kept, under a name that leads elsewhere', async () => {
    const payloads = new FolderPayloads(join(folder, 'payloads'));
    expect(await payloads.get('../credentials')).toBeUndefined();
    await expect(payloads.put({ id: '../x', atMs: 1, request: {} })).rejects.toThrow(RangeError);
  });
});
