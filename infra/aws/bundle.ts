import { Buffer } from 'node:buffer';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { build, type Metafile, type OnResolveResult, type OutputFile, type Plugin, type ResolveResult } from 'esbuild';
import { type CodeFile, joinStart } from './join-start.ts';

/** What one function's code package is made of. */
export interface BundleRequest {
  /** The module that exports `handler`. */
  readonly entry: string;
  /** The folder that becomes the code package; emptied first. */
  readonly directory: string;
  /** Files that travel beside the code, such as the configuration: name in the package → text. */
  readonly files: Readonly<Record<string, string>>;
}

/** A code package on disk. */
export interface Bundle {
  readonly directory: string;
  /** What Lambda is told to call. */
  readonly handler: string;
  /** Bytes of the code that loads at start: the entry, which holds all that it imports statically. */
  readonly startBytes: number;
  /** Bytes of all code, chunks that load on first use included. */
  readonly totalBytes: number;
}

/**
 * Bundles one function: everything it needs and nothing of the runtime's own SDK, so that what was tested is
 * what runs. Modules behind a dynamic `import()` become chunks of their own and load on first use.
 *
 * The same sources always give the same bytes, so that an unchanged function is not deployed again. Source maps
 * lie in `<directory>.maps`, outside the package: they read an operator's stack trace without costing start-up.
 * @throws when esbuild finds an error, naming file and line.
 */
export async function bundleFunction(request: BundleRequest): Promise<Bundle> {
  const result = await build({
    absWorkingDir: process.cwd(),
    entryPoints: { index: request.entry },
    outdir: request.directory,
    bundle: true,
    splitting: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    // Modules first: most packages of the AWS SDK name their CommonJS build in `main`, which cannot be shaken.
    mainFields: ['module', 'main'],
    outExtension: { '.js': '.mjs' },
    entryNames: '[name]',
    chunkNames: 'chunks/[name]-[hash]',
    minify: true,
    legalComments: 'none',
    sourcemap: 'external',
    sourcesContent: false,
    metafile: true,
    logLevel: 'silent',
    plugins: [builtinModules, zodOfPackages, zodWithoutJsonSchema],
  });

  const built = { files: codeFiles(result.outputFiles), outputs: result.metafile.outputs };
  const entry = entryOf(built.outputs);
  const joined = await joinStart(built, entry, ['handler']);
  const files = new Map([...joined].map(([path, file]) => [path, withRequire(file)]));
  await writePackage(request, files);
  const bytesOf = (code: string): number => Buffer.byteLength(code);
  return {
    directory: request.directory,
    handler: 'index.handler',
    startBytes: bytesOf(files.get(resolve(entry))?.code ?? ''),
    totalBytes: [...files.values()].reduce((bytes, { code }) => bytes + bytesOf(code), 0),
  };
}

/**
 * Takes node's own modules from the runtime without importing them. An ES import evaluates every export, with
 * `node:http` also `WebSocket` and so undici: 21 to 25 ms of start-up on Node 24 against 3 ms this way, and the
 * dozen others the gateway uses take 11 ms instead of 15.
 */
const builtinModules: Plugin = {
  name: 'builtin-modules',
  setup(bundler) {
    const namespace = 'builtin-modules';
    bundler.onResolve({ filter: /^[a-z0-9_:/]+$/ }, ({ path }) => {
      if (!isBuiltin(path)) return undefined;
      return { path: path.startsWith('node:') ? path : `node:${path}`, namespace, sideEffects: false };
    });
    bundler.onLoad({ filter: /.*/, namespace }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
      loader: 'js',
    }));
  },
};

/**
 * Gives the packages that use zod a copy of their own. esbuild shares a module between chunks whole: one provider
 * package that touches the `z` object would draw all of zod with its locales, 350 KB, into what every start loads,
 * of which the gateway uses 85 KB. The copy lies in the chunks that load on first use.
 */
const zodOfPackages: Plugin = {
  name: 'zod-of-packages',
  setup(bundler) {
    const namespace = 'zod-of-packages';
    // Chunk names are hashes over these paths, so they must not tell one machine from another.
    const copyOf = ({ path, sideEffects, errors }: ResolveResult): OnResolveResult => ({
      path: path.slice(path.lastIndexOf(packageFolder) + packageFolder.length).replaceAll(sep, '/'),
      pluginData: path,
      namespace,
      sideEffects,
      errors,
    });
    bundler.onResolve({ filter: /^zod(\/|$)/, namespace: 'file' }, async ({ path, importer, kind, resolveDir, pluginData }) => {
      if (pluginData === namespace || !importer.includes(packageFolder)) return undefined;
      return copyOf(await bundler.resolve(path, { kind, resolveDir, pluginData: namespace }));
    });
    bundler.onResolve({ filter: /^\./, namespace }, async ({ path, kind, resolveDir }) =>
      copyOf(await bundler.resolve(path, { kind, resolveDir })),
    );
    bundler.onLoad({ filter: /.*/, namespace }, async ({ pluginData: file }) => ({
      contents: await readFile(file, 'utf8'),
      resolveDir: dirname(file),
    }));
  },
};

/**
 * Leaves out what prints a schema as JSON Schema: every schema refers to it, so that no bundler can shake it out, and no
 * function asks for it. 18 KB less at every start. What packages use is a copy of their own and keeps it.
 */
const zodWithoutJsonSchema: Plugin = {
  name: 'zod-without-json-schema',
  setup(bundler) {
    bundler.onLoad(
      { filter: /zod[\\/]v4[\\/]core[\\/](to-json-schema|json-schema-processors)\.js$/, namespace: 'file' },
      async ({ path }) => {
        const exported = [...(await readFile(path, 'utf8')).matchAll(/^export (?:const|function) (\w+)/gm)].map(([, name]) => name ?? '');
        const missing = "const missing = () => { throw new Error('This code package has no JSON Schema.'); };";
        // Schemas make their methods when they are made, and call them never.
        const stubs = exported.map((name) => `export const ${name} = ${name.startsWith('create') ? '() => missing' : 'missing'};`);
        return { contents: [missing, ...stubs].join('\n'), loader: 'js' };
      },
    );
  },
};

const packageFolder = `${sep}node_modules${sep}`;

/** @throws when no module exports what Lambda is told to call. */
function entryOf(outputs: Metafile['outputs']): string {
  const entry = Object.keys(outputs).find((path) => outputs[path]?.entryPoint !== undefined && outputs[path].exports.includes('handler'));
  if (entry === undefined) throw new Error('The module does not export a handler.');
  return entry;
}

function codeFiles(outputs: readonly OutputFile[]): Map<string, CodeFile> {
  const texts = new Map(outputs.map(({ path, text }) => [path, text]));
  const code = [...texts].filter(([path]) => !path.endsWith('.map'));
  return new Map(code.map(([path, text]) => [path, { code: text, map: texts.get(`${path}.map`) ?? '' }]));
}

/** CommonJS packages call `require` under names they work out; an ES module has none unless it makes one. */
function withRequire({ code, map }: CodeFile): CodeFile {
  if (!code.includes('typeof require')) return { code, map };
  const made = "const require=process.getBuiltinModule('node:module').createRequire(import.meta.url);";
  // One line more before all others.
  return { code: `${made}\n${code}`, map: map.replace('"mappings": "', '"mappings": ";') };
}

async function writePackage({ directory, files }: BundleRequest, code: ReadonlyMap<string, CodeFile>): Promise<void> {
  const maps = `${directory}.maps`;
  await Promise.all([directory, maps].map((folder) => rm(folder, { recursive: true, force: true })));
  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  };
  for (const [path, file] of code) {
    await write(path, file.code);
    await write(`${join(maps, relative(directory, path))}.map`, file.map);
  }
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(directory, name), text)));
}
