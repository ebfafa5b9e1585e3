import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { warningsOf } from '../../functions/admin/config-warnings.ts';
import { runCli } from '../../infra/cli/run-cli.ts';
import { liveConfig } from '../../shared/config/live-config.ts';
import { checkConfig } from '../../shared/config/load-config.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';

let gateway: TestGateway;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-config-'));
  gateway = await startGateway({ config: { models: { smart: { targets: ['echo/ok'] } } } });
});

afterAll(async () => {
  await gateway?.close();
  await rm(folder, { recursive: true, force: true });
});

const config = (targets: unknown, more: object = {}) => ({ models: { smart: { targets } }, ...more });

async function call(body: object) {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ messages: [{ role: 'user', content: 'hello' }], ...body }),
  });
  return { status: response.status, servedBy: response.headers.get('x-sluice-model'), text: await response.text() };
}

async function until(holds: () => Promise<boolean>, withinMs: number): Promise<number> {
  const startedAt = Date.now();
  while (!(await holds())) {
    if (Date.now() - startedAt > withinMs) throw new Error(`not within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return Date.now() - startedAt;
}

async function cli(...commandLine: string[]) {
  let out = '';
  let errors = '';
  const code = await runCli(commandLine, {
    environment: { SLUICE_URL: gateway.url, SLUICE_ADMIN_KEY: gateway.adminKey },
    folder,
    actor: 'the tests',
    columns: 120,
    nowMs: Date.now(),
    write: (text) => {
      out += text;
    },
    writeError: (text) => {
      errors += text;
    },
  });
  return { code, out, errors };
}

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

describe('the live configuration', () => {
  it('begins as the file that came with the deployment', async () => {
    const { status, body } = await gateway.admin('GET', '/admin/config');
    expect(status).toBe(200);
    expect(body).toMatchObject({ version: 0, source: 'file', config: config(['echo/ok']) });
  });

  it('is in effect within ten seconds of a PUT, while a call under way keeps what it began with', async () => {
    const slow = call({ model: 'smart', echo: { delay_ms: 6_000 } });
    await new Promise((resolve) => setTimeout(resolve, 200));
    const { status, body } = await gateway.admin('PUT', '/admin/config', config(['echo/error-503', 'echo/reasoning']));
    expect(status).toBe(200);
    expect(body).toMatchObject({ version: 1, source: 'api' });
    expect(body.changed).toEqual([
      { path: 'models.smart.targets.0', before: 'echo/ok', after: 'echo/error-503' },
      { path: 'models.smart.targets.1', after: 'echo/reasoning' },
    ]);
    const ms = await until(async () => (await call({ model: 'smart' })).servedBy === 'echo/reasoning', 10_000);
    expect(ms).toBeLessThan(10_000);
    expect((await slow).servedBy).toBe('echo/ok');
  });

  it('refuses a bad one whole, with every reason, and keeps what holds', async () => {
    const bad = { providers: { nonsense: {} }, models: { smart: { targets: ['nowhere/x', { model: 'echo/ok', wieght: 2 }] } } };
    const { status, body } = await gateway.admin('PUT', '/admin/config', bad);
    expect(status).toBe(400);
    expect(JSON.stringify(body)).toContain('wieght');
    const unknown = await gateway.admin('PUT', '/admin/config', config(['nowhere/x', 'gone']));
    const { details } = Object(unknown.body.error);
    expect(details.problems).toHaveLength(2);
    expect((await gateway.admin('GET', '/admin/config')).body.version).toBe(1);
  });

  it('warns of what takes a deployment beside it', async () => {
    const asking = { ...config(['echo/ok']), otlp: { aws_sigv4: true } };
    const settings = checkConfig({ ...asking, models: { smart: { targets: ['echo/ok'], log_payloads: true } } }, () => 'config');
    const live = liveConfig(settings, { secrets: { read: async () => undefined } });
    expect(warningsOf(live, { keepsPayloads: true, sendsMetrics: true })).toEqual([]);
    const [payloads, metrics] = warningsOf(live, { keepsPayloads: false, sendsMetrics: false });
    expect(payloads).toContain('models.smart.log_payloads: nothing is kept');
    expect(metrics).toContain('-c otlpMetrics=on');
    // This gateway keeps nothing on disk.
    const keeping = await file('keeping.yaml', 'models:\n  smart: { targets: [echo/ok], log_payloads: true }\n');
    expect((await cli('config', 'validate', keeping)).out).toContain('Deploy with -c payloads=on');
  });

  it('refuses a change made from a version that holds no more', async () => {
    const { status, body } = await gateway.admin('PUT', '/admin/config?if_version=0', config(['echo/ok']));
    expect(status).toBe(409);
    expect(Object(body.error).code).toBe('conflict');
  });

  it('goes from the command line: validate, apply, get, diff, versions, rollback', async () => {
    const bad = await file('bad.yaml', 'models:\n  smart:\n    targets: [nowhere/x]\n');
    const refused = await cli('config', 'validate', bad);
    expect(refused.code).toBe(1);
    expect(refused.errors).toContain(`${bad}:3`);
    const good = await file('good.yaml', '# ours\nmodels:\n  smart:\n    targets: [echo/length]\n');
    expect(await cli('config', 'validate', good)).toMatchObject({ code: 0 });
    const applied = await cli('config', 'apply', good, '--note', 'shorter', '--if-version', '1');
    expect(applied).toMatchObject({ code: 0 });
    expect(applied.out).toContain('version 2');
    expect((await cli('config', 'get')).out).toContain('# ours');
    expect((await cli('config', 'diff')).out).toContain('- "echo/error-503"');
    expect((await cli('config', 'diff', '--file', bad)).code).toBe(1);
    const versions = await cli('config', 'versions');
    expect(versions.out).toMatch(/\*\s+2 .*shorter/);
    expect(versions.out).toContain('deployment');
    const back = await cli('config', 'rollback', '0');
    expect(back.out).toContain('version 3, as version 0 was');
    await until(async () => (await call({ model: 'smart' })).servedBy === 'echo/ok', 10_000);
    expect((await cli('config', 'rollback', '77')).code).toBe(1);
    expect((await gateway.admin('GET', '/admin/config')).body).toMatchObject({ version: 3, source: 'file', restored: 0 });
    const trail = await gateway.admin('GET', '/admin/audit?target=config');
    expect(trail.body.data).toMatchObject([
      { action: 'config.rollback', outcome: 'done' },
      { action: 'config.put', outcome: 'done' },
      { action: 'config.put', outcome: 'failed' },
      { action: 'config.put', outcome: 'done' },
    ]);
  });
});

describe('an explanation', () => {
  it('says where a call would go, why, and at what cost', async () => {
    await gateway.admin('PUT', '/admin/config', {
      models: {
        smart: {
          strategy: 'cheapest',
          targets: [
            'echo/ok',
            { model: 'echo/reasoning', when: { tags: { tier: 'gold' } } },
            { model: 'echo/tool-call', when: { dialect: 'messages' } },
          ],
          mirror: { target: 'echo/length' },
          context_length_fallbacks: ['echo/empty'],
        },
      },
      prices: { 'echo/ok': { input: 3, output: 6 } },
    });
    const plain = await gateway.admin('POST', '/admin/route/explain', { model: 'smart', input_tokens: 1000, max_tokens: 1000 });
    expect(plain.body).toMatchObject({
      route: 'smart',
      targets: [
        { position: 1, target: 'echo/ok', estimated_cost_usd: 0.009, health: { breaker: 'closed' }, timeouts: { connect_ms: 5_000 } },
      ],
      on_context_length: [{ target: 'echo/empty' }],
      mirror: 'echo/length',
      left_out: [
        { target: 'echo/reasoning', reason: 'its condition on tags does not hold' },
        { target: 'echo/tool-call', reason: 'its condition on dialect does not hold' },
      ],
    });
    const gold = await cli('route', 'explain', 'smart', '--tag', 'tier=gold');
    expect(gold.code).toBe(0);
    expect(gold.out).toMatch(/1\. echo\/reasoning .*about \$0\.00.* for this call/);
    expect(gold.out).toContain('2. echo/ok');
    expect((await cli('route', 'explain', 'smart', '--dialect', 'messages')).out).toContain('echo/tool-call');
    const nothing = await gateway.admin('POST', '/admin/route/explain', { model: 'smrt' });
    expect(nothing.status).toBe(404);
    expect(JSON.stringify(nothing.body)).toContain("Did you mean 'smart'");
  });
});
