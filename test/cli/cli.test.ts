import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../../infra/cli/run-cli.ts';
import { allScopesOf } from '../../shared/admission/scopes.ts';
import { DynamoLedger } from '../../shared/store/ledger-store.ts';
import { adminKey, startControlPlane, type TestControlPlane, uniqueName } from '../support/control-plane.ts';
import { keyRecord } from '../support/control-records.ts';

const program = join(import.meta.dirname, '../../infra/cli/sluice.mjs');

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

let plane: TestControlPlane;
let folder: string;

beforeAll(async () => {
  plane = await startControlPlane((db) => new DynamoLedger({ db, table: 'sluice-ledger', recorder: { record: async () => undefined } }));
  plane.nowMs = Date.now();
  folder = await mkdtemp(join(tmpdir(), 'sluice-cli-'));
});

afterAll(async () => {
  await plane.close();
  await rm(folder, { recursive: true });
});

/** Runs the program as a shell would, in a folder without a gateway's data. */
function run(args: readonly string[], environment: Record<string, string> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [program, ...args],
      { cwd: folder, env: { PATH: process.env.PATH ?? '', ...environment } },
      (failure, out, error) => resolve({ code: typeof failure?.code === 'number' ? failure.code : 0, out, error }),
    );
  });
}

/** Runs a command line in this process: the same, without the half second that a process takes. */
async function runHere(args: readonly string[]): Promise<Ended> {
  let out = '';
  let error = '';
  const code = await runCli(args, {
    environment: { SLUICE_URL: plane.url, SLUICE_ADMIN_KEY: adminKey },
    folder,
    actor: 'test',
    columns: 80,
    nowMs: Date.now(),
    write: (text) => {
      out += text;
    },
    writeError: (text) => {
      error += text;
    },
  });
  return { code, out, error };
}

/** Runs it against the gateway under test. */
function sluice(...args: string[]): Promise<Ended> {
  return run(args, { SLUICE_URL: plane.url, SLUICE_ADMIN_KEY: adminKey });
}

async function json(...args: string[]) {
  const ended = await sluice(...args, '--json');
  expect(ended).toMatchObject({ code: 0, error: '' });
  return JSON.parse(ended.out);
}

async function jsonHere(...args: string[]) {
  const ended = await runHere([...args, '--json']);
  expect(ended).toMatchObject({ code: 0, error: '' });
  return JSON.parse(ended.out);
}

/** Text for people fits a terminal. */
function expectReadable(text: string): void {
  for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
}

describe('keys', () => {
  it('live from create to revoke', async () => {
    const made = await sluice(
      'keys',
      'create',
      'batch jobs',
      '--team',
      'growth',
      '--rpm',
      '60',
      '--budget',
      '50/month',
      '--model',
      'openai/*',
      '--tag',
      'env=prod',
    );
    expect(made).toMatchObject({ code: 0, error: '' });
    expectReadable(made.out);
    const secret = made.out.split('\n')[0] ?? '';
    expect(secret).toMatch(/^sk-[A-Za-z0-9_-]{43}$/);
    const id = /key_[0-9a-z]{16}/.exec(made.out)?.[0] ?? '';
    expect((await plane.call('GET', `/admin/keys/${id}`)).body).toMatchObject({
      name: 'batch jobs',
      team: 'growth',
      limits: { requests_per_minute: 60, budgets: [{ amount_usd: 50, period: 'month' }] },
      models: ['openai/*'],
      tags: { env: 'prod' },
    });

    const changed = await json('keys', 'update', id, '--rpm', 'none', '--budget', '2.5/day', '--team', 'none', '--disable');
    expect(changed).toMatchObject({
      team: null,
      disabled: true,
      limits: {
        budgets: [
          { amount_usd: 50, period: 'month' },
          { amount_usd: 2.5, period: 'day' },
        ],
      },
    });
    expect(changed.limits).not.toHaveProperty('requests_per_minute');

    const rotated = await json('keys', 'rotate', id, '--grace', '1h');
    expect(rotated.key).not.toBe(secret);
    expect(rotated.replaced_secrets).toHaveLength(1);

    const listed = await sluice('keys', 'list');
    expectReadable(listed.out);
    expect(listed.out).toMatch(new RegExp(`${id}  batch jobs .*disabled`));

    const { body: trail } = await plane.call('GET', `/admin/audit?target=${id}`);
    expect(trail.data[0].actor).toMatch(/^.+@.+$/);
    expect(await sluice('keys', 'revoke', id)).toMatchObject({ code: 0, out: `Revoked ${id}.\n` });
    const gone = await sluice('keys', 'show', id);
    expect(gone).toMatchObject({ code: 1, out: '' });
    expect(gone.error).toBe(`sluice: There is no key ${id}. GET /admin/keys lists those there are.\n`);
  });

  it('show what is spent and held as bars', async () => {
    const limits = { requests_per_minute: 60, parallel_requests: 4, budgets: [{ amount_usd: 10, period: 'month' as const }] };
    const { body: key } = await plane.call('POST', '/admin/keys', { name: 'spender', limits });
    const ledger = new DynamoLedger({ db: plane.dynamo, table: 'sluice-ledger', recorder: { record: async () => undefined } });
    const scopes = allScopesOf('key', key.id, limits);
    const ask = { scopes, tokens: 10, nowMs: Date.now(), expiresAtMs: Date.now() + 60_000 };
    const spent = await ledger.admit({ ...ask, requestId: 'r1', amountNanoUsd: 4_000_000_000 });
    if (spent.outcome !== 'admitted') throw new Error('The budget has room for this call.');
    await ledger.settle(spent, { actualNanoUsd: 2_500_000_000, actualTokens: 10, nowMs: Date.now() });
    await ledger.admit({ ...ask, requestId: 'r2', amountNanoUsd: 1_000_000_000 });

    plane.nowMs = Date.now();
    const shown = await sluice('keys', 'show', key.id);
    expect(shown).toMatchObject({ code: 0, error: '' });
    expectReadable(shown.out);
    expect(shown.out).toContain('$2.50 spent, $1.00 held of $10.00, resets');
    expect(shown.out).toMatch(/█{12,13}▒{5}·{32,33} 35%/);
    expect(shown.out).toContain('parallel       1 of 4 under way');
    expect(shown.out).toMatch(/requests\/min {3}5[89] of 60 left/);
    const budget = (await json('keys', 'show', key.id)).standing.budgets[0];
    expect(budget).toMatchObject({ spent_usd: 2.5, held_usd: 1, remaining_usd: 6.5 });
  });

  it('are listed beyond one page', async () => {
    const team = uniqueName('many');
    for (let index = 0; index < 203; index++) await plane.store.putKey(keyRecord({ id: `${team}-${index}`, team }));
    expect(await jsonHere('keys', 'list', '--team', team)).toHaveLength(203);
    expect((await runHere(['keys', 'list', '--team', 'nobody'])).out).toBe('No keys. Make one with "sluice keys create <name>".\n');
  });
});

describe('groups, limits and trail', () => {
  it.each(['teams', 'users', 'orgs'])('%s are set piece by piece, shown, listed and deleted', async (word) => {
    const id = uniqueName('group');
    await jsonHere(word, 'set', id, '--budget', '100/month', '--tag', 'a=b');
    const set = await jsonHere(word, 'set', id, '--rpm', '5');
    expect(set).toMatchObject({ limits: { requests_per_minute: 5, budgets: [{ amount_usd: 100, period: 'month' }] }, tags: { a: 'b' } });
    const shown = await runHere([word, 'get', id]);
    expectReadable(shown.out);
    expect(shown.out).toContain('$0.00 spent, $0.00 held of $100.00');
    expect((await runHere([word, 'list'])).out).toContain(id);
    expect((await jsonHere(word, 'set', id, '--no-limits')).limits).toBeNull();
    expect((await runHere([word, 'delete', id])).code).toBe(0);
    expect((await runHere([word, 'get', id])).code).toBe(1);
  });

  it('limits of the gateway are set and shown', async () => {
    await jsonHere('limits', 'set', 'gateway', '--parallel', '500', '--rpm', '1000');
    await jsonHere('limits', 'set', 'gateway', '--rpm', 'none');
    const shown = await runHere(['limits', 'show', 'gateway']);
    expect(shown.out).toContain('500 parallel');
    expect(shown.out).toContain('0 of 500 under way');
    expect(await jsonHere('limits', 'set', 'end-users', '--budget', '1/day')).toEqual({ budgets: [{ amount_usd: 1, period: 'day' }] });
    expect((await runHere(['limits', 'show', 'planet'])).code).toBe(2);
  });

  it('limits of tags are set, shown, listed and taken away', async () => {
    await jsonHere('tags', 'set', 'customer=*', '--rpm', '7');
    await jsonHere('tags', 'set', 'customer=acme', '--budget', '5/month');
    const set = await jsonHere('tags', 'set', 'customer=acme', '--parallel', '2');
    expect(set.limits).toEqual({ parallel_requests: 2, budgets: [{ amount_usd: 5, period: 'month' }] });
    const shown = await runHere(['tags', 'get', 'customer=acme']);
    expectReadable(shown.out);
    expect(shown.out).toContain('$0.00 spent, $0.00 held of $5.00');
    expect((await runHere(['tags', 'get', 'customer=globex'])).out).toContain('7 rpm, as customer=*');
    expect((await runHere(['tags', 'list'])).out).toMatch(/customer=\*.*\n.*customer=acme/);
    expect((await runHere(['tags', 'set', 'customer=acme'])).code).toBe(2);
    expect((await runHere(['tags', 'delete', 'customer=acme'])).code).toBe(0);
    expect((await runHere(['tags', 'get', 'nothing=here'])).code).toBe(1);
  });

  it('clamping and its floor are set, shown and lifted like any limit', async () => {
    const id = uniqueName('clamped');
    const set = await jsonHere('teams', 'set', id, '--budget', '5/day', '--clamp', 'no', '--clamp-floor', '1000');
    expect(set.limits).toEqual({ budgets: [{ amount_usd: 5, period: 'day' }], clamp: false, clamp_floor_tokens: 1_000 });
    expect((await runHere(['teams', 'get', id])).out).toContain('$5.00/day, no clamping, at least 1,000 output tokens');
    const lifted = await jsonHere('teams', 'set', id, '--clamp', 'yes', '--clamp-floor', 'none');
    expect(lifted.limits).toEqual({ budgets: [{ amount_usd: 5, period: 'day' }] });
    expect((await runHere(['teams', 'set', id, '--clamp', 'maybe'])).code).toBe(2);
  });

  it('trail says who did what', async () => {
    const id = uniqueName('audited');
    await jsonHere('teams', 'set', id, '--rpm', '5');
    await jsonHere('teams', 'set', id, '--rpm', '6');
    const shown = await runHere(['trail', '--target', id]);
    expectReadable(shown.out);
    expect(shown.out.trim().split('\n')).toHaveLength(3);
    expect(shown.out).toMatch(/team\.put .*limits/);
    expect((await jsonHere('trail', '--target', id, '--limit', '1'))[0].actor).toBe('test');
  });
});

describe('help', () => {
  it('tells the version', async () => {
    expect(await run(['--version'])).toMatchObject({ code: 0, out: expect.stringMatching(/^sluice \d+\.\d+\.\d+\n$/) });
  });

  it('is there for everything, fits the terminal and needs no gateway', async () => {
    const all = await run(['--help']);
    expect(all).toMatchObject({ code: 0, error: '' });
    expectReadable(all.out);
    expect((await runHere([])).out).toBe(all.out);
    const verbs = [...all.out.matchAll(/^ {2}([a-z]+(?: [a-z]+)?) (?:<| )/gm)].map((match) => (match[1] ?? '').split(' '));
    expect(verbs.length).toBeGreaterThan(15);
    const helps = await Promise.all(verbs.map((words) => runHere([...words, '--help'])));
    for (const [index, help] of helps.entries()) {
      expect(help).toMatchObject({ code: 0, error: '' });
      expect(help.out).toContain(`Usage: sluice ${verbs[index]?.join(' ')}`);
      expectReadable(help.out);
    }
    expect((await runHere(['keys'])).out).toContain('keys rotate <id>');
  });
});

describe('what was typed wrongly ends with 2 and one line', () => {
  it.each([
    [['fly'], 'There is no "sluice fly"'],
    [['keys', 'fly'], '"sluice keys" has no "fly"'],
    [['keys', 'create'], 'needs <name>'],
    [['keys', 'create', 'a', 'b'], '"b"'],
    [['keys', 'list', '--colour'], "Unknown option '--colour'"],
    [['keys', 'create', 'a', '--rpm', 'lots'], '--rpm takes a number'],
    [['keys', 'create', 'a', '--rpm', '1.5'], 'requests_per_minute is a whole number'],
    [['keys', 'create', 'a', '--budget', '50'], '--budget takes an amount and a period'],
    [['keys', 'create', 'a', '--tag', 'prod'], '--tag takes name=value'],
    [['keys', 'create', 'a', '--limits', '{'], '--limits takes JSON'],
    [['keys', 'create', 'a', '--limits', '{"rpm":1}'], '--limits'],
    [['keys', 'create', 'a', '--expires', 'soon'], '--expires takes a date'],
    [['keys', 'rotate', 'key_1', '--grace', '1y'], '--grace takes a duration'],
    [['trail', '--limit', 'all'], '--limit takes a whole number'],
  ])('%j', async (args, message) => {
    const ended = args[0] === 'fly' ? await sluice(...args) : await runHere(args);
    expect(ended).toMatchObject({ code: 2, out: '' });
    expect(ended.error).toMatch(/^sluice: [^\n]+\n$/);
    expect(ended.error).toContain(message);
  });
});

describe('the connection', () => {
  it('is taken from the options before the environment, in any place', async () => {
    const environment = { SLUICE_URL: 'http://127.0.0.1:1', SLUICE_ADMIN_KEY: 'wrong' };
    const ended = await run(['--json', '--url', `${plane.url}/v1/`, 'keys', 'list', '--admin-key', adminKey], environment);
    expect(ended).toMatchObject({ code: 0, error: '' });
  });

  it('is found from the data folder of a local gateway', async () => {
    await mkdir(join(folder, '.sluice'), { recursive: true });
    await writeFile(join(folder, '.sluice', 'credentials.json'), JSON.stringify({ adminKey }));
    try {
      expect((await run(['keys', 'list'], { PORT: new URL(plane.url).port })).code).toBe(0);
      expect((await run(['keys', 'list'], { PORT: new URL(plane.url).port, SLUICE_DATA: join(folder, '.sluice') })).code).toBe(0);
      const elsewhere = await run(['keys', 'list'], { SLUICE_URL: 'https://gateway.example.com' });
      expect(elsewhere.code).toBe(2);
      expect(elsewhere.error).toContain('No admin key for https://gateway.example.com');
    } finally {
      await rm(join(folder, '.sluice'), { recursive: true });
    }
  });

  it.each([
    [{ SLUICE_URL: 'http://127.0.0.1:1', SLUICE_ADMIN_KEY: adminKey }, 1, 'Nothing answers at http://127.0.0.1:1.'],
    [{ SLUICE_URL: 'nonsense', SLUICE_ADMIN_KEY: adminKey }, 2, '"nonsense" is no URL'],
    [{}, 2, 'No admin key'],
  ])('says what is wrong with %j', async (environment, code, message) => {
    const ended = await run(['keys', 'list'], environment);
    expect(ended).toMatchObject({ code, out: '' });
    expect(ended.error).toContain(message);
    expect(ended.error.trim().split('\n')).toHaveLength(1);
  });

  it('says when the admin key is refused, without repeating it', async () => {
    const ended = await run(['keys', 'list'], { SLUICE_URL: plane.url, SLUICE_ADMIN_KEY: 'not-the-admin-key' });
    expect(ended.code).toBe(1);
    expect(ended.error).toContain('refuses the admin key');
    expect(ended.error).not.toContain('not-the-admin-key');
  });
});
