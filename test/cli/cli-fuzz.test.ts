import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCli } from '../../infra/cli/run-cli.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';

let gateway: TestGateway;
let folder: string;

beforeAll(async () => {
  gateway = await startGateway();
  folder = await mkdtemp(join(tmpdir(), 'sluice-cli-'));
});
afterAll(async () => {
  await gateway?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Words that mean something to the program, in no order. `tail` is left out: it never ends. */
const word = fc.oneof(
  fc.constantFrom(
    'keys',
    'teams',
    'users',
    'orgs',
    'limits',
    'usage',
    'requests',
    'logs',
    'trace',
    'trail',
    'audit',
    'cache',
    'config',
    'route',
  ),
  fc.constantFrom(
    'create',
    'list',
    'show',
    'set',
    'update',
    'delete',
    'revoke',
    'rotate',
    'stats',
    'purge',
    'explain',
    'versions',
    'diff',
    'validate',
  ),
  fc.constantFrom(
    '--json',
    '--help',
    '--name',
    '--budget',
    '--rpm',
    '--team',
    '--tag',
    '--days',
    '--by',
    '--limit',
    '--expires',
    '--per-model',
  ),
  fc.constantFrom(
    'gateway',
    'echo/ok',
    '1',
    '-1',
    '0',
    '5/day',
    'usd',
    'a=b',
    '=',
    '*',
    '',
    '--',
    '-',
    '--no-such',
    'constructor',
    '__proto__',
    '💧',
    '1e999',
  ),
  fc.string({ maxLength: 12 }),
);

it('whatever is typed, the program ends with a word and never with a stack', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(word, { maxLength: 7 }), async (args) => {
      let out = '';
      let error = '';
      const code = await runCli(args, {
        environment: { SLUICE_URL: gateway.url, SLUICE_ADMIN_KEY: gateway.adminKey },
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
      expect([0, 1, 2]).toContain(code);
      expect(error + out).not.toMatch(/\n {4}at |TypeError|undefined is not|Cannot read prop/);
      expect(error + out).not.toContain('internal_error');
      if (code !== 0) expect(error.trim()).not.toBe('');
    }),
    { numRuns: Number(process.env.FUZZ_RUNS ?? 300) },
  );
}, 120_000);
