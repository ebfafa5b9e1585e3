import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bundle, bundleFunction } from '../../infra/aws/bundle.ts';
import { buildCodePackages } from '../../infra/aws/code-packages.ts';
import { loadConfigFile } from '../../shared/config/load-config.ts';

const load = (path: string): Promise<Record<string, unknown>> => import(/* @vite-ignore */ pathToFileURL(path).href);

let folder: string;
let config: string;

beforeAll(async () => {
  // Outside the project, so that nothing in a package can lean on the project's node_modules.
  folder = await mkdtemp(join(tmpdir(), 'sluice-packages-'));
  config = join(folder, 'staging.yaml');
  await writeFile(config, 'providers:\n  openai: {}\nmodels:\n  smart:\n    targets: [openai/gpt-5]\n');
});

afterAll(() => rm(folder, { recursive: true }));

describe('the code packages', () => {
  it('are one per function, each with the configuration as JSON', async () => {
    const project = join(import.meta.dirname, 'fixtures/project');
    const packages = await buildCodePackages({ project, output: join(folder, 'fixture'), config });
    for (const [id, { directory }] of Object.entries(packages)) {
      const { handler } = await load(join(directory, 'index.mjs'));
      expect((handler as () => string)()).toBe(id);
      const packed = join(directory, 'gateway.json');
      expect(JSON.parse(await readFile(packed, 'utf8'))).toEqual({
        providers: { openai: {} },
        models: { smart: { targets: ['openai/gpt-5'] } },
      });
      expect(await loadConfigFile(packed)).toEqual(await loadConfigFile(config));
    }
    expect(Object.keys(packages)).toEqual(['gateway', 'admin', 'sweeper']);
  });

  it('are refused with a configuration that is wrong, and say where', async () => {
    const wrong = join(folder, 'wrong.yaml');
    await writeFile(wrong, 'providers: {}\nmodels:\n  smart:\n    targets: [nowhere/gpt-5]\n');
    const project = join(import.meta.dirname, 'fixtures/project');
    await expect(buildCodePackages({ project, output: join(folder, 'wrong'), config: wrong })).rejects.toThrow('wrong.yaml:4');
  });

  it('are refused without a configuration', async () => {
    const project = join(import.meta.dirname, 'fixtures/project');
    const request = { project, output: join(folder, 'unconfigured'), config: join(folder, 'none.yaml') };
    await expect(buildCodePackages(request)).rejects.toThrow('none.yaml');
  });
});

const startKb = { gateway: 450, admin: 600, sweeper: 600 } as const;

describe.each(['gateway', 'admin', 'sweeper'] as const)('the package of the function %s', (id) => {
  let bundle: Bundle;

  beforeAll(async () => {
    const entry = join(import.meta.dirname, '../../functions', id, 'handler.ts');
    bundle = await bundleFunction({ entry, directory: join(folder, id), files: {} });
  });

  it('loads on its own and exports the handler', async () => {
    const { handler } = await load(join(bundle.directory, 'index.mjs'));
    expect(handler).toBeTypeOf('function');
  });

  it('can load whatever comes later', async () => {
    const names = await readdir(bundle.directory, { recursive: true });
    for (const name of names.filter((name) => name.endsWith('.mjs'))) {
      await expect(load(join(bundle.directory, name))).resolves.toBeDefined();
    }
  });

  // Each 100 KB cost some 5 ms of a start; what the first call does not need loads with the first that does.
  it(`loads less than ${startKb[id]} KB at start`, () => {
    expect(bundle.startBytes).toBeLessThan(startKb[id] * 1024);
  });
});
