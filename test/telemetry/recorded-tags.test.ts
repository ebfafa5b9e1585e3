import { afterAll, beforeAll, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(async () => {
  await gateway.close();
});

it("are those that routes go by: of key, user, team and organisation, and the caller's where none of these says otherwise", async () => {
  await gateway.admin('PUT', '/admin/organizations/acme', { tags: { centre: 'acme', floor: '1', desk: '1', seat: '1' } });
  await gateway.admin('PUT', '/admin/teams/red', { tags: { floor: '2', desk: '2', seat: '2' } });
  await gateway.admin('PUT', '/admin/users/ada', { tags: { desk: '3', seat: '3' } });
  const { key } = await gateway.createKey({ name: 'a', organization: 'acme', team: 'red', user: 'ada', tags: { seat: '4' } });
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      'x-sluice-tags': '{"centre": "other", "seat": "9", "feature": "search"}',
    },
    body: JSON.stringify({ model: 'echo/ok', messages: [{ role: 'user', content: 'Hello' }] }),
  });
  await response.text();
  const id = response.headers.get('x-sluice-request-id') ?? '';
  const line = await gateway.logged((logged) => logged.message === 'call' && logged.request_id === id);
  const tags = { centre: 'acme', floor: '2', desk: '3', seat: '4', feature: 'search' };
  expect(line.tags).toEqual(tags);
  expect((await gateway.admin('GET', `/admin/requests/${id}`)).body.tags).toEqual(tags);
});
