import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** Imports that must not be: what, from which room. Each is tried on a copy of the lint's configuration. */
const forbidden = [
  ['admission', '../store/tables.ts'],
  ['cache', '../store/tables.ts'],
  ['routing', '../store/tables.ts'],
  ['routing', '../middleware/trace.ts'],
  ['pricing', '../providers/catalogue.ts'],
  ['dialects', '../providers/catalogue.ts'],
  ['dialects', '../routing/plan.ts'],
  ['errors', '../calls/call.ts'],
  ['calls', '../errors/codes.ts'],
  ['providers', '../routing/plan.ts'],
  ['store', '../middleware/trace.ts'],
  ['admission', '@aws-sdk/client-dynamodb'],
  ['routing', '@middy/core'],
  ['dialects', '@ai-sdk/anthropic'],
  ['middleware', '../store/tables.ts'],
  ['middleware', '@aws-sdk/client-dynamodb'],
  ['telemetry', '../../functions/gateway/handler.ts'],
  ['control', '../store/tables.ts'],
  ['uploads', '../store/tables.ts'],
  ['aws', '../config/environment.ts'],
  ['dialects', '../uploads/upload-store.ts'],
] as const;

const allowed = [
  ['admission', '../pricing/price.ts'],
  ['store', '../admission/ledger.ts'],
  ['store', '@aws-sdk/client-dynamodb'],
  ['store', '@aws-sdk/client-s3vectors'],
  ['store', 'hyparquet-writer'],
  ['store', '../uploads/upload-store.ts'],
  ['store', '../aws/signature.ts'],
  ['providers', '../aws/signature.ts'],
  ['middleware', '../routing/plan.ts'],
  ['providers', '../dialects/dialect.ts'],
] as const;

describe('the borders between the rooms', () => {
  let folder: string;
  let report: string;
  const probe = (index: number, kind: string) => `probe-${kind}-${index}.ts`;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-rooms-'));
    await cp('biome.json', join(folder, 'biome.json'));
    await writeFile(join(folder, '.gitignore'), '');
    await promisify(execFile)('git', ['init', '-q'], { cwd: folder });
    await symlink(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'));
    for (const [kind, list] of [
      ['forbidden', forbidden],
      ['allowed', allowed],
    ] as const) {
      for (const [index, [room, specifier]] of list.entries()) {
        await mkdir(join(folder, 'shared', room), { recursive: true });
        await writeFile(join(folder, 'shared', room, probe(index, kind)), `import type { X } from '${specifier}';\nexport type Y = X;\n`);
      }
    }
    const biome = join(process.cwd(), 'node_modules/.bin/biome');
    const run = promisify(execFile)(biome, ['lint', '--reporter=json', '--max-diagnostics=200', '.'], { cwd: folder, maxBuffer: 1e8 });
    const { stdout } = await run.catch((error) => error);
    report = stdout;
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const refusals = (name: string): boolean =>
    JSON.parse(report).diagnostics.some(
      (diagnostic: { category: string; location: { path: unknown } }) =>
        diagnostic.category === 'lint/style/noRestrictedImports' && JSON.stringify(diagnostic.location.path).includes(name),
    );

  it.each(forbidden.map((pair, index) => [...pair, index] as const))('keep shared/%s from importing %s', (_room, _specifier, index) => {
    expect(refusals(probe(index, 'forbidden'))).toBe(true);
  });

  it.each(allowed.map((pair, index) => [...pair, index] as const))('let shared/%s import %s', (_room, _specifier, index) => {
    expect(refusals(probe(index, 'allowed'))).toBe(false);
  });

  it('are drawn round every room', async () => {
    const rooms = (await readdir('shared', { withFileTypes: true })).filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    const config = await import('../../biome.json', { with: { type: 'json' } });
    const fenced = config.default.overrides.flatMap(({ includes }) => includes);
    expect(rooms.filter((room) => !fenced.includes(`shared/${room}/**`))).toEqual([]);
  });
});
