/**
 * Measures what a call writes: DynamoDB units by table and operation, bytes logged, bytes of its record, and bytes sent by OTLP
 * where that is on. The database counts the units itself (`ReturnConsumedCapacity`). Run it with `node test/telemetry/measure-cost.ts`; docs/costs.md has the figures.
 */
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { connectDynamoDb } from '../../shared/store/dynamo-connect.ts';
import { startGateway } from '../support/gateway.ts';
import { startDynalite } from '../support/ledger-servers.ts';

const calls = 20;

const server = await startDynalite();
const units = new Map<string, number>();
const proxy = createServer(async (request, response) => {
  const body = JSON.parse((await buffer(request)).toString('utf8'));
  const operation = String(request.headers['x-amz-target']).split('.')[1] ?? '';
  const counted = /^(Get|Put|Update|Delete)Item$|^Query$|^Scan$|^Batch/.test(operation);
  const { host: _host, 'content-length': _length, ...headers } = request.headers;
  const answer = await fetch(server.endpoint, {
    method: 'POST',
    headers: headers as Record<string, string>,
    body: JSON.stringify(counted ? { ...body, ReturnConsumedCapacity: 'TOTAL' } : body),
  });
  const text = await answer.text();
  const consumed = counted ? JSON.parse(text).ConsumedCapacity : undefined;
  for (const { TableName, CapacityUnits } of [consumed].flat().filter(Boolean)) {
    const name = `${TableName} ${operation}`;
    units.set(name, (units.get(name) ?? 0) + CapacityUnits);
  }
  response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.0' }).end(text);
});
await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
const address = proxy.address();
const endpoint = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
const exported = new Map<string, { bytes: number; requests: number }>();
const collector = createServer(async (request, response) => {
  const body = await buffer(request);
  const { bytes, requests } = exported.get(request.url ?? '') ?? { bytes: 0, requests: 0 };
  exported.set(request.url ?? '', { bytes: bytes + body.length, requests: requests + 1 });
  response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
});
await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
const collectorAddress = collector.address();
const collectorUrl = `http://127.0.0.1:${typeof collectorAddress === 'object' ? collectorAddress?.port : ''}`;
const gateway = await startGateway({
  config: { otlp: { endpoint: collectorUrl, allow_private_address: true } },
  environment: { DYNAMODB_ENDPOINT: endpoint },
});
const db = await connectDynamoDb({ region: 'us-east-1', endpoint: server.endpoint });

const budget = { budgets: [{ amount_usd: 1_000, period: 'month' }], requests_per_minute: 100_000, tokens_per_minute: 1_000_000_000 };
await gateway.admin('PUT', '/admin/teams/measured', { limits: budget });
await gateway.admin('PUT', '/admin/organizations/measured', { limits: budget });
await gateway.admin('PUT', '/admin/users/measured', { limits: budget });
const kinds = {
  'nothing limited': {},
  'key limited': { limits: budget },
  'key, team, user and organization limited': { limits: budget, team: 'measured', user: 'measured', organization: 'measured' },
};
for (const [kind, fields] of Object.entries(kinds)) {
  for (const session of [false, true]) {
    const { key } = await gateway.createKey({ name: kind, ...fields });
    const call = async (): Promise<void> => {
      const response = await fetch(`${gateway.url}/v1/chat/completions`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${key}`,
          'content-type': 'application/json',
          'x-sluice-tags': '{"feature":"search"}',
          ...(session && { 'x-sluice-session': 'a-session-of-some-agent' }),
        },
        body: JSON.stringify({ model: 'echo/ok?tokens=200', messages: [{ role: 'user', content: 'measure' }], stream: true }),
      });
      const id = response.headers.get('x-sluice-request-id');
      await response.text();
      await gateway.logged((line) => line.message === 'call' && line.request_id === id);
    };
    await call();
    units.clear();
    exported.clear();
    const logged = gateway.logLines.length;
    for (let count = 0; count < calls; count += 1) await call();
    const bytes = gateway.logLines.slice(logged).reduce((sum, line) => sum + line.length + 1, 0);
    process.stdout.write(`${kind}${session ? ', with a session' : ''}: ${Math.round(bytes / calls)} bytes logged a call\n`);
    for (const [path, { bytes: sent, requests }] of [...exported].sort()) {
      process.stdout.write(`  ${Math.round(sent / calls)} bytes in ${requests / calls} requests by OTLP to ${path}\n`);
    }
    for (const [name, sum] of [...units].sort()) process.stdout.write(`  ${(sum / calls).toFixed(2)} ${name}\n`);
  }
}
const { items } = await db.scan({ table: 'sluice-records' });
const sizes = items.map(({ body }) => String(body).length);
process.stdout.write(`records: ${Math.min(...sizes)} to ${Math.max(...sizes)} bytes\n`);
await gateway.close();
db.close();
proxy.close();
collector.close();
await server.close();
