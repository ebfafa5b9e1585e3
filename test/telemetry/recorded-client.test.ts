import { afterAll, beforeAll, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(async () => {
  await gateway.close();
});

async function call(headers: Record<string, string>): Promise<string> {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: 'echo/ok', messages: [{ role: 'user', content: 'Hello' }] }),
  });
  await response.text();
  const id = response.headers.get('x-sluice-request-id') ?? '';
  await gateway.logged((line) => line.message === 'call' && line.request_id === id);
  return id;
}

const record = async (id: string) => (await gateway.admin('GET', `/admin/requests/${id}`)).body;

it('tells the client and the app that a call came from', async () => {
  const id = await call({ 'user-agent': 'OpenAI/Python 2.9.1', 'http-referer': 'https://other.example.com/', 'x-title': 'Help desk' });
  expect(await record(id)).toMatchObject({ user_agent: 'OpenAI/Python 2.9.1', app: 'Help desk' });
  const line = await gateway.logged(({ message, request_id }) => message === 'call' && request_id === id);
  expect(line).toMatchObject({ user_agent: 'OpenAI/Python 2.9.1', app: 'Help desk' });
});

it.each([
  ['OpenRouter’s own title before the older one', { 'x-openrouter-title': 'New', 'x-title': 'Old' }, 'New'],
  ['no more of an address than where it is', { 'http-referer': 'https://app.example.com/page?token=secret' }, 'https://app.example.com'],
  ['nothing of an address that is none', { 'http-referer': 'my page' }, null],
  ['nothing where nothing is said', {}, null],
  ['no more of a long name than fits a table', { 'x-title': 'x'.repeat(500) }, 'x'.repeat(128)],
])('takes for the app %s', async (_what, headers, app) => {
  expect((await record(await call(headers))).app).toBe(app);
});

it('finds calls by either', async () => {
  const id = await call({ 'user-agent': 'claude-cli/2.4.0 (external, cli)', 'x-title': 'Finder' });
  const found = async (query: string) =>
    ((await gateway.admin('GET', `/admin/requests?${query}`)).body.data as { id: string }[]).map((one) => one.id);
  expect(await found('user_agent=Claude-CLI')).toEqual([id]);
  expect(await found('app=Finder')).toEqual([id]);
  expect(await found('app=Finder&user_agent=openai')).toEqual([]);
});
