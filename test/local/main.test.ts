import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

const root = join(import.meta.dirname, '../..');
const cleanUps: (() => unknown)[] = [];
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-main-'));
});
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  await rm(folder, { recursive: true, force: true });
});

function run(environment: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['infra/setup/run.mjs', 'start'], {
    cwd: root,
    env: { PATH: process.env.PATH, PORT: '0', SLUICE_DATA: join(folder, 'data'), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  cleanUps.push(() => child.kill('SIGKILL'));
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    output.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output.stderr += chunk;
  });
  return { child, output, ended: once(child, 'close').then(([code]) => code as number | null) };
}

async function start() {
  const running = run();
  while (!/^sluice ready on .*\n/m.test(running.output.stdout)) {
    if (running.child.exitCode !== null) throw new Error(running.output.stderr);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const { stdout } = running.output;
  const row = (name: string) => new RegExp(`^ +${name} +(\\S.*)$`, 'm').exec(stdout)?.[1] ?? '';
  const url = /^sluice ready on (\S+)$/m.exec(stdout)?.[1] ?? '';
  const call = async (method: string, path: string, key: string, body?: unknown) => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const response = await fetch(`${url}${path}`, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
    return JSON.parse(await response.text());
  };
  return { ...running, url, row, call, curl: /^curl .*$/m.exec(stdout)?.[0] ?? '' };
}

describe('the gateway on a laptop', () => {
  it('streams an answer to the curl line that it prints', async () => {
    const { curl } = await start();
    const { stdout } = await promisify(execFile)('sh', ['-c', `${curl} -sS --fail`]);
    const events = stdout.trim().split('\n\n');
    expect(events.length).toBeGreaterThan(2);
    expect(events.at(-1)).toBe('data: [DONE]');
  });

  it('finds the same keys and the same spend after it was killed', async () => {
    const first = await start();
    const limits = { budgets: [{ amount_usd: 5, period: 'total' }] };
    const { key } = await first.call('POST', '/admin/keys', first.row('admin key'), { name: 'with a budget', limits });
    const messages = [{ role: 'user', content: 'Spend something.' }];
    await first.call('POST', '/v1/chat/completions', key, { model: 'echo/ok', messages });
    const budget = async () => (await first.call('GET', '/v1/key', key)).budgets[0];
    // The books are closed after the last byte, so a moment may pass.
    await vi.waitUntil(async () => (await budget()).held_usd === 0, { timeout: 5000 });
    const before = await budget();
    expect(before.spent_usd).toBeGreaterThan(0);
    first.child.kill('SIGKILL');
    await first.ended;

    const second = await start();
    expect([second.row('admin key'), second.row('first key')]).toEqual([first.row('admin key'), first.row('first key')]);
    expect((await second.call('GET', '/v1/key', key)).budgets[0]).toEqual(before);
  });

  it('does not start on a configuration with a mistake, and says where it is', async () => {
    const config = join(folder, 'gateway.yaml');
    await writeFile(config, 'providers:\n  openai: {}\nmodells: {}\n');
    const running = run({ SLUICE_CONFIG: config });
    expect(await running.ended).toBe(1);
    expect(running.output.stderr).toMatch(/^sluice: .*gateway\.yaml:\d+: .*modells/);
    expect(running.output.stdout).toBe('');
  });
});
