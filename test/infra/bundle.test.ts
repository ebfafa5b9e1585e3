import { Buffer } from 'node:buffer';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { SourceMap } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bundle, bundleFunction } from '../../infra/aws/bundle.ts';

const fixture = (name: string) => join(import.meta.dirname, 'fixtures', `${name}.ts`);

async function contents(directory: string): Promise<Record<string, string>> {
  const names = (await readdir(directory, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const paths = names.map((entry) => join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(await Promise.all(paths.map(async (path) => [path.slice(directory.length), await readFile(path, 'utf8')])));
}

describe('a code package', () => {
  let folder: string;
  let bundle: Bundle;
  let files: Record<string, string>;

  const request = () => ({
    entry: fixture('lazy-handler'),
    directory: join(folder, 'lazy'),
    files: { 'gateway.json': '{"providers":{}}' },
  });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-bundle-'));
    bundle = await bundleFunction(request());
    files = await contents(bundle.directory);
  });

  afterAll(() => rm(folder, { recursive: true }));

  it('loads and answers, with packages that come on first use', async () => {
    const { handler } = await import(/* @vite-ignore */ pathToFileURL(join(bundle.directory, 'index.mjs')).href);
    expect(await handler({ provider: 'anthropic' })).toEqual({ agent: 'Agent', provider: 'anthropic.messages', calls: 1 });
    // What loads later shares its state with what loaded at start.
    expect(await handler({ provider: 'anthropic' })).toMatchObject({ calls: 2 });
    expect(bundle.handler).toBe('index.handler');
  });

  it('starts from one file: what loads later imports from it, and not the other way round', () => {
    const { '/index.mjs': entry = '', ...later } = files;
    expect(entry).not.toMatch(/\bfrom\s*"/);
    expect(Object.values(later).some((code) => code.includes('from"../index.mjs"'))).toBe(true);
    expect(bundle.startBytes).toBe(Buffer.byteLength(entry));
  });

  it('keeps what is not needed at start out of what loads at start', () => {
    // zod as this handler uses it is 85 KB; with the provider package and the whole of zod it would be 430 KB more.
    expect(bundle.startBytes).toBeLessThan(100_000);
    expect(bundle.totalBytes).toBeGreaterThan(400_000);
  });

  it('takes the modules of node without importing them, for an ES import of node:http costs 20 ms', () => {
    const code = Object.values(files).join('\n');
    expect(code).toContain('process.getBuiltinModule("node:https")');
    const specifiers = [...code.matchAll(/(?:\bfrom|\bimport\(?)\s*"([^"]+)"/g)].map((match) => match[1]);
    expect(specifiers.length).toBeGreaterThan(0);
    expect(specifiers.filter((specifier) => !specifier?.startsWith('.'))).toEqual([]);
  });

  it('carries the files that were given to it', () => {
    expect(files['/gateway.json']).toBe('{"providers":{}}');
  });

  it('holds no source map, which lie beside it', async () => {
    expect(Object.keys(files).filter((name) => name.endsWith('.map'))).toEqual([]);
    const maps = await contents(`${bundle.directory}.maps`);
    expect(Object.keys(maps)).toEqual(
      Object.keys(files)
        .filter((name) => name.endsWith('.mjs'))
        .map((name) => `${name}.map`),
    );
    // Down to the sources, through the files that were joined.
    const lines = files['/index.mjs']?.split('\n') ?? [];
    const line = lines.findIndex((text) => text.includes('another copy'));
    const origin = new SourceMap(JSON.parse(maps['/index.mjs.map'] ?? '')).findEntry(line, lines[line]?.indexOf('another copy') ?? 0);
    expect(origin).toMatchObject({ originalLine: 12, originalSource: expect.stringMatching(/lazy-handler\.ts$/) });
  });

  it('is the same to the byte when built again, whatever lay there before', async () => {
    await writeFile(join(bundle.directory, 'left-over.mjs'), '');
    await bundleFunction(request());
    expect(await contents(bundle.directory)).toEqual(files);
  });

  it('is refused when the module exports no handler', async () => {
    const broken = { ...request(), entry: fixture('no-handler'), directory: join(folder, 'none') };
    await expect(bundleFunction(broken)).rejects.toThrow('does not export a handler');
  });

  it('is refused when the module cannot be built', async () => {
    const entry = join(folder, 'broken.ts');
    await writeFile(entry, "import './missing.ts';");
    await expect(bundleFunction({ ...request(), entry, directory: join(folder, 'broken') })).rejects.toThrow('missing.ts');
  });
});
