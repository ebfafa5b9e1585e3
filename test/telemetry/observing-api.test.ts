import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../../infra/cli/run-cli.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';

let gateway: TestGateway;
let red: { id: string; key: string };
let blue: { id: string; key: string };
const ids: string[] = [];

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';

beforeAll(async () => {
  gateway = await startGateway({
    config: { models: { demo: { strategy: 'ordered', targets: ['echo/error-503', 'echo/ok'] } }, defaults: { retries: 0 } },
  });
  red = await gateway.createKey({ name: 'red', team: 'red', limits: { budgets: [{ amount_usd: 1, period: 'month' }] } });
  blue = await gateway.createKey({ name: 'blue', team: 'blue' });
  const tools = [{ type: 'function', function: { name: 'look_up', parameters: { type: 'object', properties: {} } } }];
  ids.push(await call(red.key, { model: 'demo' }, { 'x-sluice-session': 'agent-1', 'x-sluice-tags': '{"feature":"=cmd()"}' }));
  ids.push(
    await call(
      red.key,
      { model: 'echo/tool-call', tools },
      { 'x-claude-code-session-id': 'agent-1', traceparent: `00-${traceId}-00f067aa0ba902b8-01` },
    ),
  );
  ids.push(await call(red.key, { model: 'echo/ok', stream: true, session_id: 'agent-1' }));
  ids.push(await call(blue.key, { model: 'echo/error-400' }, { traceparent: `00-${traceId}-00f067aa0ba902b7-01` }));
  ids.push(await call(blue.key, { model: 'no/such' }, { 'x-sluice-user': 'alice' }));
});
afterAll(async () => {
  await gateway.close();
});

async function call(key: string, body: object, headers: Record<string, string> = {}): Promise<string> {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ messages: [{ role: 'user', content: 'a question' }], ...body }),
  });
  await response.text();
  const id = response.headers.get('x-sluice-request-id') ?? '';
  await gateway.logged((line) => line.message === 'call' && line.request_id === id);
  return id;
}

async function listed(query: string): Promise<unknown[]> {
  const { status, body } = await gateway.admin('GET', `/admin/requests?${query}`);
  expect(status).toBe(200);
  return (body.data as { id: string }[]).map(({ id }) => ids.indexOf(id));
}

describe('GET /admin/requests', () => {
  it.each([
    ['', [4, 3, 2, 1, 0]],
    ['team=red', [2, 1, 0]],
    ['model=demo', [0]],
    ['model=echo/ok', [2, 0]],
    ['provider=echo', [2, 1, 0]],
    ['status=404', [4]],
    ['status=4xx', [4, 3]],
    ['error=model_not_found', [4]],
    ['ending=refused', [4]],
    ['session=agent-1', [2, 1, 0]],
    [`trace=${traceId}`, [3, 1]],
    ['tag=feature', [0]],
    ['tag=feature=other', []],
    ['end_user=alice', [4]],
    ['to=2020-01-01', []],
    ['from=2099-01-01', []],
    ['from=2020-01-01T12:00:00Z&to=2020-01-01T11:00:00Z', []],
  ])('filters by %s, newest first', async (query, expected) => {
    expect(await listed(query)).toEqual(expected);
  });

  it('filters by key', async () => {
    expect(await listed(`key=${blue.id}`)).toEqual([4, 3]);
  });

  it('is paged', async () => {
    const seen: unknown[] = [];
    let cursor = '';
    do {
      const { body } = await gateway.admin('GET', `/admin/requests?limit=2${cursor && `&cursor=${cursor}`}`);
      seen.push(...(body.data as { id: string }[]).map(({ id }) => ids.indexOf(id)));
      cursor = String(body.next_cursor ?? '');
    } while (cursor !== '');
    expect(seen).toEqual([4, 3, 2, 1, 0]);
  });

  it('has each call under its id, and says what is not there', async () => {
    const { body } = await gateway.admin('GET', `/admin/requests/${ids[0]}`);
    expect(body).toMatchObject({ id: ids[0], served_by: 'echo/ok', team: 'red', scopes: { [`key#${red.id}`]: body.cost_nano_usd } });
    for (const unknown of ['req_1m84k7p8m54xkrfj', 'nothing', '..%2F..']) {
      expect((await gateway.admin('GET', `/admin/requests/${unknown}`)).status).toBe(404);
    }
  });

  it.each(['status=abc', 'from=yesterday', 'ending=sideways', 'colour=red'])('refuses %s', async (query) => {
    expect((await gateway.admin('GET', `/admin/requests?${query}`)).status).toBe(400);
  });
});

describe('GET /v1/generation', () => {
  async function generation(key: string, query: string) {
    const response = await fetch(`${gateway.url}/v1/generation${query}`, { headers: { authorization: `Bearer ${key}` } });
    return { status: response.status, body: await response.json() };
  }

  it("shows a key its own calls, and does not say that another's exist", async () => {
    expect(await generation(red.key, `?id=${ids[0]}`)).toMatchObject({ status: 200, body: { data: { id: ids[0], model: 'demo' } } });
    const foreign = await generation(blue.key, `?id=${ids[0]}`);
    const unknown = await generation(blue.key, '?id=req_1m84k7p8m54xkrfj');
    expect(foreign).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } });
    expect(foreign.body).toEqual(unknown.body);
    expect((await generation(red.key, '')).status).toBe(400);
  });
});

describe('GET /admin/sessions/{id}', () => {
  it('shows the steps in order with a running total, whoever named the session in whichever way', async () => {
    const { body } = await gateway.admin('GET', '/admin/sessions/agent-1');
    const steps = body.steps as { id: string; tools: string[]; running_cost_usd: number }[];
    expect(steps.map(({ id }) => ids.indexOf(id))).toEqual([0, 1, 2]);
    expect(steps[1]?.tools).toEqual(['look_up']);
    expect(steps.at(-1)?.running_cost_usd).toBe(body.cost_usd);
  });

  it('takes the id of a trace as well, and finds its calls whether they name a session or not', async () => {
    const steps = [1, 3].map((index) => ({ id: ids[index], trace_id: traceId }));
    expect((await gateway.admin('GET', `/admin/sessions/${traceId}`)).body.steps).toMatchObject(steps);
    expect((await gateway.admin('GET', '/admin/sessions/nobody')).status).toBe(404);
  });
});

describe('GET /admin/usage', () => {
  it('groups and sums', async () => {
    const { body } = await gateway.admin('GET', '/admin/usage?group_by=team');
    expect(body.data).toMatchObject([
      { team: 'red', calls: 3, errors: 0, fallbacks: 1 },
      { team: 'blue', calls: 2, errors: 1, refusals: 1 },
    ]);
    expect(body.total).toMatchObject({ calls: 5 });
    const { body: filtered } = await gateway.admin('GET', '/admin/usage?group_by=hour,model&team=blue');
    expect(filtered.total).toMatchObject({ calls: 2 });
  });

  it('is CSV where asked for, and no formula of a caller runs in it', async () => {
    const response = await fetch(`${gateway.url}/admin/usage?group_by=tag:feature&format=csv`, {
      headers: { authorization: `Bearer ${gateway.adminKey}` },
    });
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    const [header, line] = (await response.text()).split('\r\n');
    expect(header).toMatch(/^tag:feature,calls,errors/);
    expect(line).toMatch(/^'=cmd\(\),1,0/);
  });

  it.each(['group_by=colour', 'group_by=tag,end_user', 'from=2026-01-02&to=2026-01-01', 'format=xml'])('refuses %s', async (query) => {
    expect((await gateway.admin('GET', `/admin/usage?${query}`)).status).toBe(400);
  });
});

describe('GET /admin/metrics on a laptop', () => {
  it('answers from the lines of the calls', async () => {
    const { body } = await gateway.admin('GET', '/admin/metrics?metric=sluice.requests,sluice.calls&model=ok');
    const series = body.data as { metric: string; points: { value: number }[] }[];
    const sum = (metric: string) =>
      series
        .filter((one) => one.metric === metric)
        .flatMap(({ points }) => points)
        .reduce((total, { value }) => total + value, 0);
    expect(sum('sluice.calls')).toBe(2);
    const { body: all } = await gateway.admin('GET', '/admin/metrics?metric=sluice.requests');
    expect((all.data as typeof series)[0]?.points.reduce((total, { value }) => total + value, 0)).toBe(5);
    expect((await gateway.admin('PUT', '/admin/teams/red/dashboard')).status).toBe(400);
  });
});

describe('the command line', () => {
  async function sluice(...args: string[]): Promise<{ code: number; out: string; error: string }> {
    let out = '';
    let error = '';
    const code = await runCli(args, {
      environment: { SLUICE_URL: gateway.url, SLUICE_ADMIN_KEY: gateway.adminKey },
      folder: '/nowhere',
      actor: 'test',
      columns: 120,
      nowMs: Date.now(),
      write: (text) => (out += text),
      writeError: (text) => (error += text),
    });
    return { code, out, error };
  }

  it('shows usage with bars', async () => {
    const { out } = await sluice('usage', '--by', 'team');
    expect(out).toMatch(/TEAM +CALLS +FAILED/);
    expect(out).toMatch(/red +3 .*█/);
    expect(out).toMatch(/5 calls, /);
  });

  it('lists calls, follows them, and shows one whole', async () => {
    expect((await sluice('requests', '--team', 'red')).out.trim().split('\n')).toHaveLength(4);
    expect((await sluice('requests', '--team', 'red', '--from', '1h')).out.trim().split('\n')).toHaveLength(4);
    expect((await sluice('requests', '--team', 'red', '--to', '1h')).out.trim()).toBe('No such calls.');
    expect((await sluice('requests', '--from', 'yesterday')).error).toMatch(/a duration back from now \(24h\)/);
    expect((await sluice('usage', '--from', '24h')).out).toMatch(/5 calls, /);
    const tail = (await sluice('logs', 'tail', '--for', '1s', '--last', '2')).out.trim().split('\n');
    expect(tail).toHaveLength(2);
    expect(tail[1]).toMatch(/⊘ {2}404 {2}no\/such {2}model_not_found/);
    const shown = (await sluice('logs', 'show', ids[0] ?? '')).out;
    expect(shown).toMatch(/model +demo, served by echo\/ok/);
    expect(shown).toMatch(/attempts +at .*echo\/error-503 {2}server error \(503\) in \d+ ms: echo answered 503 \(echo_error_503\)$/m);
    expect(shown).toMatch(/at .*echo\/ok {2}answered \(200\) in \d+ ms, \$0\.\d+$/m);
    expect(await sluice('logs', 'show', 'req_none')).toMatchObject({ code: 1 });
  });

  it("shows an agent's session step by step", async () => {
    const { out } = await sluice('trace', 'agent-1');
    expect(out).toMatch(/^session agent-1: 3 calls in /);
    expect(out).toMatch(/2 {2}\+.* echo\/tool-call {2}tool_calls {2}calls look_up/);
    expect(await sluice('trace', 'nobody')).toMatchObject({ code: 1 });
  });

  it('proves the books', async () => {
    const { code, out } = await sluice('audit');
    expect(out).toMatch(/^The books agree to the nano-dollar: 5 calls/);
    expect(code).toBe(0);
  });
});
