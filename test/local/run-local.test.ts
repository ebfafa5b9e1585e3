import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { localCredentials } from '../../infra/local/create-tables.ts';
import { startEmbeddedDynamoDb } from '../../infra/local/embedded-dynamodb.ts';

const fixture = join(import.meta.dirname, 'fixtures/run-toy-functions.ts');
const cleanUps: (() => unknown)[] = [];
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-local-'));
});
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  await rm(folder, { recursive: true, force: true });
});

function run(environment: Record<string, string> = {}) {
  const child = spawn(process.execPath, [fixture], {
    env: { PATH: process.env.PATH, PORT: '0', SLUICE_DATA: join(folder, 'data'), TOY_KEY_FILE: join(folder, 'keys.json'), ...environment },
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
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, output, ended };
}

async function start(environment: Record<string, string> = {}) {
  const running = run(environment);
  while (!/^sluice ready on .*\n/m.test(running.output.stdout)) {
    if (running.child.exitCode !== null) throw new Error(running.output.stderr);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const url = /^sluice ready on (\S+)$/m.exec(running.output.stdout)?.[1] ?? '';
  const row = (name: string) => new RegExp(`^ +${name} +(\\S.*)$`, 'm').exec(running.output.stdout)?.[1];
  return { ...running, url, row };
}

async function firstLogEntry(): Promise<unknown> {
  return JSON.parse((await readFile(join(folder, 'data/logs/sluice.log'), 'utf8')).split('\n')[0] ?? '');
}

async function stop(running: Awaited<ReturnType<typeof start>>): Promise<number | null> {
  running.child.kill('SIGTERM');
  return running.ended;
}

describe('a start', () => {
  it('prints the base URL, both keys, and a curl line that works when pasted', async () => {
    const { output, url, row } = await start();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(row('base URL')).toBe(`${url}/v1`);
    expect(row('admin key')).toMatch(/^sluice-admin-/);
    expect(row('first key')).toBe('sk-key-1');
    const curl = /^ *(curl .*)$/m.exec(output.stdout)?.[1] ?? '';
    const { stdout } = await promisify(execFile)('sh', ['-c', `${curl} -sS --fail`]);
    expect(JSON.parse(stdout)).toMatchObject({ model: 'echo/ok', stream: true });
    expect(output.stderr).toBe('');
  });

  it('is ready on the last line', async () => {
    const { output, url } = await start();
    expect(output.stdout.trimEnd().split('\n').at(-1)).toBe(`sluice ready on ${url}`);
  });

  it('prints no colours into a pipe', async () => {
    const { output } = await start();
    expect(output.stdout).not.toContain('\u001b');
  });

  it('keeps secrets where only the owner reads them', async () => {
    await start();
    expect((await stat(join(folder, 'data/credentials.json'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'data'))).mode & 0o077).toBe(0);
  });

  it('takes the admin key of the environment and does not keep it', async () => {
    const { row } = await start({ SLUICE_ADMIN_KEY: 'an-admin-key-of-my-own' });
    expect(row('admin key')).toBe('an-admin-key-of-my-own');
    expect(await readFile(join(folder, 'data/credentials.json'), 'utf8')).not.toContain('an-admin-key-of-my-own');
  });

  it('leaves nothing on disk when told to keep everything in memory', async () => {
    const running = await start({ SLUICE_DATA: ':memory:' });
    expect(running.row('data')).toBe('in memory only');
    await stop(running);
    expect(await readdir(folder)).toEqual(['keys.json']);
  });

  it('tells the functions their tables and the embedded database', async () => {
    const running = await start();
    await fetch(`${running.url}/v1/x`);
    await stop(running);
    expect(await firstLogEntry()).toMatchObject({ table: 'sluice-ledger', dynamodb: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) });
  });

  it('uses another DynamoDB when one is named, and creates the tables there', async () => {
    const other = await startEmbeddedDynamoDb(undefined);
    cleanUps.push(() => other.close());
    const running = await start({ DYNAMODB_ENDPOINT: other.endpoint, SLUICE_LEDGER_TABLE: 'my-ledger' });
    expect(running.row('data')).toBe(`DynamoDB at ${other.endpoint}`);
    await fetch(`${running.url}/v1/x`);
    await stop(running);
    expect(await firstLogEntry()).toMatchObject({ table: 'my-ledger', dynamodb: other.endpoint });
    const client = new DynamoDBClient({ endpoint: other.endpoint, region: 'us-east-1', credentials: localCredentials });
    cleanUps.push(() => client.destroy());
    const { TableNames } = await client.send(new ListTablesCommand({}));
    expect(TableNames).toEqual(['my-ledger', 'sluice-cache', 'sluice-control', 'sluice-records']);
    expect(await readdir(join(folder, 'data'))).not.toContain('dynamodb');
  });
});

describe('a second start', () => {
  it('prints the same keys', async () => {
    const first = await start();
    const keys = [first.row('admin key'), first.row('first key')];
    expect(await stop(first)).toBe(0);
    const second = await start();
    expect([second.row('admin key'), second.row('first key')]).toEqual(keys);
  });

  it('makes another first key when the control plane no longer knows the kept one', async () => {
    const first = await start();
    await stop(first);
    await writeFile(join(folder, 'keys.json'), '["other"]');
    expect((await start()).row('first key')).toBe('sk-key-2');
  });

  it('on a folder in use says so in one line', async () => {
    await start();
    const second = run();
    expect(await second.ended).toBe(1);
    expect(second.output.stderr).toMatch(
      /^sluice: The data in .* is in use by another process\. Stop it, or set SLUICE_DATA to another folder\.\n$/,
    );
  });
});

describe('a failed start', () => {
  it('says in one line that the port is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    cleanUps.push(() => taken.close());
    const address = taken.address();
    const port = typeof address === 'object' ? String(address?.port) : '';
    const running = run({ PORT: port });
    expect(await running.ended).toBe(1);
    expect(running.output.stderr).toBe(
      `sluice: Port ${port} is taken. Stop what listens there, or set PORT to another one (PORT=0 picks one).\n`,
    );
  });

  it('names the setting that is wrong', async () => {
    const running = run({ PORT: 'eighty' });
    expect(await running.ended).toBe(1);
    expect(running.output.stderr).toBe('sluice: PORT: must be a whole number from 0 to 65535\n');
  });

  it('says which folder it cannot keep its data in, and what to set', async () => {
    const file = join(folder, 'a-file');
    await writeFile(file, '');
    const running = run({ SLUICE_DATA: file });
    expect(await running.ended).toBe(1);
    expect(running.output.stderr).toMatch(/^sluice: .*a-file.*\. Set SLUICE_DATA to a folder that this user may write to\.\n$/);
  });

  it('does not overwrite credentials that it cannot read', async () => {
    await stop(await start());
    await writeFile(join(folder, 'data/credentials.json'), '{"adminKey":');
    const running = run();
    expect(await running.ended).toBe(1);
    expect(running.output.stderr).toContain('credentials.json is malformed');
    expect(await readFile(join(folder, 'data/credentials.json'), 'utf8')).toBe('{"adminKey":');
  });

  it('says when nothing answers at the named DynamoDB', async () => {
    const running = run({ DYNAMODB_ENDPOINT: 'http://127.0.0.1:9' });
    expect(await running.ended).toBe(1);
    expect(running.output.stderr).toMatch(/^sluice: The DynamoDB at http:\/\/127\.0\.0\.1:9 does not answer as one/);
  });
});

describe('the end', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('lets open calls finish on %s and is clean', async (signal) => {
    const running = await start();
    const slow = fetch(`${running.url}/v1/slow`, { method: 'POST', body: 'kept', headers: { Authorization: 'Bearer sk-key-1' } });
    await new Promise((resolve) => setTimeout(resolve, 150));
    running.child.kill(signal);
    running.child.kill(signal);
    expect(await (await slow).text()).toBe('kept');
    expect(await running.ended).toBe(0);
  });

  it('comes while it is still starting', async () => {
    const running = run({ TOY_LOAD_MS: '500' });
    while (!existsSync(join(folder, 'data/dynamodb'))) await new Promise((resolve) => setTimeout(resolve, 10));
    running.child.kill('SIGTERM');
    expect(await running.ended).toBe(0);
  });
});

describe('the functions’ log', () => {
  it('goes to a file, not to the terminal', async () => {
    const running = await start();
    await fetch(`${running.url}/v1/logged`);
    await stop(running);
    expect(running.output.stdout).not.toContain('/v1/logged');
    expect(await readFile(join(folder, 'data/logs/sluice.log'), 'utf8')).toContain('"path":"/v1/logged"');
  });

  it('goes to the terminal too when asked for', async () => {
    const running = await start({ SLUICE_LOG: '1' });
    await fetch(`${running.url}/v1/logged`);
    await stop(running);
    expect(running.output.stdout).toContain('"path":"/v1/logged"');
  });
});
